"""Learning curves of runs, for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dltrain.cli.terminal.curves import chart, side_by_side
from dltrain.metrics import with_curves
from dltrain.runs.metrics_file import as_number
from dltrain.runs.run import Run

# More than this cannot be told apart on any terminal.
POINTS = 1000
MIN_WIDTH, MAX_WIDTH = 30, 72
GAP = 3
Rows = Sequence[Mapping[str, str]]


def learning_curves(console: Any, run: Run) -> list[object]:
    """Draw the loss and the metric of a run, on training and validation rows, over its epochs.

    Raises:
        ValueError: If its ``metrics.csv`` cannot be read.
    """
    rows = run.sample(POINTS)
    metrics = with_curves(rows[0] if rows else ())
    pairs = [
        {split: points(rows, f"{split}/{metric}") for split in ("train", "val")}
        for metric in metrics
    ]
    if len(rows) < 2:
        return []
    beside = len(pairs) == 2 and console.width >= 2 * MIN_WIDTH + GAP
    width = width_of(console, 2 if beside else 1)
    charts = [
        chart(console, own, title=metric, width=width)
        for metric, own in zip(metrics, pairs, strict=True)
    ]
    if beside:
        return list(side_by_side(charts, gap=GAP))
    return [line for lines in charts for line in lines]


def width_of(console: Any, count: int) -> int:
    """Return how wide each of some charts beside one another may be."""
    return max(MIN_WIDTH, min(MAX_WIDTH, (int(console.width) - GAP * (count - 1)) // count))


def points(rows: Rows, name: str) -> list[tuple[float, float]]:
    """Return (epoch, value) of each row that has a number there."""
    pairs = ((as_number(row.get("epoch")), as_number(row.get(name))) for row in rows)
    return [(x, y) for x, y in pairs if x is not None and y is not None]
