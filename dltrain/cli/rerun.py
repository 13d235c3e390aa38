"""Train a run or a sweep again, with changes: rerun RUN [OVERRIDE ...].

  dltrain rerun k3f9                            the same again: equal bytes on the same machine
  dltrain rerun k3f9 seed=1 trainer.epochs=20   the same but for these
  dltrain rerun k3f9 -m optimizer.lr=0.1,0.3    a sweep around it
  dltrain rerun 9xq2/12                         a member of a sweep, alone
  dltrain rerun 9xq2 trainer.epochs=20          the members of a sweep, as planned but for this

The recorded config counts, whatever config files say today; where they say something else by now,
that is shown. Nothing of the old run is changed; resume goes on with one.
"""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace

from dltrain.cli.arguments import Parser, UsageError, output_dir_of, refusing
from dltrain.cli.live.sweep import show_plan, start_sweep
from dltrain.cli.main import dispatch
from dltrain.cli.terminal.console import dim, output, safe
from dltrain.config.overrides import Overrides
from dltrain.runs.command_line import DEFAULT_NAME, CommandLine
from dltrain.runs.find import find
from dltrain.runs.repetition import repetition_of
from dltrain.runs.run import Run
from dltrain.sweep.resume import repeated_sweep
from dltrain.system.shell import below, command

USAGE = "dltrain rerun RUN [OVERRIDE ...] [-m] [--dry-run] [output_dir=FOLDER]"
# Of what config files say otherwise by now; a thousand members may differ in as many values.
MAX_NOTES = 10


def main(words: Sequence[str]) -> None:
    """Find the run, and train it again."""
    parser = Parser("rerun", __doc__ or "", USAGE).composing()
    parser.add_argument("--multirun", "-m", action="store_true", help="a sweep around the run")
    parser.add_argument("--dry-run", action="store_true", help="print a sweep's plan only")
    arguments = parser.read(words)
    names, changes = arguments.overrides.split_names()
    if len(names) != 1:
        raise UsageError(["rerun: which run? Give one id, latest, or @1; dltrain runs lists them"])
    with refusing():
        run = find(names[0], output_dir_of(changes))
        changes = changes.without("output_dir")
        line = _line(run, arguments)
        if run.is_sweep:
            return _rerun_sweep(run, line, changes, dry=arguments.dry_run)
        again = repetition_of(run, line)
    for note in again.notes_beside(changes):
        output().print(dim(f"note: {note}"))
    flags = ["-m"] if arguments.multirun else []
    flags += ["--dry-run"] if arguments.dry_run else []
    where = below((run.sweep or run.folder).parent)
    typed = [*again.flags, *again.overrides.updated(changes).words, *where]
    output().print(dim(command(*flags, *typed)))
    return dispatch([*flags, *typed] if arguments.multirun else ["train", *flags, *typed])


def _line(run: Run, arguments: Namespace) -> CommandLine:
    """Return how the run was composed, or from which config files it is to be from now on."""
    line = CommandLine.of(run)
    if arguments.config_dir is not None:
        line = replace(line, config_dir=os.path.abspath(arguments.config_dir))
    if arguments.config_name != DEFAULT_NAME:
        line = replace(line, config_name=arguments.config_name)
    return line


def _rerun_sweep(sweep: Run, line: CommandLine, changes: Overrides, *, dry: bool) -> None:
    """Train what was planned for each member of a sweep, but for changes."""
    again = repeated_sweep(sweep, line, changes)
    more = [f"and {len(again.notes) - MAX_NOTES} differences more"]
    for note in [*again.notes[:MAX_NOTES], *more * (len(again.notes) > MAX_NOTES)]:
        output().print(dim(f"note: {note}"))
    output().print(dim(f"the {again.num_planned:,} members that {safe(sweep.short)} planned"))
    return show_plan(again.plan) if dry else start_sweep(again.plan, again.line)
