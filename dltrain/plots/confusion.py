"""A confusion matrix, with precision, recall and F1 of each class.

Letters: C classes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dltrain.plots import style
from dltrain.runs.compare.confusion import ClassScore, Counts, per_class

# Of more classes neither counts nor scores can be read in one picture.
WRITTEN, LISTED = 25, 40
HARDEST = 30
_CELL = 0.42  # inches


def draw(matrix: Counts, *, names: Sequence[str], title: str) -> Figure:
    """Draw a confusion matrix [C, C], true classes in rows, with the scores of each beside it."""
    count = len(names)
    shown = [style.named(name, most=20) for name in names]
    side = max(_CELL * min(count, LISTED), 2.6)
    listed = 3.0 if count <= LISTED else 4.6
    margin = 0.08 * max(map(len, shown), default=0)
    figure = style.figure(side + margin + listed + 0.6, side + margin * 0.8 + 1.3)
    style.headline(figure, title, "numbers: rows; colours: shares of the true class")
    whole, scores = figure.subplots(1, 2, width_ratios=[side, listed], squeeze=True)
    _matrix(whole, matrix, shown)
    if count <= LISTED:
        _beside(scores, per_class(matrix))
    else:
        _hardest(scores, per_class(matrix), shown)
    return figure


def _matrix(axes: Axes, matrix: Counts, names: Sequence[str]) -> None:
    rows = matrix.sum(axis=1, keepdims=True)
    shares = matrix / np.maximum(rows, 1)
    axes.imshow(shares, cmap=style.COUNTS, vmin=0, vmax=1, aspect="auto")
    style.bare(axes)
    every = -(-len(names) // LISTED)
    labelled = list(range(0, len(names), every))
    axes.set_xticks(labelled, [names[i] for i in labelled])
    axes.set_yticks(labelled, [names[i] for i in labelled])
    if max(map(len, names), default=0) > 3:
        style.slanted(axes, degrees=45)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    if len(names) > WRITTEN:
        return
    most = len(f"{matrix.max(initial=0)}")
    for (true, predicted), number in np.ndenumerate(matrix):
        if number:
            axes.text(
                predicted,
                true,
                str(number),
                ha="center",
                va="center",
                fontsize=9 if most <= 4 else 7 if most <= 6 else 5,
                color="white" if shares[true, predicted] > 0.5 else style.INK,
            )


_COLUMNS = ("precision", "recall", "F1", "rows")


def _beside(axes: Axes, scores: Sequence[ClassScore]) -> None:
    """Write the scores of each class at the height of its row."""
    axes.axis("off")
    axes.set_xlim(0, len(_COLUMNS))
    axes.set_ylim(len(scores) - 0.5, -0.5)
    for column, name in enumerate(_COLUMNS):
        axes.text(column + 0.95, -0.6, name, ha="right", va="bottom", fontsize=9, color=style.FAINT)
    for row, score in enumerate(scores):
        for column, text in enumerate(_cells(score)):
            axes.text(column + 0.95, row, text, ha="right", va="center", fontsize=9)


def _hardest(axes: Axes, scores: Sequence[ClassScore], names: Sequence[str]) -> None:
    """Write the scores of those classes that are told worst."""
    axes.axis("off")
    order = sorted(range(len(scores)), key=lambda i: (math.isnan(scores[i].f1), scores[i].f1))[
        :HARDEST
    ]
    axes.set_xlim(-2.2, len(_COLUMNS))
    axes.set_ylim(max(len(order), HARDEST) - 0.5, -1.5)
    heads = ["hardest classes", *_COLUMNS]
    for line, cells in enumerate([heads, *([names[i], *_cells(scores[i])] for i in order)]):
        colour = style.INK if line else style.FAINT
        axes.text(-2.2, line - 1, cells[0], va="center", fontsize=9, color=colour)
        for column, text in enumerate(cells[1:]):
            axes.text(
                column + 0.95, line - 1, text, ha="right", va="center", fontsize=9, color=colour
            )


def _cells(score: ClassScore) -> list[str]:
    shares = (score.precision, score.recall, score.f1)
    shown = ["-" if math.isnan(share) else f"{share:.3f}" for share in shares]
    return [*shown, f"{score.support:,}"]
