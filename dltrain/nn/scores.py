"""Scores of M members on the rows of a split: what metrics are that no sum of an epoch tells.

Letters: M members, C outputs, B rows of a part, N rows of all, K members that share their rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from dltrain.metrics import CLASSIFICATION, Statistics, computed
from dltrain.nn.amount_scores import AMOUNT_ESTIMATES, AmountScores
from dltrain.nn.class_scores import CLASS_ESTIMATES, ClassScores

# Members are scored so many at a time that their outputs are as many numbers, or one at a time.
SCORED_NUMBERS = 2**21


class Scores:
    """Collects the outputs for a split's rows, part by part, on the device, and scores them.

    Outputs are kept as they are: areas under curves and medians need each row's. A member has the
    bytes it has alone, whatever the parts, the stack and the threads. To score 64 members on 10,000
    rows and 10 classes took 0.2 s on two cores; their forward passes on pictures of 28 x 28 took as
    long in softmax regression, and 1 s with 256 hidden units.

    Args:
        task: As in ``Metric.task``. Outputs of a classification are taken for logits.
        unit: Deviation a regression's targets were divided by.
        mean: What was subtracted from them before.
        log: Whether these are logarithms of amounts; the amounts themselves are scored.
    """

    def __init__(
        self, task: str, *, unit: float = 1.0, mean: float = 0.0, log: bool = False
    ) -> None:
        self._task = task
        self._unit, self._mean, self._log = unit, mean, log
        self._outputs: list[Tensor] = []
        self._targets: list[Tensor] = []
        self._weights: list[Tensor] = []

    def add(self, outputs: Tensor, targets: Tensor, weights: Tensor | None = None) -> None:
        """Keep a part: a copy of outputs [M, C, B], and targets [B] or [M / K, B] themselves.

        Weights [B] are how much each row counts; None: all the same.
        """
        self._outputs.append(outputs.clone())
        self._targets.append(targets.view(-1, targets.shape[-1]))
        self._weights += [] if weights is None else [weights.double()]

    @property
    def weighted(self) -> bool:
        """Whether rows have weights."""
        return bool(self._weights)

    @property
    def num_outputs(self) -> int:
        """C; there is at least one part."""
        return self._outputs[0].shape[1]

    def blocks(self) -> Iterator[ClassScores | AmountScores]:
        """Yield the scores of some members after the other, all of whom share their rows.

        There is at least one part.
        """
        if len(self._outputs) > 1:
            self._outputs = [torch.cat(self._outputs, dim=2)]
            self._targets = [torch.cat(self._targets, dim=1)]
        [outputs], [targets] = self._outputs, self._targets
        weights = torch.cat(self._weights) if self._weights else None
        size = max(1, SCORED_NUMBERS // outputs[0].numel())
        for members, shared in zip(outputs.chunk(len(targets)), targets, strict=True):
            for some in torch.split(members, size):
                if self._task == CLASSIFICATION:
                    yield ClassScores(some, shared, weights=weights)
                else:
                    scale = {"unit": self._unit, "mean": self._mean}
                    yield AmountScores(some, shared, weights=weights, log=self._log, **scale)

    def statistics(self) -> list[Statistics]:
        """Return what metrics are computed from, for each member; this waits for the device."""
        result: list[Statistics] = []
        for block in self.blocks():
            numbers = block.statistics()
            rows = torch.stack(list(numbers.values()), dim=1).tolist()
            result += [dict(zip(numbers, row, strict=True)) for row in rows]
        return result

    def metrics(self) -> list[dict[str, float]]:
        """Compute each member's metrics that are not known every epoch; nan where undefined."""
        every = self.statistics()
        return [computed(self._task, each, every_epoch=False) for each in every]

    def row_values(self, name: str) -> Tensor:
        """Return what each row contributes to a metric, [M, N], float64, in the order of rows.

        The mean over rows is the metric; the variance over rows, divided by N, is that of the
        metric over other rows, to first order; rows of two members are paired.

        Args:
            name: One of ``estimated``.
        """
        return torch.cat([block.estimate(name).row_values() for block in self.blocks()])

    def estimated(self) -> Sequence[str]:
        """Name the metrics that have row values, and so intervals."""
        return list(CLASS_ESTIMATES if self._task == CLASSIFICATION else AMOUNT_ESTIMATES)
