"""What a linear model learned, back in the data's own units."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from dltrain.data.dataset import Dataset, Scale, Split
from dltrain.data.synthetic import synthetic
from dltrain.nn.coefficients import Coefficients, as_csv, coefficients, findings, solution

RAW_SCALE = (np.array([10.0, -3.0]), np.array([5.0, 0.1]))  # mean and deviation of the features


def standardised(noise: float = 0.0, *, target: bool = True) -> tuple[Dataset, Any, Any]:
    """A data set that was standardised, and its rows as they were before."""
    random = np.random.default_rng(0)
    mean, deviation = RAW_SCALE
    features = mean + deviation * random.normal(size=(60, 2))
    targets = features @ [3.0, -20.0] + 7.0 + noise * random.normal(size=60)
    scale = Scale(features.mean(axis=0), features.std(axis=0))
    own = Scale(np.array([targets.mean()]), np.array([targets.std()]))
    own = own if target else Scale.identity(1)
    prepared = Split(
        (features - scale.mean) / scale.deviation, (targets - own.mean) / own.deviation
    )
    data = synthetic("t", w=[1, 1], b=0, noise=0, num_train=1, num_val=0, seed=0, dtype="float64")
    data = replace(
        data,
        train=prepared,
        feature_names=("a", "b"),
        feature_scale=scale,
        target_scale=own,
        truth=None,
    )
    return data, features, targets


def prediction(found: Coefficients, features: Any) -> Any:
    return features @ found.weight[0] + found.intercept[0]


@pytest.mark.parametrize("target", [True, False])
def test_standardisation_is_undone(target: bool) -> None:
    data, features, _ = standardised(target=target)
    weight, bias = torch.tensor([[0.3, -0.7]], dtype=torch.float64), torch.tensor([0.2]).double()
    outputs = data.train.inputs @ weight[0].numpy() + bias.item()
    expected = outputs * data.target_scale.deviation[0] + data.target_scale.mean[0]
    found = coefficients(weight, bias, data)
    np.testing.assert_allclose(prediction(found, features), expected, rtol=1e-12)


def test_standardisation_is_undone_for_every_class() -> None:
    data, features, _ = standardised(target=False)
    weight, bias = torch.randn(3, 2, dtype=torch.float64), torch.randn(3, dtype=torch.float64)
    found = coefficients(weight, bias, data)
    logits = data.train.inputs @ weight.numpy().T + bias.numpy()
    np.testing.assert_allclose(
        features @ found.weight.T + found.intercept, logits, rtol=1e-9, atol=1e-13
    )


def test_data_in_their_own_units_stay_as_they_are() -> None:
    data = synthetic(
        "t", w=[2, -3.4], b=4.2, noise=0, num_train=5, num_val=0, seed=0, dtype="float64"
    )
    found = coefficients(torch.tensor([[1.5, 2.5]]), torch.tensor([0.5]), data)
    assert (found.weight.tolist(), found.intercept.tolist()) == ([[1.5, 2.5]], [0.5])


def test_coefficients_come_in_float64_from_any_dtype() -> None:
    data, _, _ = standardised()
    found = coefficients(torch.ones(1, 2, dtype=torch.float32), torch.ones(1), data)
    assert [array.dtype.name for array in (found.weight, found.intercept)] == ["float64"] * 2


def test_least_squares_speaks_the_datas_own_units() -> None:
    data, features, targets = standardised(noise=2.0)
    table = np.column_stack([features, np.ones(60)])
    expected = np.linalg.lstsq(table, targets, rcond=None)[0]
    found, solved = solution(data)
    np.testing.assert_allclose([*found.weight[0], *found.intercept], expected, rtol=1e-10)
    assert (solved.rank, solved.columns) == (3, 3)


def rows_of(text: str) -> list[list[str]]:
    assert text.endswith("\n")
    return list(csv.reader(io.StringIO(text)))


def test_a_table_has_a_row_per_feature() -> None:
    data, _, _ = standardised()
    found = Coefficients(np.array([[0.1, -2.0]]), np.array([3.0]))
    assert as_csv(found, data) == "feature,coefficient\na,0.1\nb,-2.0\n(intercept),3.0\n"


def test_a_table_has_a_row_per_feature_and_class() -> None:
    data = replace(standardised()[0], class_names=("cat", "dog"))
    found = Coefficients(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([5.0, 6.0]))
    assert rows_of(as_csv(found, data)) == [
        ["feature", "class", "coefficient"],
        ["a", "cat", "1.0"],
        ["a", "dog", "3.0"],
        ["b", "cat", "2.0"],
        ["b", "dog", "4.0"],
        ["(intercept)", "cat", "5.0"],
        ["(intercept)", "dog", "6.0"],
    ]


def test_a_table_loses_no_digit() -> None:
    data, _, _ = standardised()
    found = Coefficients(np.array([[1 / 3, 1e-300]]), np.array([1e17 + 16]))
    assert [float(row[1]) for row in rows_of(as_csv(found, data))[1:]] == [1 / 3, 1e-300, 1e17 + 16]


def test_names_in_a_table_are_quoted_where_they_must_be() -> None:
    names, labels = ("a,b", 'say "x"'), ("cat", "dog; wolf")
    data = replace(standardised()[0], feature_names=names, class_names=labels)
    found = Coefficients(np.arange(4.0).reshape(2, 2), np.array([4.0, 5.0]))
    rows = rows_of(as_csv(found, data))
    assert rows[1:] == [
        [name, label, repr(value)]
        for name, values in zip(
            (*names, "(intercept)"), ((0.0, 2.0), (1.0, 3.0), (4.0, 5.0)), strict=True
        )
        for label, value in zip(labels, values, strict=True)
    ]


def test_a_name_with_a_newline_is_one_cell_of_a_table() -> None:
    data = replace(standardised()[0], feature_names=("a\nb", "c"))
    text = as_csv(Coefficients(np.array([[0.1, -2.0]]), np.array([3.0])), data)
    assert rows_of(text)[1:] == [["a\nb", "0.1"], ["c", "-2.0"], ["(intercept)", "3.0"]]


def test_tables_of_several_data_sets_do_not_mix() -> None:
    found = Coefficients(np.array([[0.1, -2.0]]), np.array([3.0]))
    first = standardised()[0]
    second = replace(first, feature_names=("c", "d"))
    texts = [as_csv(found, data) for data in (first, second, first)]
    assert texts[0] == texts[2]
    assert [row[0] for row in rows_of(texts[1])[1:]] == ["c", "d", "(intercept)"]


def test_errors_are_against_the_truth_and_against_least_squares() -> None:
    data = synthetic(
        "t", w=[2, -3.4], b=4.2, noise=0, num_train=50, num_val=0, seed=0, dtype="float64"
    )
    found = Coefficients(np.array([[2.5, -3.5]]), np.array([4.0]))
    results, lines = findings(found, data, solution(data))
    expected = {"w_error": 0.5, "b_error": 0.2, "exact_w_error": 0.5, "exact_b_error": 0.2}
    assert results == pytest.approx(expected, abs=1e-12)
    assert lines[0].startswith("learned w = [2.5000, -3.5000], b = 4.0000; true w = [2, -3.4]")
    apart = np.asarray(data.train.inputs) @ [0.5, -0.1] - 0.2
    far = np.sqrt(np.mean(apart**2)) / np.std(np.asarray(data.train.targets, dtype=np.float64))
    assert lines[1] == (
        f"predictions differ from those of least squares by {far:.4g} of the target's deviation "
        "(rms over training rows)"
    )


@pytest.mark.parametrize("target", [True, False])
def test_a_useless_fit_is_a_whole_deviation_from_least_squares(target: bool) -> None:
    """The mean for every row: whatever the units are, as far off as the target varies."""
    data, _, targets = standardised(target=target)
    useless = Coefficients(np.zeros((1, 2)), np.array([targets.mean()]))
    _, [line] = findings(useless, data, solution(data))
    assert "by 1 of the target's deviation" in line


def test_without_a_truth_there_is_least_squares_alone() -> None:
    data, _, _ = standardised(noise=1.0)
    solved = solution(data)
    results, lines = findings(solved[0], data, solved)
    assert results == {"exact_w_error": 0.0, "exact_b_error": 0.0}
    assert len(lines) == 1


def test_a_long_list_of_weights_is_cut() -> None:
    data = synthetic(
        "t", w=[1.0] * 9, b=0, noise=0, num_train=50, num_val=0, seed=0, dtype="float64"
    )
    _, lines = findings(Coefficients(np.ones((1, 9)), np.zeros(1)), data, solution(data))
    assert lines[0].count(", ...]") == 2


def test_a_table_of_dependent_columns_is_named_as_such() -> None:
    data, _, _ = standardised(noise=1.0)
    twice = np.asarray(data.train.inputs, dtype=np.float64)[:, [0, 0]]
    data = replace(data, train=Split(twice, data.train.targets))
    exact, solved = solution(data)
    _, lines = findings(exact, data, (exact, solved))
    assert (solved.rank, solved.columns) == (2, 3)
    assert "rank 2 of 3 columns" in lines[1]
