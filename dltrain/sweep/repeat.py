"""What a sweep planned, as the beginning of another one: each member's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dltrain.config.compose import Sources
from dltrain.config.plain import as_dict
from dltrain.config.schema import SweepConfig
from dltrain.runs.command_line import DEFAULT_NAME, CommandLine
from dltrain.runs.repetition import repetition
from dltrain.sweep.plan_file import Entry
from dltrain.system.shell import as_value

# Settled when the members were planned.
_SETTLED = ("zip", "repeat", "file")


@dataclass(frozen=True)
class Base:
    """Members that changes are made to.

    Attributes:
        members: The words of each.
        settings: ``sweep.`` keys that hold for all.
        sources: Config files that the words are composed from.
        notes: What those say otherwise by now, for people: of each member, by key.
    """

    members: Sequence[Sequence[str]]
    settings: Sequence[str]
    sources: Sources
    notes: Sequence[Mapping[str, str]]


def repeated(entries: Sequence[Entry], line: CommandLine, *, settings: SweepConfig | None) -> Base:
    """Take a plan as it was made.

    Args:
        entries: Of the plan.
        line: What was typed for it.
        settings: What the sweep itself was told; None: nothing that can be read.

    Raises:
        ConfigError: If no words come to a member any more.
    """
    again = [repetition(entry.config, line.alone(entry.words)) for entry in entries]
    if len({(own.sources.folders, own.sources.config_name) for own in again}) > 1:
        # Files of theirs are gone for some: all of them are told on dltrain's own.
        line = replace(line, config_dir=None, config_name=DEFAULT_NAME)
        again = [repetition(entry.config, line.alone(entry.words)) for entry in entries]
    values: Mapping[str, object] = {} if settings is None else as_dict(settings)
    return Base(
        members=[own.overrides for own in again],
        settings=[
            f"sweep.{key}={as_value(value)}"
            for key, value in values.items()
            if key not in _SETTLED and value is not None
        ],
        sources=again[0].sources,
        notes=[own.notes for own in again],
    )
