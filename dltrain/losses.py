"""Losses and metrics, member by member: value, gradient and what is reported.

Letters: M members, B rows, C classes. Outputs are [M, C, B] ([M, 1, B] for regression), targets
[B], or [M, B] when members see different rows. A loss returns *statistics*, [S, M]: sums over rows
that add up over batches; ``metrics`` turns the sums of an epoch into numbers for people.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Protocol

import torch
from torch import Tensor


class Loss(Protocol):
    """What a model is trained on.

    Attributes:
        num_statistics: S.
        best: The metric that chooses between epochs and between runs.
        higher_is_better: Which way it chooses.
    """

    num_statistics: int
    best: str
    higher_is_better: bool

    def training(self, outputs: Tensor, targets: Tensor, statistics: Tensor) -> Tensor:
        """Fill statistics [S, M]; return the mean loss's gradient for the outputs.

        The outputs are used up: the gradient may be written over them.
        """
        ...

    def evaluation(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return statistics [S, M], float64; the outputs are used up."""
        ...

    def metrics(self, sums: Tensor, rows: int, split: str) -> list[dict[str, float]]:
        """Turn sums [S, M] over ``rows`` rows of a split into named numbers, one dict per member.

        Reading the numbers waits for the device.
        """
        ...


class SquaredError:
    """Half the squared error, mean over rows (textbook 3.1).

    Args:
        unit: Deviation the targets were divided by; metrics are reported in the target's own
            units, that is times ``unit`` (rmse) or its square (loss).
        variances: Variance of the prepared targets of each split, for r2.
    """

    num_statistics = 1
    best = "loss"
    higher_is_better = False

    def __init__(self, *, unit: float, variances: Mapping[str, float]) -> None:
        self._unit = unit
        self._variances = dict(variances)

    def training(self, outputs: Tensor, targets: Tensor, statistics: Tensor) -> Tensor:
        """See ``Loss``; the gradient is (output - target) / B."""
        errors = outputs.sub_(_beside(targets))  # [M, 1, B]
        torch.sum(errors.square(), dim=2, out=statistics.t())
        return errors.div_(outputs.shape[2])

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

    num_statistics = 2
    best = "accuracy"
    higher_is_better = True

    def training(self, outputs: Tensor, targets: Tensor, statistics: Tensor) -> Tensor:
        """See ``Loss``; the gradient is (probabilities - one_hot) / B."""
        members, _, rows = outputs.shape
        index = targets.view(-1, 1, rows).expand(members, 1, rows)
        probabilities = torch.log_softmax(outputs, dim=1)
        chosen = probabilities.gather(1, index)  # [M, 1, B], log-probability of the right class
        torch.sum(chosen, dim=2, out=statistics[:1].t())
        probabilities.exp_()
        probabilities.scatter_add_(1, index, probabilities.new_full((), -1).expand_as(index))
        # With 1 taken from the right class, the largest entry left is that of its best rival.
        rival = probabilities.amax(dim=1, keepdim=True)
        torch.sum(chosen.exp_() > rival, dim=2, dtype=statistics.dtype, out=statistics[1:].t())
        return probabilities.div_(rows)

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


def _beside(targets: Tensor) -> Tensor:
    """Targets [B] or [M, B] as [1 or M, 1, B], to stand beside outputs [M, 1, B]."""
    return targets.view(-1, 1, targets.shape[-1])
