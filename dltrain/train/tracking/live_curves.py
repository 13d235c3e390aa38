"""The curves of a training as one picture, which a run may draw anew while it trains.

The textbook's ProgressBoard (3.2.1) as a file: an image viewer that refreshes shows it live. A
picture takes two tenths of a second, so no run draws more often than lets it be a twentieth of its
time, and what is drawn is a thousand epochs at most, however many there are.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dltrain.plots import curves, style
from dltrain.runs.compare.curves import Curve
from dltrain.runs.layout import CURVES, METRICS
from dltrain.system import disk
from dltrain.system.foreign_files import plain_file

PAUSE_SECONDS, MOST_OF_TIME = 2.0, 0.05
MAX_EPOCHS = 1000


def draw_curves(rows: Sequence[Mapping[str, float]], *, title: str) -> bytes:
    """Draw training and validation curves: of the loss, and of the metric beside it.

    Args:
        rows: One per epoch: ``epoch`` and metrics such as ``train/loss``; any may be missing.
        title: Above the curves; shown as it is.

    Returns:
        A PNG, as ``runs plot`` draws a single run.
    """
    return style.picture(lambda: curves.draw([Curve(title, rows)], title=title))


class ProgressBoard:
    """Keeps ``plots/curves.png`` of a run folder up to date.

    Args:
        folder: Of the run.
        title: Above the curves.
        live: Whether to draw while the run trains; else once, at its end.
    """

    def __init__(self, folder: Path, *, title: str, live: bool) -> None:
        self._folder, self._title, self._live = folder, title, live
        self._picture = folder / CURVES
        self._due = time.monotonic() + PAUSE_SECONDS

    def begin(self, rows: Iterable[Mapping[str, str]]) -> None:
        """Make the folder that the picture goes to."""
        disk.make_folder(self._picture.parent)
        disk.remove_temporaries(self._picture.parent)

    def epoch(self, row: Mapping[str, str]) -> None:
        """Wait until ``metrics.csv`` holds it, which is what is drawn."""

    def flush(self) -> None:
        """Draw if it is time to: ``metrics.csv`` has just grown."""
        if self._live and time.monotonic() >= self._due:
            self.draw()

    def finish(self, status: str, result: Mapping[str, Any]) -> None:
        """Draw a last time, unless it may be drawing that has failed."""
        if status != "failed":
            self.draw()

    def draw(self) -> None:
        """Draw what ``metrics.csv`` holds."""
        started = time.monotonic()
        rows = [dict(row) for row in read_rows(self._folder / METRICS)]
        disk.replace(self._picture, draw_curves(rows, title=self._title))
        now = time.monotonic()
        self._due = now + max(PAUSE_SECONDS, (now - started) / MOST_OF_TIME)


def read_rows(path: Path) -> Iterator[dict[str, float]]:
    """Read so many rows of a ``metrics.csv``, evenly spread, as a picture can show.

    Raises:
        ValueError: If it is no plain file.
    """
    with plain_file(path) as file:
        names = file.readline().decode(errors="replace").strip().split(",")
        start, count = file.tell(), sum(1 for _ in file)
        file.seek(start)
        stride = -(-count // MAX_EPOCHS) or 1
        while lines := list(itertools.islice(file, stride)):
            # Not every epoch validates; of several the one that tells most stands for all.
            cells = max(
                (line.decode(errors="replace").strip().split(",") for line in lines), key=_told
            )
            yield _numbers(names, cells)


def _told(cells: Sequence[str]) -> int:
    return len(cells) - cells.count("")


def _numbers(names: Sequence[str], cells: Sequence[str]) -> dict[str, float]:
    row = {}
    for name, cell in zip(names, cells, strict=False):
        try:
            row[name] = float(cell)
        except ValueError:  # nothing was measured there
            continue
    return row
