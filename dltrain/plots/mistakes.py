"""A sheet of the most confident mistakes: each image, its class and the predicted one.

Letters: N images, H height, W width, C classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy.typing as npt
from matplotlib.figure import Figure

from dltrain.plots import style

COUNT, COLUMNS = 24, 6


def draw(
    images: npt.NDArray[Any],
    *,
    rows: Sequence[int],
    true: Sequence[str],
    predicted: Sequence[str],
    confidence: Sequence[float],
    title: tuple[str, str],
) -> Figure:
    """Draw images with their true class, and the predicted one with its probability.

    Args:
        images: [N, H, W] or [N, H, W, 3], bytes as they are to be seen.
        rows: Their row numbers in the split, N.
        true: The names of their classes, N.
        predicted: Of those that were predicted, N.
        confidence: Their probabilities, N.
        title: What they are of, and how many there are.
    """
    columns = min(COLUMNS, max(len(rows), 4))  # there is a line to be read above them
    lines = -(-len(rows) // columns)
    figure = style.figure(1.55 * columns, 1.95 * lines + 0.7)
    head, note = title
    style.headline(figure, head, f"{note}: the true class, in colour the predicted one")
    for index, image in enumerate(images):
        axes = figure.add_subplot(lines, columns, index + 1)
        axes.imshow(image, cmap="gray", interpolation="nearest")
        axes.set_xticks([])
        axes.set_yticks([])
        axes.grid(visible=False)
        for spine in axes.spines.values():
            spine.set(visible=True, color="#DDDDDD")
        label = f"{style.named(predicted[index], most=13)} {100 * confidence[index]:.0f} %"
        axes.set_title(label, fontsize=8.5, color=style.VERMILLION, pad=3)
        axes.text(
            *(0, 1.17, style.named(true[index], most=20)),
            transform=axes.transAxes,
            va="bottom",
            fontsize=8.5,
        )
        axes.set_xlabel(f"row {rows[index]}", fontsize=7, color=style.FAINT, labelpad=2)
    return figure
