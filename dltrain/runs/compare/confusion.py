"""Confusion matrix, scores per class, and the most confident mistakes; NumPy alone.

Letters: N rows, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ClassScore:
    """Precision, recall and F1 of one class."""

    precision: float  # of the rows predicted to be of it, the share that are; nan if there are none
    recall: float  # of its rows, the share that are found; nan if it has none
    # harmonic mean of the two, with nothing found counting as 0; nan if the class has neither
    # rows nor predictions
    f1: float
    support: int  # its rows


def confusion(targets: Indices, predictions: Indices, *, num_classes: int) -> Counts:
    """Count which classes are taken for which.

    Args:
        targets: [N], class indices.
        predictions: [N], likewise.
        num_classes: C.

    Returns:
        [C, C]: true classes in rows, predicted ones in columns.

    Example:
        >>> confusion(np.array([0, 1, 1]), np.array([0, 1, 0]), num_classes=2).tolist()
        [[1, 0], [1, 1]]
    """
    assert targets.shape == predictions.shape
    pairs = targets.astype(np.int64) * num_classes + predictions
    counts = np.bincount(pairs, minlength=num_classes**2)
    return counts.reshape(num_classes, num_classes).astype(np.int64)


def per_class(matrix: Counts) -> list[ClassScore]:
    """Score each class."""
    hits, rows, predicted = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    return [
        ClassScore(
            precision=_share(hit, of=predictions),
            recall=_share(hit, of=count),
            f1=_share(2 * hit, of=count + predictions),
            support=count,
        )
        for hit, count, predictions in zip(
            hits.tolist(), rows.tolist(), predicted.tolist(), strict=True
        )
    ]


def _share(part: int, *, of: int) -> float:
    return part / of if of else float("nan")


def mistakes(
    targets: Indices, predictions: Indices, probabilities: npt.NDArray[np.floating], *, count: int
) -> list[int]:
    """Find the rows that are wrong, the most confident mistakes first.

    Args:
        targets: [N], class indices.
        predictions: [N], likewise.
        probabilities: [N, C].
        count: At most so many.

    Returns:
        Row numbers; of equally confident ones the first comes first.
    """
    wrong = np.flatnonzero(targets != predictions)
    confidence = probabilities[wrong, predictions[wrong]]
    order = np.argsort(-confidence, kind="stable")[:count]
    return [int(row) for row in wrong[order]]
