"""The loss of logarithms: its gradient is autograd's, its other metrics are of the amounts."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from dltrain.nn.squared_log_error import SquaredLogError

UNIT, MEAN = 0.7, 1.3


def draw(members: int, rows: int, *, shared: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Draw outputs [M, 1, B], and targets and weights [B], or [M, B] where rows are not shared."""
    generator = torch.Generator().manual_seed(members)
    shape = (rows,) if shared else (members, rows)
    outputs = torch.randn(members, 1, rows, generator=generator, dtype=torch.float64)
    targets = torch.randn(shape, generator=generator, dtype=torch.float64)
    return outputs, targets, torch.rand(shape, generator=generator, dtype=torch.float64)


def loss_of(*, weighted: bool, variance: float = 2.0) -> SquaredLogError:
    variances = {"train": variance}
    return SquaredLogError(unit=UNIT, mean=MEAN, variances=variances, weighted=weighted)


def train_once(
    loss: SquaredLogError, outputs: Tensor, targets: Tensor, weights: Tensor | None
) -> tuple[Tensor, list[dict[str, float]]]:
    records = outputs.new_empty(loss.num_records, len(outputs), outputs.shape[2])
    slots = records.unsqueeze(2).unbind()
    scale = outputs.new_full((1, 1, 1), 1 / outputs.shape[2])
    gradient = loss.training(outputs.clone(), targets, slots, scale=scale, weights=weights)
    sums = loss.statistics(records[None])[0]
    return gradient, loss.metrics(sums, outputs.shape[2], "train")


@pytest.mark.parametrize(("members", "shared"), [(1, True), (3, True), (3, False)])
@pytest.mark.parametrize("weighted", [False, True])
def test_gradient_equals_autograd_and_metrics_are_of_the_amounts(
    members: int, shared: bool, weighted: bool
) -> None:
    outputs, targets, drawn = draw(members, 30, shared=shared)
    weights = drawn if weighted else None
    loss = loss_of(weighted=weighted)
    gradient, rows = train_once(loss, outputs, targets, weights)
    leaf = outputs.clone().requires_grad_()
    wanted = targets.expand(members, 30)
    counts = drawn.expand(members, 30) if weighted else torch.ones(members, 30)
    squares = (leaf[:, 0] - wanted).square() * counts
    expected = torch.autograd.grad(squares.sum() / 60, leaf)[0]
    torch.testing.assert_close(gradient, expected, rtol=1e-12, atol=1e-15)
    amounts, ours = (np.exp(x.numpy() * UNIT + MEAN) for x in (wanted, outputs[:, 0]))
    evaluated = loss.metrics(loss.evaluation(outputs, targets, weights), 30, "train")
    for found in (rows, evaluated):
        for member, row in enumerate(found):
            weight = counts[member].numpy()
            logs = ((outputs[member, 0] - wanted[member]).numpy() * UNIT) ** 2
            assert row["loss"] == pytest.approx(np.average(logs, weights=weight) / 2, rel=1e-12)
            square = np.average((ours[member] - amounts[member]) ** 2, weights=weight)
            assert row["rmse"] == pytest.approx(square**0.5, rel=1e-12)
            assert row["r2"] == pytest.approx(1 - square / 2, rel=1e-9)


def test_a_member_of_a_stack_has_its_own_bytes() -> None:
    outputs, targets, weights = (x.float() for x in draw(3, 9, shared=True))
    gradient, rows = train_once(loss_of(weighted=True), outputs, targets, weights)
    for member in range(3):
        own = outputs[member : member + 1]
        alone, [row] = train_once(loss_of(weighted=True), own, targets, weights)
        assert torch.equal(alone[0], gradient[member])
        assert row == rows[member]
