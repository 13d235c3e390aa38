"""Bring runs or sweeps back from the trash; without RUN, list it."""

from __future__ import annotations

from collections.abc import Sequence

from dltrain.cli.arguments import Parser, UsageError, refusing
from dltrain.cli.tables.runs import columns_of, print_rows
from dltrain.cli.terminal.console import dim, output, safe
from dltrain.runs.compare.listing import rows
from dltrain.runs.find import distinct, find, list_runs
from dltrain.runs.trash import bring_back, trash_of

USAGE = "dltrain runs restore [RUN ...] [output_dir=FOLDER]"


def main(words: Sequence[str]) -> None:
    """Bring back, or list what could be."""
    parser = Parser("runs restore", __doc__ or "", USAGE)
    arguments = parser.read_runs(words)
    with refusing():
        trash = trash_of(arguments.output_dir)
    listed = rows(list_runs(trash))
    if not listed and arguments.names:
        raise UsageError([f"{arguments.names[0]}: the trash is empty ({trash})"])
    if not listed:
        output().print(dim(f"the trash is empty ({trash})"))
    elif not arguments.names:
        print_rows(columns_of(listed, listed), listed)
    with refusing():
        runs = distinct(find(name, trash, readable=False) for name in arguments.names)
        for run in runs:
            bring_back(run)
            output().print(f"{safe(run.id)}: back in {safe(arguments.output_dir)}")
