"""Move runs or sweeps to the trash.

They lie in .trash beside the other runs. runs restore RUN brings one back, runs purge empties it.
"""

from __future__ import annotations

from collections.abc import Sequence

from dltrain.cli.arguments import Parser, UsageError, refusing
from dltrain.cli.terminal.console import output, safe
from dltrain.runs.address import address
from dltrain.runs.find import distinct, find
from dltrain.runs.run import Run
from dltrain.runs.trash import throw_away
from dltrain.system.shell import below, command

USAGE = "dltrain runs rm RUN ... [output_dir=FOLDER]"


def main(words: Sequence[str]) -> None:
    """Move to the trash."""
    parser = Parser("runs rm", __doc__ or "", USAGE)
    arguments = parser.read_runs(words)
    if not arguments.names:
        raise UsageError(["runs rm: which runs? dltrain runs lists them"])
    with refusing():  # all are found before any is moved: @2 would be another one then
        runs = distinct(
            find(name, arguments.output_dir, readable=False) for name in arguments.names
        )
        for run in runs:
            name = address(Run(throw_away(run), {}))[0]  # as it is named in the trash
            back = command("runs", "restore", name, *below(run.folder.parent))
            output().print(f"{safe(run.id)}: in the trash ({safe(back)})")
