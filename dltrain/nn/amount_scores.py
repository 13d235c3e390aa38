"""What members that share their rows make of amounts: statistics, and estimates of metrics.

Letters: M members, N rows. Computed in float64; estimates are in the target's own units.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from dltrain.data.dataset import variance
from dltrain.nn.ranks import ascending
from dltrain.nn.ratios import ROUNDING, Estimate, Ratio
from dltrain.nn.sums import mean_last


class AmountScores:
    """Scores of amounts.

    Args:
        outputs: [M, 1, N], of prepared targets.
        targets: [N], prepared: (own - mean) / unit.
        weights: [N], float64, how much each row counts; None: all the same.
        unit: What the targets were divided by.
        mean: What was subtracted before.
        log: Whether targets are logarithms of the amounts that are scored.
    """

    def __init__(
        self,
        outputs: Tensor,
        targets: Tensor,
        *,
        weights: Tensor | None = None,
        unit: float,
        mean: float,
        log: bool,
    ) -> None:
        outputs, prepared = outputs.double(), targets.double()
        self._loss_errors = self._errors = (outputs - prepared).abs_()  # [M, 1, N]
        self._loss_unit = unit
        if log:
            outputs, targets = ((x * unit + mean).exp_() for x in (outputs, prepared))
            self._errors, unit, mean = (outputs - targets).abs_(), 1.0, 0.0
        self._targets, self._unit, self._mean = targets, unit, mean
        self._weights = weights

    @functools.cached_property
    def _variance(self) -> float:
        weights = None if self._weights is None else self._weights.cpu().numpy()
        return variance(self._targets.cpu().numpy(), weights)

    def statistics(self) -> dict[str, Tensor]:
        """Return a number per member for each, [M] each: of prepared targets, but for mape."""
        like = self._errors[:, 0, 0]
        return {
            "mean_square": mean_last(self._errors.square(), self._weights)[:, 0],
            "variance": torch.full_like(like, self._variance),
            "unit": torch.full_like(like, self._unit),
            "mae": mean_last(self._errors, self._weights)[:, 0],
            "median_absolute_error": self._median(),
            "mape": mean_last(self._errors * self._unit / self._own_sizes(), self._weights)[:, 0],
        }

    def _median(self) -> Tensor:
        """Return the middle error, or the mean of the middle two, [M]."""
        if self._weights is None:
            ordered, rows = ascending(self._errors[:, 0]), len(self._targets)
            return (ordered[:, (rows - 1) // 2] + ordered[:, rows // 2]) / 2
        ordered, order = self._errors[:, 0].sort(dim=1)
        below = self._weights[order].cumsum(dim=1)  # [M, N]
        half = below[:, -1:] / 2
        # The row that reaches half of all and the one that passes it, but for rounding.
        low = torch.searchsorted(below, half * (1 - ROUNDING))
        high = torch.searchsorted(below, half * (1 + ROUNDING), right=True)
        return (ordered.gather(1, low) + ordered.gather(1, high))[:, 0] / 2

    def _own_sizes(self) -> Tensor:
        """Return the targets' sizes in their own units, [N]; nan where they are 0."""
        shifted = self._targets.double() * self._unit
        sizes = (shifted + self._mean).abs_()
        # A target that was 0 before it was prepared is so now up to rounding.
        rounding = 2 * torch.finfo(self._targets.dtype).eps * abs(self._mean)
        return torch.where(sizes > rounding, sizes, torch.nan)

    def _loss_squares(self) -> Tensor:
        return (self._loss_errors * self._loss_unit).square_()

    def _own_squares(self) -> Tensor:
        return (self._errors * self._unit).square_()

    def _r2(self) -> Ratio:
        targets = self._targets.double() * self._unit
        if self._variance == 0:
            targets = torch.zeros_like(targets)
        centred = targets - mean_last(targets, self._weights)
        squares = centred.square().view(1, 1, -1)
        return Ratio(self._own_squares(), squares, centred=centred, finish="rest").weighted(
            self._weights
        )

    def estimate(self, name: str) -> Estimate:
        """Return a metric as an estimate from rows; ``name`` is one of ``AMOUNT_ESTIMATES``."""
        return AMOUNT_ESTIMATES[name](self)


AMOUNT_ESTIMATES: Mapping[str, Callable[[AmountScores], Estimate]] = {
    "loss": lambda scores: Ratio(scores._loss_squares() / 2).weighted(scores._weights),
    "rmse": lambda scores: Ratio(scores._own_squares(), finish="root").weighted(scores._weights),
    "r2": AmountScores._r2,
    "mae": lambda scores: Ratio(scores._errors * scores._unit).weighted(scores._weights),
}
