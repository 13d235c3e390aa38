"""The weights of a linear model: as images, or as bars with the features' names.

Letters: O outputs (classes, or 1), I in_features, H height, W width.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from dltrain.plots import style

Weights = npt.NDArray[np.floating]
COLUMNS, MAX_IMAGES, MAX_CLASSES, MAX_FEATURES = 5, 50, 20, 30
# The few largest weights may be as large as they like: colours end here (percentile).
MOST = 99.5


def draw_images(weight: Weights, *, names: Sequence[str], title: str) -> Figure:
    """Draw the weights of each class as an image: red speaks for it, blue against it.

    Args:
        weight: [O, H, W]; or [O, H, W, 3], of which the sum over colours is drawn.
        names: Of the classes, O.
        title: What they are of.
    """
    shown = names[:MAX_IMAGES]
    columns = min(COLUMNS, len(shown))
    lines = -(-len(shown) // columns)
    figure = style.figure(1.75 * columns + 1.1, 1.95 * lines + 0.7)
    note = "change of a logit per pixel as trained; red speaks for the class, blue against it"
    if weight.ndim == 4:
        weight, note = weight.sum(axis=-1), f"{note}; sum over red, green and blue"
    more = f"; the first {MAX_IMAGES} classes of {len(names):,}" if len(names) > len(shown) else ""
    style.headline(figure, title, note + more)
    end = float(np.percentile(np.abs(weight), MOST)) or 1.0
    norm = Normalize(-end, end)
    all_axes = []
    for index, name in enumerate(shown):
        axes = figure.add_subplot(lines, columns, index + 1)
        axes.imshow(weight[index], cmap=style.SIGNED, norm=norm, interpolation="nearest")
        axes.set_title(style.named(name, most=18), fontsize=9, loc="center")
        axes.set_xticks([])
        axes.set_yticks([])
        style.bare(axes)
        all_axes.append(axes)
    bar = figure.colorbar(
        ScalarMappable(norm, style.SIGNED),
        ax=all_axes,
        extend="both",
        fraction=0.05,
        aspect=14 * lines,
        pad=0.02,
    )
    bar.outline.set_visible(False)
    return figure


def draw_bars(
    weight: Weights,
    *,
    strength: Weights,
    features: Sequence[str],
    names: Sequence[str],
    unit: str,
    truth: npt.NDArray[np.float64] | None = None,
    title: str,
) -> Figure:
    """Draw weights as bars, the strongest on top, with a panel for each class.

    Args:
        weight: [O, I].
        strength: [I], how much each feature matters.
        features: Their names, I.
        names: Of the classes, O; none for regression.
        unit: What a weight means.
        truth: The weights, [I], that generated the data, if they are known.
        title: What they are of.
    """
    panels = min(max(len(names), 1), MAX_CLASSES)
    order = np.argsort(-strength, kind="stable")[:MAX_FEATURES]
    columns = min(panels, 4)
    lines = -(-panels // columns)
    room = min(0.075 * max((len(features[i]) for i in order), default=0), 2.2)
    wide = 2.5 * columns if panels > 1 else 5.5
    figure = style.figure(wide + room + 0.4, (0.26 * len(order) + 1.0) * lines + 0.6)
    dropped = [
        f"the strongest {len(order):,} of {len(features):,}" if len(order) < len(features) else "",
        f"the first {panels} classes of {len(names):,}" if panels < len(names) else "",
    ]
    style.headline(figure, title, "; ".join(filter(None, [unit, *dropped])))
    first = None
    for panel in range(panels):
        axes = figure.add_subplot(lines, columns, panel + 1, sharex=first, sharey=first)
        values = weight[panel, order]
        colours = [style.BLUE if value >= 0 else style.VERMILLION for value in values]
        axes.barh(range(len(order)), values, color=colours, height=0.7)
        if truth is not None:
            look: dict[str, Any] = {"color": style.INK, "markersize": 5, "label": "true weight"}
            axes.plot(truth[order], range(len(order)), "D", **look)
            figure.legend(loc="outside lower left")
        axes.axvline(0, color=style.FAINT, linewidth=0.8)
        axes.grid(visible=False, axis="y")
        if first is None:
            first = axes
            axes.set_yticks(range(len(order)), [style.named(features[i]) for i in order])
            axes.invert_yaxis()
            axes.tick_params(axis="y", length=0)
        elif panel % columns:
            axes.tick_params(axis="y", labelleft=False, length=0)
        if names:
            axes.set_title(style.named(names[panel]), fontsize=10)
    return figure
