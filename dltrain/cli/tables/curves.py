"""Learning curves of runs, for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dltrain.cli.terminal.curves import chart, side_by_side
from dltrain.runs.compare.axes import LOG
from dltrain.runs.compare.curves import Curve, curve_axis, curve_metrics, curve_splits, read_curve
from dltrain.runs.run import Run

MIN_WIDTH, MAX_WIDTH, GAP = 30, 72, 3


def learning_curves(console: Any, run: Run) -> list[object]:
    """Draw the loss and the metric of a run, on training and validation rows, over its epochs.

    Raises:
        ValueError: If its ``metrics.csv`` cannot be read.
    """
    curve = read_curve(run, name=run.short)
    if len(curve.rows) < 2:
        return []
    charts = {
        metric: {
            split: curve.points(f"{split}/{metric}") for split in curve_splits([curve], metric)
        }
        for metric in curve_metrics([curve])
    }
    return draw_charts(console, charts, curves=[curve])


def compared_curves(console: Any, curves: Sequence[Curve]) -> list[object]:
    """Draw curves of several runs over one another: of the split that has to do for all."""
    splits = {metric: curve_splits(curves, metric)[-1] for metric in curve_metrics(curves)}
    charts = {
        f"{split}/{metric}": {curve.name: curve.points(f"{split}/{metric}") for curve in curves}
        for metric, split in splits.items()
    }
    return draw_charts(console, charts, curves=curves)


def draw_charts(
    console: Any,
    charts: Mapping[str, Mapping[str, Sequence[tuple[float, float]]]],
    *,
    curves: Sequence[Curve],
) -> list[object]:
    """Draw the loss and the metric beside it; below one another where there is no room.

    Args:
        console: Where they will be shown.
        charts: Title, which ends in the metric -> name -> points.
        curves: What they are of.
    """
    first = dict(list(charts.items())[:2])
    beside = len(first) == 2 and console.width >= 2 * MIN_WIDTH + GAP
    count = 2 if beside else 1
    width = max(MIN_WIDTH, min(MAX_WIDTH, (int(console.width) - GAP * (count - 1)) // count))
    drawn = [
        chart(
            console,
            lines,
            title=title,
            width=width,
            by_log=curve_axis(curves, title.rpartition("/")[2]) == LOG,
        )
        for title, lines in first.items()
    ]
    drawn = [lines for lines in drawn if lines]
    if beside:
        return list(side_by_side(drawn, gap=GAP))
    return [line for lines in drawn for line in lines]
