"""Losses, member by member: value, gradient, and the statistics that metrics are computed from.

Letters: M members, B rows, C classes, R records per row, S statistics, T steps, K members that
share a batch. Outputs are [M, C, B] ([M, 1, B] for regression), targets [B], or [M / K, B] when
members see different rows.

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

from dltrain.metrics import CLASSIFICATION, REGRESSION, computed
from dltrain.nn.scratch import Memory
from dltrain.nn.sums import sum_last


class Loss(Protocol):
    """Interface of a loss.

    Attributes:
        num_records: R.
        num_statistics: S; the first is finite as long as the loss is.
        task: Whose metrics it computes (``metrics.py`` has them and says from which statistics).
    """

    num_records: int
    num_statistics: int
    task: str

    def training(
        self, outputs: Tensor, targets: Tensor, records: Sequence[Tensor], *, scale: Tensor
    ) -> Tensor:
        """Fill R records [M, 1, B]; return the gradient for the outputs, written over them.

        Args:
            outputs: [M, C, B].
            targets: [B] or [M / K, B].
            records: Memory for them.
            scale: [M or 1, 1, 1], what each row's gradient is multiplied by: 1 / B for that of the
                mean.
        """

    def statistics(self, records: Tensor) -> Tensor:
        """Add up records [T, R, M, B] over the rows: [T, S, M]; the records are used up."""

    def evaluation(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return statistics [S, M], float64; the outputs are used up."""

    def metrics(self, sums: Tensor, rows: int, split: str) -> list[dict[str, float]]:
        """Turn sums [S, M] over ``rows`` rows of a split into named numbers, one dict per member.

        Reading the numbers waits for the device.
        """


class SquaredError:
    """Half the squared error, mean over rows (textbook 3.1).

    Args:
        unit: Deviation the targets were divided by; metrics are reported in the target's own
            units, that is times ``unit`` (rmse) or its square (loss).
        variances: Variance of the prepared targets of each split, for r2.
    """

    num_records = 1
    num_statistics = 1
    task = REGRESSION

    def __init__(self, *, unit: float, variances: Mapping[str, float]) -> None:
        self._unit = unit
        self._variances = dict(variances)

    def training(
        self, outputs: Tensor, targets: Tensor, records: Sequence[Tensor], *, scale: Tensor
    ) -> Tensor:
        """See ``Loss``; the record is the error, the gradient is scale (output - target)."""
        _by_batch(outputs, targets).sub_(_beside(targets))  # [M/K, K, 1, B]
        records[0].copy_(outputs)
        return outputs.mul_(scale)

    def statistics(self, records: Tensor) -> Tensor:
        """See ``Loss``; the sum of squared errors."""
        return sum_last(records.square_())

    def evaluation(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """See ``Loss``."""
        errors = _by_batch(outputs, targets).sub_(_beside(targets))
        return sum_last(errors.view(outputs.shape).double().square()).t()

    def metrics(self, sums: Tensor, rows: int, split: str) -> list[dict[str, float]]:
        """See ``Loss``; all in the target's own units."""
        means = (sums[0].double() / rows).tolist()
        known = {"unit": self._unit, "variance": self._variances[split]}
        return [
            computed(self.task, {"loss": mean / 2 * self._unit**2, "mean_square": mean, **known})
            for mean in means
        ]


class CrossEntropy:
    """Cross-entropy on logits, through log-sum-exp, mean over rows (textbook 4.1).

    A row counts as right if the right class scores strictly higher than every other.
    """

    num_records = 2
    num_statistics = 2
    task = CLASSIFICATION

    def __init__(self) -> None:
        self._memory: tuple[Memory, Memory] | None = None  # of one-hot targets, of their numbers

    def training(
        self, outputs: Tensor, targets: Tensor, records: Sequence[Tensor], *, scale: Tensor
    ) -> Tensor:
        """See ``Loss``; the gradient is scale (probabilities - one_hot).

        The records are the log-probability of the right class and the probability of its best
        rival, both of which the gradient passes by anyway.
        """
        _, classes, rows = outputs.shape
        scores, targets = _by_batch(outputs, targets), _beside(targets)
        # In place: fresh memory for the outputs of 64 members can cost half of the whole step.
        probabilities: Tensor = torch.ops.aten._log_softmax.out(scores, 2, False, out=scores)
        index = targets.expand(*scores.shape[:2], 1, rows)
        torch.gather(probabilities, 2, index, out=records[0].view(index.shape))
        names, floats = self._memories(outputs)
        # Compared as floats, exact far beyond any number of classes and ten times faster.
        wanted = floats.take(*targets.shape).copy_(targets)
        one_hot = names.take(len(targets), 1, classes, rows)
        torch.eq(wanted, _numbers(classes, outputs.dtype, outputs.device), out=one_hot)
        # With 1 taken from the right class, the largest entry left is that of its best rival.
        probabilities.exp_().sub_(one_hot)
        torch.amax(outputs, dim=1, keepdim=True, out=records[1])
        return outputs.mul_(scale)

    def _memories(self, like: Tensor) -> tuple[Memory, Memory]:
        if self._memory is None:
            self._memory = Memory(like.dtype, like.device), Memory(like.dtype, like.device)
        return self._memory

    def statistics(self, records: Tensor) -> Tensor:
        """See ``Loss``; the sum of log-probabilities and the number of rows that are right."""
        chosen, rival = records.unbind(dim=1)  # [T, M, B] each
        # gt_ writes 0 and 1 where the probabilities were; a sum over truth values takes 10x longer.
        sums = [sum_last(chosen), sum_last(chosen.exp_().gt_(rival))]
        return torch.stack(sums, dim=1)  # [T, 2, M]

    def evaluation(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """See ``Loss``."""
        members, _, rows = outputs.shape
        index = _beside(targets).expand(-1, members // _batches(targets), 1, rows)
        index = index.reshape(members, 1, rows)
        chosen = outputs.gather(1, index)  # [M, 1, B]
        log_probability = chosen - outputs.logsumexp(dim=1, keepdim=True)
        rival = outputs.scatter_(1, index, -math.inf).amax(dim=1, keepdim=True)
        sums = [sum_last(log_probability.double()), sum_last((chosen > rival).double())]
        return torch.cat(sums, dim=1).t()  # [2, M]

    def metrics(self, sums: Tensor, rows: int, split: str) -> list[dict[str, float]]:
        """See ``Loss``; the loss in nats per row."""
        losses, hits = (sums.double() / rows).tolist()
        return [
            computed(self.task, {"loss": -loss, "accuracy": hit})
            for loss, hit in zip(losses, hits, strict=True)
        ]


@functools.cache
def _numbers(classes: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Return the class indices, [C, 1]."""
    return torch.arange(classes, dtype=dtype, device=device).view(-1, 1)


def _batches(targets: Tensor) -> int:
    return targets.shape[0] if targets.dim() > 1 else 1


def _by_batch(outputs: Tensor, targets: Tensor) -> Tensor:
    """Look at outputs [M, C, B] as [M / K, K, C, B]."""
    return outputs.view(_batches(targets), -1, *outputs.shape[1:])


def _beside(targets: Tensor) -> Tensor:
    """Look at targets [B] or [M / K, B] as [1 or M / K, 1, 1, B], to stand beside such outputs."""
    return targets.view(_batches(targets), 1, 1, -1)
