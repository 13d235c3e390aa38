"""An assignment: what a child process of a sweep is to train. No torch; small enough to be sent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dltrain.runs.command_line import CommandLine
from dltrain.sweep.plan import Group, Member


@dataclass(frozen=True)
class Assignment:
    """Members to be trained together, or measured.

    Attributes:
        sweep: The sweep's id.
        line: What was typed for it.
        group: What the members have in common.
        members: In order.
        folders: Where to keep each of them; None: it is kept already, and is trained along so
            that the others compute the same bytes as before.
        log: Where the child's output goes.
        metric: Whose value is sent to the parent while training.
        threads: Processor threads; None: as configured.
        sizes: Stack sizes to measure; empty: train.
    """

    sweep: str
    line: CommandLine
    group: Group
    members: tuple[Member, ...]
    folders: tuple[Path | None, ...]
    log: Path
    metric: str
    threads: int | None
    sizes: tuple[int, ...] = ()

    @property
    def kept(self) -> list[Member]:
        """The members that are recorded."""
        pairs = zip(self.members, self.folders, strict=True)
        return [member for member, folder in pairs if folder is not None]
