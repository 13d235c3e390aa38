"""What every data set becomes."""

from __future__ import annotations

import json

import numpy as np
import numpy.typing as npt
import pytest

from dltrain.data import dataset
from dltrain.data.dataset import DataSummary, variance
from tests.stacked import dataset as small


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_variance_is_that_of_all_rows_however_they_are_cut(
    dtype: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets: npt.NDArray[np.floating] = (
        np.random.default_rng(0).normal(1e3, 2.0, size=1000).astype(dtype)
    )
    monkeypatch.setattr(dataset, "PART", 64)
    assert variance(targets) == pytest.approx(targets.astype(np.float64).var(), rel=1e-12)


def test_targets_that_differ_by_rounding_do_not_vary() -> None:
    assert variance(np.full(9, 0.1)) == variance(np.array([])) == 0.0
    assert variance(np.array([1e16, 1e16 + 2])) == 0.0
    assert variance(np.array([1.0, 1.0 + 1e-9])) > 0.0


def test_a_summary_has_the_sizes_and_keeps_no_rows() -> None:
    pictures = DataSummary.of(small(classes=True))
    assert (pictures.image, pictures.rows) == (True, {"train": 90, "val": 40, "test": 50})
    table = DataSummary.of(small(classes=False))
    assert (table.image, table.in_features, table.task) == (False, 12, "regression")


def test_a_preparation_is_plain_values() -> None:
    data = small(classes=True)
    assert json.loads(json.dumps(data.preparation()))["class_names"] == ["a", "b", "c"]
    assert (data.in_features, data.out_features) == (12, 3)
    assert small(classes=False).out_features == 1
