"""Weights of classes are scikit-learn's, but for a factor that makes a step as long as without."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from dltrain.nn.class_weights import class_weights


@pytest.mark.parametrize("weighted", [False, True])
def test_balanced_weights_are_scikit_learns(weighted: bool) -> None:
    random = np.random.default_rng(0)
    classes = random.choice(4, size=500, p=[0.7, 0.2, 0.07, 0.03])
    weights = random.uniform(size=500) if weighted else np.ones(500)
    rows = np.bincount(classes, weights).tolist()
    expected = compute_class_weight(
        "balanced", classes=np.arange(4), y=classes, sample_weight=weights
    )
    assert class_weights("balanced", rows=rows) == pytest.approx(expected.tolist(), rel=1e-12)


def test_only_ratios_of_weights_matter() -> None:
    few, many = ([factor, 3 * factor, 0.0] for factor in (1.0, 1e6))
    once = class_weights(few, rows=[5, 3, 2])
    assert once == pytest.approx(class_weights(many, rows=[5, 3, 2]), rel=1e-12)
    assert np.average(once, weights=[5, 3, 2]) == pytest.approx(1)


def test_a_class_without_training_rows_gets_no_weight_by_balancing() -> None:
    assert class_weights("balanced", rows=[2, 0, 2]) == [1, 0, 1]
