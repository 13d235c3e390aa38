"""Which images train, validate and test; ``data/splits.py`` draws them.

Letters: N images.
"""

from __future__ import annotations

from dataclasses import dataclass

from dltrain.data.splits import Indices, Rows, draw, shuffled, split_sizes


@dataclass(frozen=True, kw_only=True)
class Splitting:
    """How images are drawn; see the knobs of ``data=images``."""

    val_fraction: float
    test_fraction: float
    stratify: bool
    folds: int | None
    fold: int | None
    seed: int


def draw_images(classes: Indices, splitting: Splitting) -> list[Indices]:
    """Draw which images, whose classes are [N], train, validate and test.

    Raises:
        ValueError: If there are too few of them.
    """
    val = splitting.val_fraction if splitting.folds is None else 0.0
    _, num_val, num_test = split_sizes(len(classes), val=val, test=splitting.test_fraction)
    rows = Rows(
        order=shuffled(len(classes), seed=splitting.seed),
        classes=classes if splitting.stratify else None,
    )
    return draw(rows, val=num_val, test=num_test, folds=splitting.folds, fold=splitting.fold)
