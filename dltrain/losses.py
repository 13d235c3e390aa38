"""Losses and metrics, member by member: value, gradient and what is reported.

Letters: M members, B rows, C classes, R records per row, S statistics, T steps. Outputs are
[M, C, B] ([M, 1, B] for regression), targets [B], or [M, B] when members see different rows.

A training step leaves *records*, R numbers for each row; every few steps they are added up to
*statistics*, S sums over rows; ``metrics`` turns sums into numbers for people.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from typing import Protocol

import torch
from torch import Tensor

from dltrain.memory import Memory

# Records are added up every this many steps, or sooner if they are more numbers than that: seldom
# enough to cost nothing, often enough that they stay in the cache.
RECORD_STEPS, RECORD_NUMBERS = 64, 2**17


class Loss(Protocol):
    """What a model is trained on.

    Attributes:
        num_records: R.
        names: Of the metrics.
        num_statistics: S; the first is finite as long as the loss is.
        best: The metric that chooses between epochs and between runs.
        higher_is_better: Which way it chooses.
    """

    num_records: int
    num_statistics: int
    names: tuple[str, ...]
    best: str
    higher_is_better: bool

    def training(self, outputs: Tensor, targets: Tensor, records: Sequence[Tensor]) -> Tensor:
        """Fill R records [M, 1, B]; return the mean loss's gradient for the outputs.

        The outputs are used up: the gradient may be written over them.
        """
        ...

    def statistics(self, records: Tensor) -> Tensor:
        """Add up records [T, R, M, B] over the rows: [T, S, M]; the records are used up."""
        ...

    def evaluation(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return statistics [S, M], float64; the outputs are used up."""
        ...

    def metrics(self, sums: Tensor, rows: int, split: str) -> list[dict[str, float]]:
        """Turn sums [S, M] over ``rows`` rows of a split into named numbers, one dict per member.

        Reading the numbers waits for the device.
        """
        ...


