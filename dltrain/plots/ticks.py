"""The axis of a setting, as ``runs/compare`` lays it out, put on a panel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from dltrain.plots import style
from dltrain.runs.compare.axes import LOG, Axis


def show_axis(axes: Axes, axis: Axis, *, which: str) -> None:
    """Give a panel the name, the scale and the ticks of a setting."""
    side = axes.xaxis if which == "x" else axes.yaxis
    side.set_label_text(style.named(axis.key, most=40))
    if axis.kind == LOG:
        style.logarithmic(axes, which=which)
    if not axis.is_grouped:
        show_ticks(axes, axis.ticks, axis.positions, which=which)


def show_ticks(
    axes: Axes, texts: Sequence[str], positions: Mapping[str, float], *, which: str
) -> None:
    """Write values of a setting beside a panel."""
    side = axes.xaxis if which == "x" else axes.yaxis
    side.set_major_locator(FixedLocator([positions[text] for text in texts]))
    side.set_minor_locator(NullLocator())
    names = [style.named(text, most=18) for text in texts]
    side.set_ticklabels(names)
    if which == "x" and sum(len(name) + 2 for name in names) > 44:
        style.slanted(axes, degrees=35)
