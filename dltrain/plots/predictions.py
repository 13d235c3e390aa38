"""Scatter plot of predicted against true amounts, and the residuals.

Letters: N rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dltrain.plots import style
from dltrain.runs.compare.bins import bin_edges

Amounts = npt.NDArray[np.float64]
# Of more rows the density is drawn instead of points.
POINTS = 5000
BINS = 60


def draw(targets: Amounts, predictions: Amounts, *, name: str, title: str, note: str) -> Figure:
    """Draw predictions against targets, [N] in the target's own units, and the residuals."""
    figure = style.figure(12.5, 4.2)
    style.headline(figure, title, note)
    whole, left, counts = figure.subplots(1, 3, width_ratios=[1, 1, 0.8])
    what, residuals = style.named(name), predictions - targets
    _cloud(whole, targets, predictions)
    low = float(min(targets.min(), predictions.min()))
    high = float(max(targets.max(), predictions.max()))
    edge = 0.05 * (high - low) or 1.0
    whole.set(xlim=(low - edge, high + edge), ylim=(low - edge, high + edge))
    whole.axline((low, low), slope=1, color=style.INK, linewidth=1, label="predicted = true")
    whole.set(xlabel=f"true {what}", ylabel=f"predicted {what}")
    whole.legend(loc="upper left")
    _cloud(left, predictions, residuals)
    left.axhline(0, color=style.INK, linewidth=1)
    left.set(xlabel=f"predicted {what}", ylabel="residual (predicted - true)")
    bins = int(min(max(np.sqrt(len(residuals)), 5), BINS))
    counts.hist(residuals, bins=bin_edges(residuals, bins), color=style.BLUE, alpha=0.75)
    counts.axvline(0, color=style.INK, linewidth=1)
    summary = f"mean {style.number(residuals.mean())}, deviation {style.number(residuals.std())}"
    counts.set_title(summary, fontsize=9, color=style.FAINT)
    counts.yaxis.set_major_locator(MaxNLocator(integer=True))
    counts.set(xlabel="residual (predicted - true)", ylabel="rows")
    for axes in (whole, left, counts):
        axes.xaxis.set_major_locator(MaxNLocator(5))
    return figure


def _cloud(axes: Axes, across: Amounts, up: Amounts) -> None:
    """Draw points, or where there are many, how many lie where."""
    if len(across) > POINTS:
        axes.hexbin(across, up, gridsize=55, bins="log", cmap=style.COUNTS, mincnt=1, linewidths=0)
        return
    size = 6 if len(across) <= 300 else 4 if len(across) <= 1500 else 3
    look: dict[str, Any] = {"marker": "o", "linestyle": "", "markeredgewidth": 0}
    axes.plot(across, up, **look, markersize=size, color=style.BLUE, alpha=0.5)