class Tally:
    """Collects the records of an epoch's steps and adds them up.

    Args:
        loss: Whose records they are.
        steps: In the epoch.
        members: M.
        rows: B, at most.
        like: A tensor of the dtype and device wanted.
    """

    def __init__(self, loss: Loss, *, steps: int, members: int, rows: int, like: Tensor) -> None:
        self._loss = loss
        numbers = loss.num_records * members * rows
        kept = max(1, min(steps, RECORD_STEPS, RECORD_NUMBERS // numbers))
        self._records = like.new_empty(kept, loss.num_records, members, rows)
        self._statistics = like.new_zeros(steps, loss.num_statistics, members)
        # Views are made once: a step is short enough to feel the cost of each.
        self._slots = [_slot(records) for records in self._records]
        self._rows = rows  # of the steps not added up yet
        self._added = 0  # steps added up
        self._taken = 0  # steps not added up yet

    def records(self, rows: int) -> Sequence[Tensor]:
        """Return where the next step is to leave its records, R of [M, 1, rows]."""
        if self._taken == len(self._records) or rows != self._rows:
            self._add_up()
        self._rows = rows
        self._taken += 1
        slot = self._slots[self._taken - 1]
        return (
            slot if rows == slot[0].shape[2] else _slot(self._records[self._taken - 1, :, :, :rows])
        )

    def statistics(self) -> Tensor:
        """Return the sums of each step so far, [T, S, M]."""
        self._add_up()
        return self._statistics[: self._added]

    def _add_up(self) -> None:
        if self._taken:
            steps = slice(self._added, self._added + self._taken)
            records = self._records[: self._taken, :, :, : self._rows]
            self._statistics[steps] = self._loss.statistics(records)
            self._added, self._taken = steps.stop, 0


def _slot(records: Tensor) -> Sequence[Tensor]:
    """Take records [R, M, B] apart: R views [M, 1, B]."""
    return records.unsqueeze(2).unbind(dim=0)


class SquaredError:
    """Half the squared error, mean over rows (textbook 3.1).

    Args:
        unit: Deviation the targets were divided by; metrics are reported in the target's own
            units, that is times ``unit`` (rmse) or its square (loss).
        variances: Variance of the prepared targets of each split, for r2.
    """

    num_records = 1
    num_statistics = 1
    names: tuple[str, ...] = ("loss", "rmse", "r2")
    best = "loss"
    higher_is_better = False

    def __init__(self, *, unit: float, variances: Mapping[str, float]) -> None:
        self._unit = unit
        self._variances = dict(variances)

    def training(self, outputs: Tensor, targets: Tensor, records: Sequence[Tensor]) -> Tensor:
        """See ``Loss``; the record is the error, the gradient is (output - target) / B."""
        errors = outputs.sub_(_beside(targets))  # [M, 1, B]
        records[0].copy_(errors)
        return errors.div_(outputs.shape[2])

    def statistics(self, records: Tensor) -> Tensor:
        """See ``Loss``; the sum of squared errors."""
        return records.square_().sum(dim=3)

    def evaluation(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """See ``Loss``."""
        return outputs.sub_(_beside(targets)).double().square().sum(dim=2).t()

    def metrics(self, sums: Tensor, rows: int, split: str) -> list[dict[str, float]]:
        """Report loss, rmse and r2; r2 is nan where the targets do not vary."""
        means = (sums[0].double() / rows).tolist()
        variance = self._variances[split]
        return [
            {
                "loss": mean / 2 * self._unit**2,
                "rmse": math.sqrt(mean) * self._unit,
                "r2": 1 - mean / variance if variance > 0 else math.nan,
            }
            for mean in means
        ]


class CrossEntropy:
    """Cross-entropy on logits, through log-sum-exp, mean over rows (textbook 4.1).

    A row counts as right if the right class scores strictly higher than every other.
    """

    num_records = 2
    num_statistics = 2
    names: tuple[str, ...] = ("loss", "accuracy")
    best = "accuracy"
    higher_is_better = True

    def __init__(self) -> None:
        self._one_hot: Memory | None = None

    def training(self, outputs: Tensor, targets: Tensor, records: Sequence[Tensor]) -> Tensor:
        """See ``Loss``; the gradient is (probabilities - one_hot) / B.

        The records are the log-probability of the right class and the probability of its best
        rival, both of which the gradient passes by anyway.
        """
        members, classes, rows = outputs.shape
        targets = targets.view(-1, 1, rows)  # [1 or M, 1, B]
        # In place: fresh memory for the outputs of 64 members can cost half of the whole step.
        probabilities: Tensor = torch.ops.aten._log_softmax.out(outputs, 1, False, out=outputs)
        torch.gather(probabilities, 1, targets.expand(members, 1, rows), out=records[0])
        one_hot = self._one_hot_memory(outputs).take(len(targets), classes, rows)
        # Compared as floats, exact far beyond any number of classes and ten times faster.
        names = _numbers(classes, outputs.dtype, outputs.device)
        torch.eq(targets.to(outputs.dtype), names, out=one_hot)
        # With 1 taken from the right class, the largest entry left is that of its best rival.
        probabilities.exp_().sub_(one_hot)
        torch.amax(probabilities, dim=1, keepdim=True, out=records[1])
        return probabilities.div_(rows)

    def _one_hot_memory(self, outputs: Tensor) -> Memory:
        if self._one_hot is None:
            self._one_hot = Memory(outputs.dtype, outputs.device)
        return self._one_hot

    def statistics(self, records: Tensor) -> Tensor:
        """See ``Loss``; the sum of log-probabilities and the number of rows that are right."""
        chosen, rival = records.unbind(dim=1)  # [T, M, B] each
        # gt_ writes 0 and 1 where the probabilities were; a sum over truth values takes 10x longer.
        sums = [chosen.sum(dim=2), chosen.exp_().gt_(rival).sum(dim=2)]
        return torch.stack(sums, dim=1)  # [T, 2, M]

    def evaluation(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """See ``Loss``."""
        members, _, rows = outputs.shape
        index = targets.view(-1, 1, rows).expand(members, 1, rows)
        chosen = outputs.gather(1, index)  # [M, 1, B]
        log_probability = chosen - outputs.logsumexp(dim=1, keepdim=True)
        rival = outputs.scatter_(1, index, -math.inf).amax(dim=1, keepdim=True)
        sums = [log_probability.double().sum(dim=2), (chosen > rival).double().sum(dim=2)]
        return torch.cat(sums, dim=1).t()  # [2, M]

    def metrics(self, sums: Tensor, rows: int, split: str) -> list[dict[str, float]]:
        """Report loss (nats per row) and accuracy."""
        losses, hits = (sums.double() / rows).tolist()
        return [{"loss": -loss, "accuracy": hit} for loss, hit in zip(losses, hits, strict=True)]


@functools.cache
def _numbers(classes: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Return the class indices, [1, C, 1]."""
    return torch.arange(classes, dtype=dtype, device=device).view(1, -1, 1)


def _beside(targets: Tensor) -> Tensor:
    """Targets [B] or [M, B] as [1 or M, 1, B], to stand beside outputs [M, 1, B]."""
    return targets.view(-1, 1, targets.shape[-1])
