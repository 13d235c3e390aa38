"""The analytic solution is NumPy's, in one step of training, too."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch
from torch import Tensor

from dltrain.nn.layers import Linear
from dltrain.nn.least_squares import least_squares
from dltrain.nn.losses import SquaredError
from dltrain.nn.optim import LeastSquares


def table(columns: Callable[[np.random.Generator], Any]) -> tuple[Any, Any]:
    random = np.random.default_rng(0)
    inputs = columns(random)
    return inputs, random.normal(size=len(inputs))


def dependent(random: np.random.Generator) -> Any:
    two = random.normal(size=(50, 2))
    return np.column_stack([two, two.sum(axis=1), np.full(50, 3.0)])


TABLES: dict[str, tuple[Callable[[np.random.Generator], Any], int]] = {
    "full rank": (lambda random: random.normal(size=(50, 4)), 5),
    "dependent columns": (dependent, 3),
    "fewer rows than columns": (lambda random: random.normal(size=(3, 6)), 3),
    "one row": (lambda random: random.normal(size=(1, 2)), 1),
}


@pytest.mark.parametrize("name", TABLES)
def test_least_squares_equals_numpys(name: str) -> None:
    inputs, targets = table(TABLES[name][0])
    ours = least_squares(torch.from_numpy(inputs), torch.from_numpy(targets))
    ones = np.ones((len(inputs), 1))
    theirs, _, rank, _ = np.linalg.lstsq(np.hstack([inputs, ones]), targets, rcond=None)
    np.testing.assert_allclose([*ours.weight.tolist(), ours.bias], theirs, rtol=0, atol=1e-10)
    assert (ours.rank, ours.columns) == (int(rank), inputs.shape[1] + 1)
    assert ours.rank == TABLES[name][1]


def shared_step(
    inputs: Tensor, targets: Tensor, members: int, *, weights: Tensor | None = None
) -> tuple[Linear, LeastSquares]:
    """One training step of ``members`` linear regressions that start from 1."""
    weight = torch.ones(members, 1, inputs.shape[-1], dtype=torch.float64)
    layer = Linear(weight, torch.ones(members, 1, 1, dtype=torch.float64))
    optimizer = LeastSquares(layer, weights=weights)
    outputs = layer.forward(inputs if inputs.dim() == 2 else inputs.mT, step=None)
    records = [outputs.new_empty(members, 1, outputs.shape[2]) for _ in range(2)]
    loss = SquaredError(unit=1.0, variances={}, weighted=weights is not None)
    scale = outputs.new_full((1, 1, 1), 1 / outputs.shape[2])
    gradient = loss.training(outputs, targets, records, scale=scale, weights=weights)
    layer.backward(gradient, to_inputs=False)
    optimizer.step(layer.gradients)
    return layer, optimizer


@pytest.mark.parametrize("name", TABLES)
def test_one_step_of_least_squares_is_the_solution(name: str) -> None:
    inputs, targets = (torch.from_numpy(array) for array in table(TABLES[name][0]))
    layer, optimizer = shared_step(inputs, targets, 2)
    exact = least_squares(inputs, targets)
    for member in range(2):
        torch.testing.assert_close(layer.weight[member, 0], exact.weight, rtol=0, atol=1e-10)
        assert float(layer.bias[member]) == pytest.approx(exact.bias, abs=1e-10)
    assert not optimizer.follows_gradient


def test_least_squares_of_members_with_rows_of_their_own() -> None:
    inputs, targets = (torch.from_numpy(array) for array in table(TABLES["full rank"][0]))
    orders = torch.stack([torch.arange(50), torch.arange(50).flip(0)])
    layer, _ = shared_step(inputs[orders], targets[orders], 2)
    exact = least_squares(inputs, targets)
    torch.testing.assert_close(layer.weight[:, 0], exact.weight.expand(2, -1), rtol=0, atol=1e-10)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("name", TABLES)
def test_weighted_least_squares_equals_numpys(name: str, whole: bool) -> None:
    inputs, targets = table(TABLES[name][0])
    weights = np.random.default_rng(1).integers(0, 4, len(inputs)) + (0 if whole else 0.5)
    ours = least_squares(*map(torch.from_numpy, (inputs, targets, weights)))
    roots = np.sqrt(weights)[:, None]
    rows = np.hstack([inputs, np.ones((len(inputs), 1))]) * roots
    theirs = np.linalg.lstsq(rows, targets * roots[:, 0], rcond=None)[0]
    np.testing.assert_allclose([*ours.weight.tolist(), ours.bias], theirs, rtol=0, atol=1e-9)


def test_one_step_of_weighted_least_squares_is_the_solution() -> None:
    inputs, targets = (torch.from_numpy(array) for array in table(TABLES["full rank"][0]))
    weights = torch.arange(50).remainder(4).double()
    layer, _ = shared_step(inputs, targets, 2, weights=weights)
    exact = least_squares(inputs, targets, weights)
    torch.testing.assert_close(layer.weight[:, 0], exact.weight.expand(2, -1), rtol=0, atol=1e-10)


def test_least_squares_has_no_lr_and_no_state() -> None:
    optimizer = LeastSquares(Linear(torch.ones(2, 1, 3), torch.ones(2, 1, 1)))
    assert [math.isnan(lr) for lr in optimizer.lr] == [True, True]
    assert optimizer.state() == {}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_many_rows_are_solved_in_parts_like_few(dtype: torch.dtype) -> None:
    draw = torch.Generator().manual_seed(0)
    inputs = torch.randn(1000, 6, generator=draw, dtype=dtype)
    inputs[:, 5] = 2 * inputs[:, 0]  # so that there is no single solution
    targets = inputs @ torch.arange(6, dtype=dtype) + torch.randn(1000, generator=draw, dtype=dtype)
    whole = least_squares(inputs, targets)
    with mock.patch("dltrain.nn.least_squares.SOLVED_ROWS", 64):
        parts = least_squares(inputs, targets)
    assert (parts.rank, parts.columns) == (whole.rank, whole.columns)
    torch.testing.assert_close(parts.weight, whole.weight)
    assert parts.bias == pytest.approx(whole.bias)
