"""The loss of amounts whose logarithm is learned.

Letters: M members, B rows, K members that share a batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from dltrain.metrics import REGRESSION, computed
from dltrain.nn.losses import beside, by_batch
from dltrain.nn.row_weights import spread, square_sums, square_sums_of_records


class SquaredLogError:
    """Half the squared error of the logarithm, mean over rows.

    Every metric but the loss is of the amounts themselves.

    Args:
        unit: Deviation the logarithms were divided by.
        mean: What was subtracted from them before.
        variances: Variance of the amounts of each split, for r2.
        weighted: Whether rows have weights.
    """

    task = REGRESSION

    def __init__(
        self, *, unit: float, mean: float, variances: Mapping[str, float], weighted: bool = False
    ) -> None:
        self._unit, self._mean = unit, mean
        self._variances = dict(variances)
        self.num_records = self.num_statistics = 3 if weighted else 2

    def _amounts(self, prepared: Tensor) -> Tensor:
        return (prepared * self._unit).add_(self._mean).exp_()

    def training(
        self,
        outputs: Tensor,
        targets: Tensor,
        records: Sequence[Tensor],
        *,
        scale: Tensor,
        weights: Tensor | None = None,
    ) -> Tensor:
        """See ``Loss``; the records are the errors of the logarithm and of the amount."""
        torch.sub(
            by_batch(self._amounts(outputs), targets),
            beside(self._amounts(targets)),
            out=by_batch(records[1], targets),
        )
        by_batch(outputs, targets).sub_(beside(targets))
        records[0].copy_(outputs)
        if weights is not None:
            records[2].copy_(spread(weights, len(outputs)))
            outputs.mul_(records[2])
        return outputs.mul_(scale)

    def statistics(self, records: Tensor) -> Tensor:
        """See ``Loss``; the sums of the squared errors, and of the weights if there are some."""
        return square_sums_of_records(records, weighted=self.num_records == 3)

    def evaluation(self, outputs: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
        """See ``Loss``."""
        outputs, targets = outputs.double(), targets.double()
        pairs = (outputs, targets), (self._amounts(outputs), self._amounts(targets))
        errors = [(by_batch(o, t) - beside(t)).view(outputs.shape) for o, t in pairs]
        return square_sums(torch.cat(errors, dim=1), weights)

    def metrics(self, sums: Tensor, rows: int, split: str) -> list[dict[str, float]]:
        """See ``Loss``; the loss of the logarithm, all else in the target's own units."""
        counts = sums[2].double() if len(sums) == 3 else rows
        known = {"unit": 1.0, "variance": self._variances[split]}
        return [
            computed(self.task, {"loss": log / 2 * self._unit**2, "mean_square": own, **known})
            for log, own in (sums[:2].double() / counts).t().tolist()
        ]
