"""Learning curves of a run as one picture, redrawn while it trains if asked to.

The textbook's ProgressBoard (3.2.1) as a file: an image viewer that refreshes shows it live. A
picture takes two tenths of a second, so no run draws more often than lets it be a twentieth of its
time, and what is drawn is a thousand epochs at most, however many there are.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from dltrain.plots import curves, style
from dltrain.runs.compare.curves import Curve, Rows
from dltrain.runs.layout import CURVES, METRICS
from dltrain.runs.metrics_file import MAX_BYTES, sample
from dltrain.system import disk

PAUSE_SECONDS, MOST_OF_TIME = 2.0, 0.05
MAX_EPOCHS = 1000


def draw_curves(rows: Rows, *, title: str) -> bytes:
    """Draw training and validation curves of a run as PNG, as ``runs plot`` does."""
    return style.picture(lambda: curves.draw([Curve(title, rows)], title=title))


class ProgressBoard:
    """Keeps ``plots/curves.png`` of a run folder up to date; drawn once at its end if not live."""

    def __init__(self, folder: Path, *, title: str, live: bool) -> None:
        self._folder, self._title, self._live = folder, title, live
        self._picture = folder / CURVES
        self._due = time.monotonic() + PAUSE_SECONDS

    def begin(self, rows: Iterable[Mapping[str, str]]) -> None:
        """Make the folder of the picture."""
        disk.make_folder(self._picture.parent)
        disk.remove_temporaries(self._picture.parent)

    def epoch(self, row: Mapping[str, str]) -> None:
        """Do nothing: the picture is drawn from ``metrics.csv``, once that has the epoch."""

    def flush(self) -> None:
        """Draw if it is time to: ``metrics.csv`` has just grown."""
        if self._live and time.monotonic() >= self._due:
            self.draw()

    def finish(self, status: str, result: Mapping[str, Any]) -> None:
        """Draw a last time, unless it may be drawing that has failed."""
        if status != "failed":
            self.draw()

    def draw(self) -> None:
        """Draw the curves of ``metrics.csv``."""
        started = time.monotonic()
        rows = sample(self._folder / METRICS, most=MAX_EPOCHS, limit=MAX_BYTES)
        disk.replace(self._picture, draw_curves(rows, title=self._title))
        now = time.monotonic()
        self._due = now + max(PAUSE_SECONDS, (now - started) / MOST_OF_TIME)
