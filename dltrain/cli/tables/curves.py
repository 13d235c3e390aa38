"""Learning curves of runs, for the terminal."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from dltrain.cli.terminal.curves import chart, side_by_side
from dltrain.runs.compare.axes import LOG
from dltrain.runs.compare.curves import Curve, curve_axis, curve_splits, headline_metrics

MIN_WIDTH, MAX_WIDTH, GAP, CHARTS = 30, 72, 3, 2


def learning_curves(
    console: Any, curves: Sequence[Curve], *, compared: bool = False
) -> list[object]:
    """Draw the loss and the metric beside it, below one another where there is no room.

    Args:
        console: Where they will be shown.
        curves: Of the first, training and validation rows are drawn.
        compared: Whether all are drawn over one another instead, on one kind of rows.
    """
    metrics = headline_metrics(curves)
    beside = len(metrics) == CHARTS and console.width >= CHARTS * MIN_WIDTH + GAP
    room = (int(console.width) - GAP) // CHARTS if beside else int(console.width)
    charts = []
    for metric in metrics:
        names = [f"{split}/{metric}" for split in curve_splits(curves, metric)]
        lines = {curve.name: curve.points(names[-1]) for curve in curves}
        if not compared:
            lines = {name.partition("/")[0]: curves[0].points(name) for name in names}
        charts.append(
            chart(
                console,
                lines,
                title=names[-1] if compared else metric,
                width=max(MIN_WIDTH, min(MAX_WIDTH, room)),
                by_log=curve_axis(curves, metric) == LOG,
            )
        )
    drawn = [each for each in charts if each]
    return list(side_by_side(drawn, gap=GAP)) if beside else list(itertools.chain(*drawn))
