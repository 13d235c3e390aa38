"""Losses against NumPy by hand and against autograd."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from dltrain.nn.losses import CrossEntropy, Loss, SquaredError

CLASSES = 4


def draw(
    members: int, classes: int, rows: int, *, own: bool, dtype: torch.dtype = torch.float64
) -> tuple[Tensor, Tensor]:
    """Draw outputs [M, C, B] and targets, [B] or [M, B] where members see their ``own`` rows."""
    generator = torch.Generator().manual_seed(members * 100 + rows)
    outputs = torch.randn(members, classes, rows, generator=generator, dtype=torch.float64)
    shape = (members, rows) if own else (rows,)
    if classes == 1:
        return outputs.to(dtype), torch.randn(shape, generator=generator).to(dtype)
    return outputs.to(dtype), torch.randint(classes, shape, generator=generator)


def squared_error(unit: float = 1.0, variance: float = 1.0) -> SquaredError:
    return SquaredError(unit=unit, variances={"train": variance, "val": variance})


def mean_of(outputs: Tensor) -> Tensor:
    """What makes the gradient of a sum over rows that of their mean, [1, 1, 1]."""
    return outputs.new_full((1, 1, 1), 1 / outputs.shape[2])


def train_once(
    loss: Loss, outputs: Tensor, targets: Tensor, weights: Tensor | None = None
) -> tuple[Tensor, list[dict[str, float]]]:
    """Return the gradient of a step and the metrics its records make."""
    members, _, rows = outputs.shape
    records = outputs.new_empty(loss.num_records, members, rows)
    slots = records.unsqueeze(2).unbind()
    scale = mean_of(outputs)
    gradient = loss.training(outputs.clone(), targets, slots, scale=scale, weights=weights)
    return gradient, loss.metrics(loss.statistics(records[None])[0], rows, "train")


def evaluate(loss: Loss, outputs: Tensor, targets: Tensor) -> list[dict[str, float]]:
    return loss.metrics(loss.evaluation(outputs.clone(), targets), outputs.shape[2], "val")


def beside(outputs: Tensor, targets: Tensor) -> Tensor:
    """Targets as [M, B]."""
    return targets.expand(outputs.shape[0], outputs.shape[2])


def by_autograd(outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return losses [M] and their gradient, from torch's own functions."""
    leaf = outputs.clone().requires_grad_()
    if outputs.shape[1] == 1:
        errors = leaf[:, 0] - beside(outputs, targets)
        losses = errors.square().mean(dim=1) / 2
    else:
        entropy = F.cross_entropy(leaf, beside(outputs, targets), reduction="none")
        losses = entropy.mean(dim=1)
    return losses.detach(), torch.autograd.grad(losses.sum(), leaf)[0]


def log_softmax(outputs: Tensor) -> Any:
    scores = outputs.numpy()
    shifted = scores - scores.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


CASES = [(1, False), (3, False), (3, True)]


@pytest.mark.parametrize(("members", "own"), CASES)
@pytest.mark.parametrize("classes", [1, CLASSES])
def test_value_and_gradient_equal_autograd(classes: int, members: int, own: bool) -> None:
    loss: Loss = CrossEntropy() if classes > 1 else squared_error()
    outputs, targets = draw(members, classes, 7, own=own)
    gradient, metrics = train_once(loss, outputs, targets)
    losses, expected = by_autograd(outputs, targets)
    torch.testing.assert_close(gradient, expected, rtol=1e-12, atol=1e-15)
    assert [row["loss"] for row in metrics] == pytest.approx(losses.tolist(), rel=1e-12)
    evaluated = [row["loss"] for row in evaluate(loss, outputs, targets)]
    assert evaluated == pytest.approx(losses.tolist(), rel=1e-12)


@pytest.mark.parametrize(("members", "own"), CASES)
def test_cross_entropy_and_accuracy_equal_numpys(members: int, own: bool) -> None:
    outputs, targets = draw(members, CLASSES, 50, own=own)
    wanted = beside(outputs, targets).numpy()
    chosen = np.take_along_axis(log_softmax(outputs), wanted[:, None, :], axis=1)[:, 0]
    hits = (outputs.numpy().argmax(axis=1) == wanted).mean(axis=1)
    for rows in (
        train_once(CrossEntropy(), outputs, targets)[1],
        evaluate(CrossEntropy(), outputs, targets),
    ):
        assert [row["loss"] for row in rows] == pytest.approx(-chosen.mean(axis=1), rel=1e-12)
        assert [row["accuracy"] for row in rows] == pytest.approx(hits, rel=1e-12)


