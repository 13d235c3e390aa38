"""Train again what a run or a sweep was told, with changes: rerun RUN [OVERRIDE ...].

  dltrain rerun k3f9                            the same again: equal bytes on the same machine
  dltrain rerun k3f9 seed=1 trainer.epochs=20   the same but for these
  dltrain rerun k3f9 -m optimizer.lr=0.1,0.3    a sweep around it
  dltrain rerun 9xq2/12                         a member of a sweep, alone
  dltrain rerun 9xq2 trainer.epochs=20          the members of a sweep, as planned but for this

What the run was told counts, whatever config files say today; where they say something else by
now, that is shown. Nothing of the old run is changed; resume goes on with one.
"""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import replace

from dltrain.cli.arguments import Parser, UsageError, is_override, output_dir_of, refusing
from dltrain.cli.live.sweep import show_plan, start
from dltrain.cli.main import dispatch
from dltrain.cli.terminal.console import dim, output, safe
from dltrain.config.schema import SweepConfig
from dltrain.config.validate import instance
from dltrain.runs.address import address
from dltrain.runs.command_line import DEFAULT_NAME, CommandLine
from dltrain.runs.find import find
from dltrain.runs.repetition import repetition_of
from dltrain.runs.run import Run
from dltrain.sweep.folder import planned
from dltrain.sweep.grid import is_replaced, kept
from dltrain.sweep.plan import make_plan
from dltrain.sweep.repeat import repeated
from dltrain.system.shell import below, command, without

USAGE = "dltrain rerun RUN [OVERRIDE ...] [-m] [--dry-run] [output_dir=FOLDER]"
# Of what config files say otherwise by now; a thousand members may differ in as many values.
MAX_NOTES = 10


def main(words: Sequence[str]) -> None:
    """Find the run, and train again what it was told."""
    parser = Parser("rerun", __doc__ or "", USAGE).composing()
    parser.add_argument("--multirun", "-m", action="store_true", help="a sweep around the run")
    parser.add_argument("--dry-run", action="store_true", help="print a sweep's plan only")
    arguments = parser.read(words)
    names = [word for word in arguments.overrides if not is_override(word)]
    if len(names) != 1:
        raise UsageError(["rerun: which run? Give one id, latest, or @1; dltrain runs lists them"])
    changes = [word for word in arguments.overrides if is_override(word)]
    folders = [word for word in changes if word.startswith("output_dir=")]
    changes = [word for word in changes if word not in folders]
    with refusing():
        run = find(names[0], output_dir_of(folders))
        where = below((run.sweep or run.folder).parent)
        line = _line(run, arguments)
        if run.is_sweep:
            return _rerun_sweep(run, line, changes, dry=arguments.dry_run)
        again = repetition_of(run, line)
    for note in _holding([again.notes], changes):
        output().print(dim(f"note: {note}"))
    flags = ["-m"] if arguments.multirun else []
    flags += ["--dry-run"] if arguments.dry_run else []
    told = [*again.flags, *kept(again.overrides, changes), *changes, *where]
    output().print(dim(command(*flags, *told)))
    return dispatch([*flags, *told] if arguments.multirun else ["train", *flags, *told])


def _line(run: Run, arguments: Namespace) -> CommandLine:
    """Return how the run was composed, or from which config files it is to be from now on."""
    line = CommandLine.of(run)
    if arguments.config_dir is not None:
        line = replace(line, config_dir=os.path.abspath(arguments.config_dir))
    if arguments.config_name != DEFAULT_NAME:
        line = replace(line, config_name=arguments.config_name)
    return line


def _holding(notes: Sequence[Mapping[str, str]], changes: Sequence[str]) -> list[str]:
    """Return the notes on values that hold, and not those on what changes replace."""
    keys = {word.partition("=")[0] for word in changes}
    return [text for own in notes for key, text in own.items() if not is_replaced(key, keys)]


def _rerun_sweep(sweep: Run, line: CommandLine, changes: Sequence[str], *, dry: bool) -> None:
    """Train what was planned for each member of a sweep, but for changes.

    Raises:
        ValueError: If its plan is gone, or cannot be told in words any more.
    """
    settings = instance(sweep.part("told") or {}, SweepConfig, "sweep")[0]
    base = repeated(planned(sweep), line, settings=settings)
    notes = list(dict.fromkeys(_holding(base.notes, changes)))
    more = [f"and {len(notes) - MAX_NOTES} differences more"] * (len(notes) > MAX_NOTES)
    for note in [*notes[:MAX_NOTES], *more]:
        output().print(dim(f"note: {note}"))
    output().print(dim(f"the {len(base.members):,} members that {safe(sweep.short)} planned"))
    overrides = [*kept(base.settings, changes), *changes, *below(sweep.folder.parent)]
    plan = make_plan(overrides, base.sources, base=base.members)
    if dry:
        return show_plan(plan)
    typed = [*kept(without(line.overrides, "output_dir"), changes), *changes]
    name, *where = address(sweep)
    words = ["rerun", name, *changes, *where]
    return start(plan, replace(line.from_here(), words=words, overrides=typed))
