"""The data set of linear regression: drawn once per seed, from the stated truth."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest

from dltrain.data.dataset import Dataset
from dltrain.data.synthetic import synthetic
from tests.benchmarks.csv_reading import DRAWN, measured

DEFAULTS: dict[str, Any] = {
    "w": [2.0, -3.4],
    "b": 4.2,
    "noise": 0.01,
    "num_train": 1000,
    "num_val": 500,
    "dtype": "float64",
    "seed": 0,
}


def draw(**changes: Any) -> Dataset:
    return synthetic("lines", **(DEFAULTS | changes))


def every_row(data: Dataset) -> tuple[Any, Any]:
    splits = (data.train, data.val)
    return (
        np.concatenate([split.inputs for split in splits]),
        np.concatenate([split.targets for split in splits]),
    )


def test_the_shapes_are_as_asked() -> None:
    data = draw()
    assert data.train.inputs.shape == (1000, 2)
    assert data.val.inputs.shape == (500, 2)
    assert data.test.inputs.shape == (0, 2)
    assert (data.in_features, data.out_features, data.task) == (2, 1, "regression")
    assert (data.feature_names, data.target_name) == (("x0", "x1"), "y")


def test_least_squares_finds_the_truth() -> None:
    inputs, targets = every_row(draw())
    table = np.column_stack([inputs, np.ones(len(inputs))])
    np.testing.assert_allclose(np.linalg.lstsq(table, targets)[0], [2, -3.4, 4.2], atol=0.002)


def test_without_noise_the_truth_is_exact() -> None:
    data = draw(noise=0.0)
    inputs, targets = every_row(data)
    assert data.truth is not None
    weight, bias = data.truth
    np.testing.assert_array_equal(targets, inputs @ weight + bias)


def test_the_noise_has_the_stated_deviation() -> None:
    inputs, targets = every_row(draw(noise=0.5, num_train=20_000))
    residuals = targets - inputs @ [2, -3.4] - 4.2
    assert residuals.std() == pytest.approx(0.5, rel=0.03)
    assert residuals.mean() == pytest.approx(0.0, abs=0.02)


def test_features_are_standard_normal_and_independent() -> None:
    inputs, _ = every_row(draw(num_train=20_000))
    np.testing.assert_allclose(inputs.mean(axis=0), 0, atol=0.03)
    np.testing.assert_allclose(np.cov(inputs.T), np.eye(2), atol=0.03)


def test_the_same_seed_draws_the_same_bytes() -> None:
    for split in ("train", "val"):
        first, second = draw().splits[split], draw().splits[split]
        assert first.inputs.tobytes() == second.inputs.tobytes()
        assert first.targets.tobytes() == second.targets.tobytes()


def test_another_seed_draws_other_rows() -> None:
    assert not np.isin(draw().train.inputs, draw(seed=1).train.inputs).any()


def test_no_validation_row_is_a_training_row() -> None:
    data = draw()
    assert not np.isin(data.train.inputs, data.val.inputs).any()


def test_training_and_validation_are_one_draw_cut_in_two() -> None:
    np.testing.assert_array_equal(
        every_row(draw())[0], every_row(draw(num_train=200, num_val=1300))[0]
    )


def test_other_weights_leave_the_features_as_they_are() -> None:
    np.testing.assert_array_equal(draw().train.inputs, draw(w=[1.0, 1.0], b=0.0).train.inputs)


def test_the_draws_leave_numpys_own_generator_alone() -> None:
    np.random.seed(3)
    expected = np.random.random()
    np.random.seed(3)
    draw()
    assert np.random.random() == expected


@pytest.mark.parametrize(
    "change",
    [
        {"w": [2.0, -3.3]},
        {"b": 0.0},
        {"noise": 0.0},
        {"num_train": 999},
        {"num_val": 0},
        {"seed": 1},
    ],
    ids=str,
)
def test_the_digest_tells_every_recipe_apart(change: dict[str, Any]) -> None:
    assert draw(**change).sha256 != draw().sha256 == draw().sha256


def test_there_may_be_no_validation_rows() -> None:
    assert len(draw(num_val=0).val) == 0


def test_the_data_come_in_their_own_units() -> None:
    data = draw()
    assert data.feature_scale.deviation.tolist() == [1.0, 1.0]
    assert (data.target_scale.mean.tolist(), data.target_scale.deviation.tolist()) == ([0.0], [1.0])


def test_rows_are_drawn_alike_in_any_type_and_in_any_parts() -> None:
    exact, rounded = draw(noise=0.5), draw(noise=0.5, dtype="float32")
    with mock.patch("dltrain.data.synthetic.NUMBERS", 64):
        parts = draw(noise=0.5)
    for split in ("train", "val"):
        for name in ("inputs", "targets"):
            values = getattr(exact.splits[split], name)
            np.testing.assert_allclose(getattr(parts.splits[split], name), values, rtol=1e-14)
            found = getattr(rounded.splits[split], name)
            np.testing.assert_array_equal(values.astype(np.float32), found, strict=True)


def test_the_values_are_those_of_one_draw() -> None:
    generator = np.random.default_rng([0, 0x5E7])
    inputs = generator.standard_normal((1500, 2))
    targets = inputs @ [2.0, -3.4] + 4.2 + 0.01 * generator.standard_normal(1500)
    np.testing.assert_array_equal(every_row(draw())[0], inputs)
    np.testing.assert_allclose(every_row(draw())[1], targets, rtol=1e-14, atol=1e-14)


def test_drawing_takes_little_more_memory_than_the_rows() -> None:
    rows = 2_000_000 * 9 * 4
    cost = measured(Path(), DRAWN)
    assert cost.peak_bytes <= 1.5 * rows
    assert cost.held_bytes <= 1.1 * rows