@pytest.mark.parametrize(("members", "own"), CASES)
def test_squared_error_rmse_and_r2_equal_numpys(members: int, own: bool) -> None:
    outputs, targets = draw(members, 1, 50, own=own)
    errors = outputs.numpy()[:, 0] - targets.numpy()
    squares = np.square(errors).mean(axis=1)
    loss = squared_error(variance=2.0)
    for rows in (train_once(loss, outputs, targets)[1], evaluate(loss, outputs, targets)):
        assert [row["loss"] for row in rows] == pytest.approx(squares / 2, rel=1e-12)
        assert [row["rmse"] for row in rows] == pytest.approx(np.sqrt(squares), rel=1e-12)
        assert [row["r2"] for row in rows] == pytest.approx(1 - squares / 2.0, rel=1e-12)


@pytest.mark.parametrize("classes", [2, 10, 1000])
def test_a_model_that_knows_nothing_scores_the_logarithm_of_the_classes(classes: int) -> None:
    outputs, targets = torch.zeros(2, classes, 5), torch.arange(5) % classes
    losses = [row["loss"] for row in train_once(CrossEntropy(), outputs, targets)[1]]
    losses += [row["loss"] for row in evaluate(CrossEntropy(), outputs, targets)]
    assert losses == pytest.approx([math.log(classes)] * 4, rel=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_huge_logits_give_finite_losses_and_gradients(dtype: torch.dtype) -> None:
    right = torch.tensor([[[1e4], [-1e4], [0.0]]], dtype=dtype)
    for target, expected in ((0, 0.0), (1, 2e4), (2, 1e4)):
        gradient, rows = train_once(CrossEntropy(), right, torch.tensor([target]))
        assert gradient.isfinite().all()
        assert rows[0]["loss"] == pytest.approx(expected)
        assert evaluate(CrossEntropy(), right, torch.tensor([target]))[0] == rows[0]
        assert rows[0]["accuracy"] == float(target == 0)


def test_a_shift_of_all_logits_changes_no_loss() -> None:
    outputs, targets = draw(2, CLASSES, 9, own=False)
    shifted = train_once(CrossEntropy(), outputs + 1e4, targets)[1]
    plain = train_once(CrossEntropy(), outputs, targets)[1]
    assert [r["loss"] for r in shifted] == pytest.approx([r["loss"] for r in plain], rel=1e-10)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("rows", [1, 3, 8, 17, 64])
def test_a_tie_counts_as_wrong(rows: int, dtype: torch.dtype) -> None:
    outputs, targets = draw(3, 10, rows, own=True, dtype=dtype)
    index = targets[:, None, :]
    rival = outputs.scatter(1, index, -math.inf).amax(dim=1, keepdim=True)
    tied = outputs.scatter(1, index, rival)
    for metrics in (
        train_once(CrossEntropy(), tied, targets)[1],
        evaluate(CrossEntropy(), tied, targets),
    ):
        assert [row["accuracy"] for row in metrics] == [0.0] * 3


def test_a_slightly_higher_score_counts_as_right() -> None:
    outputs = torch.zeros(1, 3, 4)
    outputs[0, 1] = 1e-3
    assert (
        train_once(CrossEntropy(), outputs, torch.ones(4, dtype=torch.int64))[1][0]["accuracy"]
        == 1.0
    )
    assert evaluate(CrossEntropy(), outputs, torch.ones(4, dtype=torch.int64))[0]["accuracy"] == 1.0


@pytest.mark.parametrize("loss", [CrossEntropy(), squared_error()], ids=["classes", "numbers"])
def test_a_member_that_is_not_finite_shows_it_and_no_other_does(loss: Loss) -> None:
    outputs, targets = draw(2, CLASSES if isinstance(loss, CrossEntropy) else 1, 5, own=False)
    outputs[0, 0, 2] = math.nan
    for rows in (train_once(loss, outputs, targets)[1], evaluate(loss, outputs, targets)):
        assert [math.isfinite(row["loss"]) for row in rows] == [False, True]


@pytest.mark.parametrize("loss", [CrossEntropy(), squared_error()], ids=["classes", "numbers"])
def test_a_member_scores_the_same_alone_and_in_a_stack(loss: Loss) -> None:
    classes = CLASSES if isinstance(loss, CrossEntropy) else 1
    outputs, targets = draw(5, classes, 33, own=True, dtype=torch.float32)
    gradient, rows = train_once(loss, outputs, targets)
    for member in range(5):
        alone = slice(member, member + 1)
        single, row = train_once(loss, outputs[alone], targets[alone])
        assert torch.equal(single[0], gradient[member])
        assert row[0] == pytest.approx(rows[member], rel=1e-6)


@pytest.mark.parametrize("loss", [CrossEntropy(), squared_error()], ids=["classes", "numbers"])
@pytest.mark.parametrize(("members", "batches"), [(4, 2), (6, 3), (6, 2), (4, 1), (3, 3)])
def test_members_that_share_a_batch_score_as_with_copies_of_it(
    loss: Loss, members: int, batches: int
) -> None:
    classes = CLASSES if isinstance(loss, CrossEntropy) else 1
    outputs, _ = draw(members, classes, 7, own=False)
    _, targets = draw(batches, classes, 7, own=True)  # [M/K, B]
    copies = targets.repeat_interleave(members // batches, dim=0)  # [M, B]
    gradient, rows = train_once(loss, outputs, targets)
    wanted, expected = train_once(loss, outputs, copies)
    assert gradient.shape == outputs.shape
    assert torch.equal(gradient, wanted)
    assert rows == expected
    assert evaluate(loss, outputs, targets) == evaluate(loss, outputs, copies)


@pytest.mark.parametrize("loss", [CrossEntropy(), squared_error()], ids=["classes", "numbers"])
@pytest.mark.parametrize("own", [False, True], ids=["shared batch", "own batches"])
def test_each_members_gradient_is_multiplied_by_its_scale(loss: Loss, own: bool) -> None:
    """By -lr / B, for one, when the layers are to descend."""
    classes = CLASSES if isinstance(loss, CrossEntropy) else 1
    outputs, targets = draw(3, classes, 7, own=own)
    means, rows = train_once(loss, outputs, targets)
    factors = torch.tensor([-0.5, 0.0, 3.0], dtype=torch.float64).view(3, 1, 1)
    records = outputs.new_empty(loss.num_records, 3, 7)
    slots, scale = records.unsqueeze(2).unbind(), factors * mean_of(outputs)
    gradient = loss.training(outputs.clone(), targets, slots, scale=scale)
    torch.testing.assert_close(gradient, means * factors, rtol=1e-14, atol=0)
    # What is recorded knows nothing of it.
    assert loss.metrics(loss.statistics(records[None])[0], 7, "train") == rows


@pytest.mark.parametrize("loss", [CrossEntropy(), squared_error()], ids=["classes", "numbers"])
def test_the_gradient_is_written_over_the_outputs(loss: Loss) -> None:
    """Fresh memory for the outputs of 64 members can cost half of the whole step."""
    outputs, targets = draw(3, CLASSES if isinstance(loss, CrossEntropy) else 1, 7, own=True)
    slots = outputs.new_empty(loss.num_records, 3, 7).unsqueeze(2).unbind()
    gradient = loss.training(outputs, targets, slots, scale=mean_of(outputs))
    assert gradient.data_ptr() == outputs.data_ptr()


def test_r2_is_nan_where_the_targets_do_not_vary() -> None:
    outputs, targets = draw(1, 1, 5, own=False)
    row = evaluate(squared_error(variance=0.0), outputs, targets)[0]
    assert math.isnan(row["r2"])
    assert math.isfinite(row["rmse"])


def test_metrics_come_in_the_targets_own_units() -> None:
    outputs, targets = draw(2, 1, 20, own=False)
    plain = evaluate(squared_error(), outputs, targets)
    scaled = evaluate(squared_error(unit=250.0), outputs, targets)
    for a, b in zip(plain, scaled, strict=True):
        assert b["loss"] == pytest.approx(a["loss"] * 250.0**2)
        assert b["rmse"] == pytest.approx(a["rmse"] * 250.0)
        assert b["r2"] == pytest.approx(a["r2"])


def test_the_unit_changes_no_gradient() -> None:
    outputs, targets = draw(2, 1, 20, own=False)
    plain, _ = train_once(squared_error(), outputs, targets)
    scaled, _ = train_once(squared_error(unit=250.0), outputs, targets)
    assert torch.equal(plain, scaled)


def test_evaluation_adds_up_in_float64() -> None:
    outputs, targets = draw(1, CLASSES, 20, own=False, dtype=torch.float32)
    assert CrossEntropy().evaluation(outputs, targets).dtype == torch.float64
    outputs, targets = draw(1, 1, 20, own=False, dtype=torch.float32)
    assert squared_error().evaluation(outputs, targets).dtype == torch.float64


CLASS_WEIGHTS = [[0.2, 1.0, 3.0, 0.0], [1.0, 1.0, 1.0, 1.0], [4.0, 0.5, 0.0, 2.0]]


def by_weighted_autograd(
    outputs: Tensor, targets: Tensor, weights: Tensor, classes: list[list[float]] | None
) -> tuple[Tensor, Tensor]:
    """Return weighted mean losses [M], and the gradient of the sum of weighted losses / B."""
    leaf, wanted = outputs.clone().requires_grad_(), beside(outputs, targets)
    if outputs.shape[1] == 1:
        losses = (leaf[:, 0] - wanted).square() / 2
    else:
        losses = F.cross_entropy(leaf, wanted, reduction="none")
    counts = beside(outputs, weights)
    if classes is not None:
        numbers = torch.tensor(classes, dtype=torch.float64)[: len(outputs)]
        counts = counts * numbers.gather(1, wanted)
    gradient = torch.autograd.grad((losses * counts).sum() / outputs.shape[2], leaf)[0]
    return ((losses * counts).sum(dim=1) / counts.sum(dim=1)).detach(), gradient


@pytest.mark.parametrize(("members", "own"), CASES)
@pytest.mark.parametrize("case", ["amounts", "classes", "weighed classes"])
def test_weighted_value_and_gradient_equal_autograd(case: str, members: int, own: bool) -> None:
    outputs, targets = draw(members, 1 if case == "amounts" else 4, 40, own=own)
    weights = torch.rand(targets.shape, dtype=torch.float64) * (torch.rand(targets.shape) > 0.2)
    numbers = CLASS_WEIGHTS[:members] if case == "weighed classes" else None
    variances = {"train": 1.0, "val": 1.0}
    loss: Loss = (
        SquaredError(unit=1.0, variances=variances, weighted=True)
        if case == "amounts"
        else CrossEntropy(class_weights=numbers, weighted=True)
    )
    gradient, rows = train_once(loss, outputs, targets, weights)
    losses, expected = by_weighted_autograd(outputs, targets, weights, numbers)
    torch.testing.assert_close(gradient, expected, rtol=1e-12, atol=1e-15)
    sums = loss.evaluation(outputs.clone(), targets, weights)
    for found in (rows, loss.metrics(sums, 40, "val")):
        assert [row["loss"] for row in found] == pytest.approx(losses.tolist(), rel=1e-12)
    if case != "amounts":  # the accuracy is weighted by rows alone
        right = outputs.argmax(dim=1) == beside(outputs, targets)
        counts = beside(outputs, weights)
        shares = (right * counts).sum(dim=1) / counts.sum(dim=1)
        for found in (rows, loss.metrics(sums, 40, "val")):
            assert [row["accuracy"] for row in found] == pytest.approx(shares.tolist(), rel=1e-12)


def test_a_member_of_a_weighed_stack_has_its_own_bytes() -> None:
    outputs, targets = draw(3, 4, 9, own=False, dtype=torch.float32)
    weights = torch.rand(9)
    together = CrossEntropy(class_weights=CLASS_WEIGHTS, weighted=True)
    gradient, rows = train_once(together, outputs, targets, weights)
    for member in range(3):
        alone = CrossEntropy(class_weights=[CLASS_WEIGHTS[member]], weighted=True)
        own, [row] = train_once(alone, outputs[member : member + 1], targets, weights)
        assert torch.equal(own[0], gradient[member])
        assert row == rows[member]
