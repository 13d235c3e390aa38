"""What a child process of a sweep is to train; torch-free, and small enough to be sent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dltrain.runs.command_line import CommandLine
from dltrain.sweep.plan import Group, Member


@dataclass(frozen=True)
class Assignment:
    """Members to be trained together, or measured."""

    sweep: str  # the sweep's id
    line: CommandLine  # what was typed for it
    group: Group  # what the members have in common
    members: tuple[Member, ...]  # in order
    # where to keep each of them; None: it is kept already, and is trained along so that the
    # others compute the same bytes as before
    folders: tuple[Path | None, ...]
    log: Path  # where the child's output goes
    metric: str  # whose value is sent to the parent while training
    threads: int | None  # processor threads; None: as configured
    sizes: tuple[int, ...] = ()  # stack sizes to measure; empty: train

    @property
    def kept(self) -> list[Member]:
        """The members that are recorded."""
        pairs = zip(self.members, self.folders, strict=True)
        return [member for member, folder in pairs if folder is not None]
