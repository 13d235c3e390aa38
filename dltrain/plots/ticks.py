"""The axis of a setting, as ``runs/compare`` lays it out, put on a panel."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from dltrain.plots import style
from dltrain.runs.compare.axes import LOG, TICKS, Axis


def show_axis(axes: Axes, axis: Axis, *, which: str) -> None:
    """Give a panel the name, the scale and the ticks of a setting.

    Args:
        axes: The panel.
        axis: Of the setting.
        which: ``x`` or ``y``.
    """
    side = axes.xaxis if which == "x" else axes.yaxis
    side.set_label_text(style.named(axis.key, most=40))
    if axis.kind == LOG:
        style.logarithmic(axes, which=which)
    if not axis.is_grouped:
        show_ticks(axes, axis, list(axis.positions.values()), which=which)


def show_ticks(
    axes: Axes, axis: Axis, positions: Sequence[float], *, which: str, most: int = TICKS
) -> None:
    """Write the values of a setting beside a panel, as many as can be read.

    Args:
        axes: The panel.
        axis: Of the setting.
        positions: Where each value lies, ascending.
        which: ``x`` or ``y``.
        most: So many fit, if they are short.
    """
    side = axes.xaxis if which == "x" else axes.yaxis
    by_log = axis.kind == LOG and positions[0] > 0
    distances = [math.log(x) for x in positions] if by_log else list(positions)
    shown = _apart(distances, (distances[-1] - distances[0]) / most)
    side.set_major_locator(FixedLocator([positions[i] for i in shown]))
    side.set_minor_locator(NullLocator())
    texts = [style.named(axis.texts[i], most=18) for i in shown]
    side.set_ticklabels(texts)
    if which == "x" and sum(len(text) + 2 for text in texts) > 44:
        style.slanted(axes, degrees=35)


def _apart(positions: Sequence[float], distance: float) -> list[int]:
    """Choose ascending positions that are at least so far apart, the first among them."""
    shown = [0]
    for index, position in enumerate(positions[1:], start=1):
        if position - positions[shown[-1]] >= distance * (1 - 1e-9):
            shown.append(index)
    return shown
