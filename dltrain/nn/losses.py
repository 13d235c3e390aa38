"""Losses, member by member: value, gradient, and the statistics that metrics are computed from.

Letters: M members, B rows, C classes, R records per row, S statistics, T steps, K members that
share a batch. Outputs are [M, C, B] ([M, 1, B] for regression), targets [B], or [M / K, B] when
members see different rows. Weights of rows, where there are some, have the shape of targets.

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
from dltrain.nn.row_weights import Weigher, batches, spread, square_sums, square_sums_of_records
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
        self,
        outputs: Tensor,
        targets: Tensor,
        records: Sequence[Tensor],
        *,
        scale: Tensor,
        weights: Tensor | None = None,
    ) -> Tensor:
        """Fill R records [M, 1, B]; return the gradient for the outputs, written over them.

        Args:
            outputs: [M, C, B].
            targets: [B] or [M / K, B].
            records: Memory for them.
            scale: [M or 1, 1, 1], what each row's gradient is multiplied by: 1 / B for that of the
                mean.
            weights: How much each row counts, on top of that, of a data set that has weights.
        """

    def statistics(self, records: Tensor) -> Tensor:
        """Add up records [T, R, M, B] over the rows: [T, S, M]; the records are used up."""

    def evaluation(self, outputs: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
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
        weighted: Whether rows have weights.
    """

    task = REGRESSION

    def __init__(
        self, *, unit: float, variances: Mapping[str, float], weighted: bool = False
    ) -> None:
        self._unit = unit
        self._variances = dict(variances)
        self.num_records = self.num_statistics = 2 if weighted else 1

    def training(
        self,
        outputs: Tensor,
        targets: Tensor,
        records: Sequence[Tensor],
        *,
        scale: Tensor,
        weights: Tensor | None = None,
    ) -> Tensor:
        """See ``Loss``; the record is the error, the gradient is scale (output - target)."""
        by_batch(outputs, targets).sub_(beside(targets))  # [M/K, K, 1, B]
        records[0].copy_(outputs)
        if weights is not None:
            records[1].copy_(spread(weights, len(outputs)))
            outputs.mul_(records[1])
        return outputs.mul_(scale)

    def statistics(self, records: Tensor) -> Tensor:
        """See ``Loss``; the sum of squared errors, and that of the weights if there are some."""
        return square_sums_of_records(records, weighted=self.num_records == 2)

    def evaluation(self, outputs: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
        """See ``Loss``."""
        errors = by_batch(outputs, targets).sub_(beside(targets))
        return square_sums(errors.view(outputs.shape), weights)

    def metrics(self, sums: Tensor, rows: int, split: str) -> list[dict[str, float]]:
        """See ``Loss``; all in the target's own units."""
        means = (sums[0].double() / (sums[1].double() if len(sums) == 2 else rows)).tolist()
        known = {"unit": self._unit, "variance": self._variances[split]}
        return [
            computed(self.task, {"loss": mean / 2 * self._unit**2, "mean_square": mean, **known})
            for mean in means
        ]


class CrossEntropy:
    """Cross-entropy on logits, through log-sum-exp, mean over rows (textbook 4.1).

    A row counts as right if the right class scores strictly higher than every other.

    Args:
        class_weights: How much the rows of each class count in the loss, C numbers per member; in
            the accuracy they do not. None: each counts 1.
        weighted: Whether rows have weights, which count in both.
    """

    task = CLASSIFICATION

    def __init__(
        self, *, class_weights: Sequence[Sequence[float]] | None = None, weighted: bool = False
    ) -> None:
        self._memory: tuple[Memory, Memory] | None = None  # of one-hot targets, of their numbers
        self._weigher = Weigher(class_weights) if weighted or class_weights is not None else None
        self.num_records = self.num_statistics = 2 if self._weigher is None else 4

    def training(
        self,
        outputs: Tensor,
        targets: Tensor,
        records: Sequence[Tensor],
        *,
        scale: Tensor,
        weights: Tensor | None = None,
    ) -> Tensor:
        """See ``Loss``; the gradient is scale (probabilities - one_hot), times the row's weight.

        The records are the log-probability of the right class and the probability of its best
        rival, both of which the gradient passes by anyway.
        """
        _, classes, rows = outputs.shape
        if self._weigher is not None:
            in_loss, in_metrics = self._weigher(targets, weights, like=outputs)
            records[2].copy_(in_loss)
            records[3].copy_(in_metrics)
        scores, targets = by_batch(outputs, targets), beside(targets)
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
        if self._weigher is not None:
            outputs.mul_(records[2])
        return outputs.mul_(scale)

    def _memories(self, like: Tensor) -> tuple[Memory, Memory]:
        if self._memory is None:
            self._memory = Memory(like.dtype, like.device), Memory(like.dtype, like.device)
        return self._memory

    def statistics(self, records: Tensor) -> Tensor:
        """See ``Loss``; the sum of log-probabilities and the number of rows that are right.

        And the sums of weights in these two, if there are some.
        """
        chosen, rival, *weights = records.unbind(dim=1)  # [T, M, B] each
        if weights:
            sums = [sum_last(chosen * weights[0])]
            sums += [sum_last(chosen.exp_().gt_(rival).mul_(weights[1])), *map(sum_last, weights)]
            return torch.stack(sums, dim=1)  # [T, 4, M]
        # gt_ writes 0 and 1 where the probabilities were; a sum over truth values takes 10x longer.
        sums = [sum_last(chosen), sum_last(chosen.exp_().gt_(rival))]
        return torch.stack(sums, dim=1)  # [T, 2, M]

    def evaluation(self, outputs: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
        """See ``Loss``."""
        members, _, rows = outputs.shape
        index = beside(targets).expand(-1, members // batches(targets), 1, rows)
        index = index.reshape(members, 1, rows)
        chosen = outputs.gather(1, index)  # [M, 1, B]
        log_probability = chosen - outputs.logsumexp(dim=1, keepdim=True)
        rival = outputs.scatter_(1, index, -math.inf).amax(dim=1, keepdim=True)
        log_probability, right = log_probability.double(), (chosen > rival).double()
        if self._weigher is not None:
            every = self._weigher(targets, weights, like=log_probability)
            right = right * every[1]
            sums = [sum_last(log_probability * every[0]), sum_last(right), *map(sum_last, every)]
            return torch.cat(sums, dim=1).t()  # [4, M]
        return torch.cat([sum_last(log_probability), sum_last(right)], dim=1).t()  # [2, M]

    def metrics(self, sums: Tensor, rows: int, split: str) -> list[dict[str, float]]:
        """See ``Loss``; the loss in nats per row, or per unit of weight."""
        counts = sums[2:].double() if len(sums) == 4 else rows
        losses, hits = (sums[:2].double() / counts).tolist()
        return [
            computed(self.task, {"loss": -loss, "accuracy": hit})
            for loss, hit in zip(losses, hits, strict=True)
        ]


@functools.cache
def _numbers(classes: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Return the class indices, [C, 1]."""
    return torch.arange(classes, dtype=dtype, device=device).view(-1, 1)


def by_batch(outputs: Tensor, targets: Tensor) -> Tensor:
    """Look at outputs [M, C, B] as [M / K, K, C, B]."""
    return outputs.view(batches(targets), -1, *outputs.shape[1:])


def beside(targets: Tensor) -> Tensor:
    """Look at targets [B] or [M / K, B] as [1 or M / K, 1, 1, B], to stand beside such outputs."""
    return targets.view(batches(targets), 1, 1, -1)
