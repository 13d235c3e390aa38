"""Interface of trackers: TensorBoard, a live picture, a server of experiments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol


class Tracker(Protocol):
    """Interface of what follows one run; it decides no number of the run.

    What it loses can be had again: a run that goes on tells it all epochs from the first.
    """

    def begin(self, rows: Iterable[Mapping[str, str]]) -> None:
        """Begin, or continue after these epochs: column -> cell of ``metrics.csv``."""

    def epoch(self, row: Mapping[str, str]) -> None:
        """Add one epoch: column -> cell of ``metrics.csv``."""

    def flush(self) -> None:
        """Write what waits: ``metrics.csv`` has just grown."""

    def finish(self, status: str, result: Mapping[str, Any]) -> None:
        """Record how the run ended.

        Args:
            status: ``done``, ``diverged``, ``failed`` or ``interrupted``, which may go on.
            result: What its record will say of that: ``final``, ``best``, ``test``.
        """
