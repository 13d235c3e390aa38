"""Rerun of a sweep: its members as they were planned, with changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dltrain.config.overrides import Overrides
from dltrain.config.plain import as_dict
from dltrain.config.schema import SweepConfig
from dltrain.config.validate import instance
from dltrain.runs.address import address
from dltrain.runs.command_line import DEFAULT_NAME, CommandLine
from dltrain.runs.repetition import repetition
from dltrain.runs.run import Run
from dltrain.sweep.folder import planned
from dltrain.sweep.plan import Plan, make_plan
from dltrain.system.shell import below

# Settings that planning has used up.
_SETTLED = ("zip", "repeat", "file")


@dataclass(frozen=True)
class RepeatedSweep:
    """A sweep that is to be trained again.

    Attributes:
        num_planned: How many members it had.
        notes: On what config files say otherwise by now, for people.
        plan: With the changes.
        line: What was typed for it.
    """

    num_planned: int
    notes: Sequence[str]
    plan: Plan
    line: CommandLine


def repeated_sweep(sweep: Run, line: CommandLine, changes: Overrides) -> RepeatedSweep:
    """Plan a sweep again.

    Args:
        sweep: As its record tells it.
        line: What was typed for it, and the config files that it is to be composed from.
        changes: To each of its members alike.

    Raises:
        ValueError: If its plan is gone, or no overrides come to a member any more.
    """
    entries = planned(sweep)
    again = [repetition(entry.config, line.alone(entry.overrides)) for entry in entries]
    if len({(each.sources.folders, each.sources.config_name) for each in again}) > 1:
        # Config files are gone for some members: all are composed from dltrain's own.
        line = replace(line, config_dir=None, config_name=DEFAULT_NAME)
        again = [repetition(entry.config, line.alone(entry.overrides)) for entry in entries]
    where = Overrides.parse(below(sweep.folder.parent))
    overrides = Overrides((*_settings(sweep).updated(changes).entries, *where.entries))
    plan = make_plan(overrides, again[0].sources, base=[each.overrides for each in again])
    name, *folder = address(sweep)
    line = replace(
        line.from_here(Overrides()),
        words=["rerun", name, *changes.words, *folder],
        overrides=line.overrides.without("output_dir").updated(changes),
    )
    notes = dict.fromkeys(text for each in again for text in each.notes_beside(changes))
    return RepeatedSweep(len(entries), list(notes), plan, line)


def _settings(sweep: Run) -> Overrides:
    """Return the settings of a sweep that hold for its repetition, too."""
    settings, _ = instance(sweep.part("settings") or {}, SweepConfig, "sweep")
    return Overrides.of(
        {
            f"sweep.{name}": value
            for name, value in (as_dict(settings) if settings else {}).items()
            if name not in _SETTLED and value is not None
        }
    )
