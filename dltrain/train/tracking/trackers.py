"""What a run folder holds for others than dltrain: event files for TensorBoard, a live picture.

Nothing of it decides a number of the run, and what of it is lost is written anew from
``metrics.csv``. Without it neither TensorBoard nor matplotlib is imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dltrain.train.tracking.live_curves import ProgressBoard
    from dltrain.train.tracking.tensorboard import EventFile


@dataclass(frozen=True)
class Tracking:
    """What follows one run.

    Attributes:
        events: For TensorBoard.
        board: The picture of its curves.
    """

    events: EventFile | None = None
    board: ProgressBoard | None = None

    def begin(self, metrics: bytes) -> None:
        """Begin, or go on after what counts of ``metrics.csv``."""
        if self.events is not None:
            self.events.begin(_rows(metrics))
        if self.board is not None:
            self.board.begin()

    def epoch(self, row: Mapping[str, str]) -> None:
        """Take one epoch: its cells by column."""
        if self.events is not None:
            self.events.epoch(row)

    def flush(self) -> None:
        """Write what waits: ``metrics.csv`` has just grown."""
        if self.events is not None:
            self.events.flush()
        if self.board is not None:
            self.board.look()

    def finish(self, status: str, result: Mapping[str, Any]) -> None:
        """Write what is to be seen of a run that is about to be finished.

        Args:
            status: How it ended.
            result: What its record will say of that.
        """
        if self.events is not None:
            step = int(result.get("final", {}).get("step", 0))
            self.events.finish(status=status, step=step, test=result.get("test", {}))
        if self.board is not None and status != "failed":  # which may have been drawing itself
            self.board.draw()


def follow(
    folder: Path,
    *,
    info: Mapping[str, Any],
    settings: Mapping[str, Any],
    tensorboard: bool,
    curves: bool,
) -> Tracking | None:
    """Return what is to follow a run; None if nothing is.

    Args:
        folder: Of the run.
        info: What its record says at the beginning.
        settings: What decides its numbers: dotted key -> number, truth value or text.
        tensorboard: Whether TensorBoard is to show it.
        curves: Whether its curves are to be drawn.
    """
    events = board = None
    if tensorboard:
        from dltrain.train.tracking.tensorboard import EventFile

        name, started = info["id"], info["started"]
        events = EventFile(folder, name=name, settings=settings, started=started)
    if curves:
        from dltrain.train.tracking.live_curves import ProgressBoard

        # Each member of a sweep would draw as often as a run alone.
        board = ProgressBoard(folder, title=info["id"], live="sweep" not in info)
    return Tracking(events, board) if events or board else None


def _rows(metrics: bytes) -> list[dict[str, str]]:
    """Take the lines of a ``metrics.csv`` apart."""
    header, *lines = metrics.decode(errors="replace").splitlines() or [""]
    names = header.split(",")
    return [dict(zip(names, line.split(","), strict=False)) for line in lines]
