"""Sums over the batches of an epoch are those of its rows."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from dltrain.nn.losses import CrossEntropy, Loss
from dltrain.train.tally import RECORD_STEPS, Tally
from tests.nn.test_losses import CLASSES, draw, evaluate, mean_of, squared_error


def batches(loss: Loss, sizes: list[int]) -> list[tuple[Tensor, Tensor]]:
    classes = CLASSES if isinstance(loss, CrossEntropy) else 1
    return [draw(2, classes, rows, own=False) for rows in sizes]


SIZES = {
    "one step": [5],
    "full batches": [8] * 10,
    "a smaller last batch": [8] * 10 + [3],
    "as many as are kept": [4] * RECORD_STEPS,
    "more than are kept": [4] * (2 * RECORD_STEPS + 7),
    "a smaller last batch after as many as are kept": [4] * RECORD_STEPS + [1],
    "a smaller last batch after more than are kept": [4] * (RECORD_STEPS + 5) + [2],
}


@pytest.mark.parametrize("loss", [CrossEntropy(), squared_error()], ids=["classes", "numbers"])
@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES.keys())
def test_a_tally_adds_up_what_the_steps_recorded(loss: Loss, sizes: list[int]) -> None:
    steps = batches(loss, sizes)
    like = torch.empty(0, dtype=torch.float64)
    tally = Tally(loss, steps=len(steps), members=2, rows=sizes[0], like=like)
    for outputs, targets in steps:
        loss.training(
            outputs.clone(), targets, tally.records(outputs.shape[2]), scale=mean_of(outputs)
        )
    direct = [loss.evaluation(outputs.clone(), targets) for outputs, targets in steps]
    torch.testing.assert_close(tally.statistics(), torch.stack(direct), rtol=1e-12, atol=1e-14)


def test_a_tally_may_be_read_along_the_way() -> None:
    loss = squared_error()
    steps, like = batches(loss, [4] * 9), torch.empty(0, dtype=torch.float64)
    often, once = (Tally(loss, steps=9, members=2, rows=4, like=like) for _ in range(2))
    for index, (outputs, targets) in enumerate(steps):
        for tally in (often, once):
            loss.training(outputs.clone(), targets, tally.records(4), scale=mean_of(outputs))
        assert len(often.statistics()) == index + 1
    assert torch.equal(often.statistics(), once.statistics())


def test_a_tally_that_was_cleared_knows_only_what_came_after() -> None:
    loss = squared_error()
    steps, like = batches(loss, [4] * RECORD_STEPS + [4] * 9), torch.empty(0, dtype=torch.float64)
    again, fresh = (Tally(loss, steps=len(steps), members=2, rows=4, like=like) for _ in range(2))
    for outputs, targets in steps:  # more than are kept
        loss.training(outputs.clone(), targets, again.records(4), scale=mean_of(outputs))
    again.clear()
    assert len(again.statistics()) == 0
    for outputs, targets in steps[:3]:
        for tally in (again, fresh):
            loss.training(outputs.clone(), targets, tally.records(4), scale=mean_of(outputs))
    assert len(again.statistics()) == 3
    assert torch.equal(again.statistics(), fresh.statistics())


def test_an_epoch_metric_weighs_rows_and_not_batches() -> None:
    loss = squared_error()
    outputs, targets = draw(1, 1, 11, own=False)
    tally = Tally(loss, steps=2, members=1, rows=8, like=outputs)
    for part in (slice(0, 8), slice(8, 11)):
        records = tally.records(part.stop - part.start)
        scale = mean_of(outputs[:, :, part])
        loss.training(outputs[:, :, part].clone(), targets[part], records, scale=scale)
    row = loss.metrics(tally.statistics().sum(dim=0), 11, "train")[0]
    assert row == pytest.approx(evaluate(loss, outputs, targets)[0], rel=1e-12)
