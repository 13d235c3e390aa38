"""The curves of a training as one picture, which a run may draw anew while it trains.

The textbook's ProgressBoard (3.2.1) as a file: an image viewer that refreshes shows it live. A
picture takes a tenth of a second, so no run draws more often than lets it be a twentieth of its
time, and what is drawn is a thousand epochs at most, however many there are.
"""

from __future__ import annotations

import io
import itertools
import threading
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dltrain import storage
from dltrain.escapes import escaped
from dltrain.reading import plain_file

FOLDER, NAME = "plots", "curves.png"
PAUSE_SECONDS, MOST_OF_TIME = 2.0, 0.05
MAX_EPOCHS = 1000
# A loss that falls by more than this is drawn on a logarithmic scale.
LOGARITHMIC = 100.0
_SPLITS = {"train": ("#1f77b4", "-"), "val": ("#d62728", "--")}  # as the textbook draws them
# Matplotlib's fonts are shared, and not made for several threads.
_DRAWING = threading.Lock()


def draw_curves(rows: Sequence[Mapping[str, float]], *, title: str) -> bytes:
    """Draw training and validation curves: of the loss, and of the metric beside it.

    Args:
        rows: One per epoch: ``epoch`` and metrics such as ``train/loss``; any may be missing.
        title: Above the curves; shown as it is.

    Returns:
        A PNG of 900 x 380 pixels.
    """
    found = dict.fromkeys(name for row in rows for name in row)
    metrics = list(dict.fromkeys(name.partition("/")[2] for name in found if "/" in name))[:2]
    with _DRAWING, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # foreign text may have any character
        figure = Figure(figsize=(9, 3.8), dpi=100)
        # Laid out here: matplotlib's own ways of doing it draw everything twice.
        figure.subplots_adjust(left=0.08, right=0.98, bottom=0.14, top=0.88, wspace=0.2)
        figure.suptitle(escaped(title), x=0.08, ha="left", fontsize=10, parse_math=False)
        for place, metric in enumerate(metrics, start=1):
            axes = figure.add_subplot(1, len(metrics), place)
            _draw(axes, rows, metric)
        picture = io.BytesIO()
        FigureCanvasAgg(figure).print_png(picture)  # type: ignore[no-untyped-call]
    return picture.getvalue()


def _draw(axes: Axes, rows: Sequence[Mapping[str, float]], metric: str) -> None:
    """Draw one metric of both splits."""
    shown: list[float] = []
    for split, (colour, line) in _SPLITS.items():
        name = f"{split}/{metric}"
        points = [(row["epoch"], row[name]) for row in rows if name in row and "epoch" in row]
        if not points:
            continue
        epochs, values = zip(*points, strict=True)
        shown += values
        # A line needs two points; a few are marked, so that one sees how many there are.
        marker = "o" if len(points) <= 30 else None
        label = f"{split} {values[-1]:.4g}"
        axes.plot(epochs, values, line, color=colour, marker=marker, markersize=3, label=label)
    if shown and min(shown) > 0 and max(shown) > LOGARITHMIC * min(shown):
        axes.set_yscale("log")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("epoch")
    axes.set_title(metric, loc="right", fontsize=10)
    axes.grid(color="0.9")
    axes.spines[["top", "right"]].set_visible(False)
    if shown:
        axes.legend(frameon=False)


class ProgressBoard:
    """Keeps ``plots/curves.png`` of a run folder up to date.

    Args:
        folder: Of the run.
        title: Above the curves.
        live: Whether to draw while the run trains; else once, at its end.
    """

    def __init__(self, folder: Path, *, title: str, live: bool) -> None:
        self._folder, self._title, self._live = folder, title, live
        self._due = time.monotonic() + PAUSE_SECONDS

    def begin(self) -> None:
        """Make the place where the picture goes."""
        storage.make_folder(self._folder / FOLDER)
        storage.remove_temporaries(self._folder / FOLDER)

    def look(self) -> None:
        """Draw if it is time to: ``metrics.csv`` has just grown."""
        if self._live and time.monotonic() >= self._due:
            self.draw()

    def draw(self) -> None:
        """Draw what ``metrics.csv`` holds."""
        started = time.monotonic()
        rows = [dict(row) for row in read_rows(self._folder / "metrics.csv")]
        storage.replace(self._folder / FOLDER / NAME, draw_curves(rows, title=self._title))
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
