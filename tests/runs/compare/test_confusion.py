"""Which classes are taken for which; scikit-learn counts the same."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from dltrain.runs.compare.confusion import confusion, mistakes, per_class

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_counts_and_scores_are_those_of_scikit_learn(classes: int) -> None:
    targets = RANDOM.integers(0, classes, 500)
    predictions = np.where(RANDOM.random(500) < 0.6, targets, RANDOM.integers(0, classes, 500))
    matrix = confusion(targets, predictions, num_classes=classes)
    assert matrix.dtype == np.int64
    assert matrix.tolist() == confusion_matrix(targets, predictions).tolist()
    expected = precision_recall_fscore_support(targets, predictions)
    scores = per_class(matrix)
    found = [(s.precision, s.recall, s.f1, s.support) for s in scores]
    assert np.allclose(np.array(found).T, np.array(expected), rtol=1e-12)


def test_a_class_without_rows_or_predictions_has_no_score() -> None:
    nowhere, missed, invented = (
        per_class(confusion(np.array([1, 1]), np.array([2, 2]), num_classes=3))[index]
        for index in (0, 1, 2)
    )
    assert nowhere.support == 0
    assert all(map(math.isnan, (nowhere.precision, nowhere.recall, nowhere.f1)))
    assert math.isnan(missed.precision)
    assert (missed.recall, missed.f1, missed.support) == (0, 0, 2)
    assert math.isnan(invented.recall)
    assert (invented.precision, invented.f1, invented.support) == (0, 0, 0)


def test_no_rows_make_an_empty_matrix() -> None:
    nothing = np.empty(0, np.int64)
    assert confusion(nothing, nothing, num_classes=2).tolist() == [[0, 0], [0, 0]]


def test_the_surest_mistakes_come_first_and_right_rows_never() -> None:
    targets, predictions = np.array([0, 0, 1, 1, 0]), np.array([0, 1, 0, 0, 1])
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.95, 0.05], [0.2, 0.8]])
    assert mistakes(targets, predictions, probabilities, count=9) == [3, 1, 4, 2]
    assert mistakes(targets, predictions, probabilities, count=2) == [3, 1]
    assert mistakes(targets, targets, probabilities, count=2) == []
