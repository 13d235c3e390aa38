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
from dltrain.nn.ratios import Estimate, Ratio
from dltrain.nn.sums import sum_last


class AmountScores:
    """Scores of amounts.

    Args:
        outputs: [M, 1, N], of prepared targets.
        targets: [N], prepared: (own - mean) / unit.
        unit: What the targets were divided by.
        mean: What was subtracted before.
    """

    def __init__(self, outputs: Tensor, targets: Tensor, *, unit: float, mean: float) -> None:
        self._errors = (outputs.double() - targets.double()).abs_()  # [M, 1, N]
        self._targets, self._unit, self._mean = targets, unit, mean

    @functools.cached_property
    def _variance(self) -> float:
        return variance(self._targets.cpu().numpy())

    def statistics(self) -> dict[str, Tensor]:
        """Return a number per member for each, [M] each: of prepared targets, but for mape."""
        rows = len(self._targets)
        ordered = ascending(self._errors[:, 0])
        middle = ordered[:, (rows - 1) // 2] + ordered[:, rows // 2]
        like = middle
        return {
            "mean_square": sum_last(self._errors.square())[:, 0] / rows,
            "variance": torch.full_like(like, self._variance),
            "unit": torch.full_like(like, self._unit),
            "mae": sum_last(self._errors)[:, 0] / rows,
            "median_absolute_error": middle / 2,
            "mape": sum_last(self._errors * self._unit / self._own_sizes())[:, 0] / rows,
        }

    def _own_sizes(self) -> Tensor:
        """Return the targets' sizes in their own units, [N]; nan where they are 0."""
        shifted = self._targets.double() * self._unit
        sizes = (shifted + self._mean).abs_()
        # A target that was 0 before it was prepared is so now up to rounding.
        rounding = 2 * torch.finfo(self._targets.dtype).eps * abs(self._mean)
        return torch.where(sizes > rounding, sizes, torch.nan)

    def _own_squares(self) -> Tensor:
        return (self._errors * self._unit).square_()

    def _r2(self) -> Ratio:
        targets = self._targets.double() * self._unit
        if self._variance == 0:
            targets = torch.zeros_like(targets)
        centred = targets - sum_last(targets) / len(targets)
        squares = centred.square().view(1, 1, -1)
        return Ratio(self._own_squares(), squares, centred=centred, finish="rest")

    def estimate(self, name: str) -> Estimate:
        """Return a metric as an estimate from rows; ``name`` is one of ``AMOUNT_ESTIMATES``."""
        return AMOUNT_ESTIMATES[name](self)


AMOUNT_ESTIMATES: Mapping[str, Callable[[AmountScores], Estimate]] = {
    "loss": lambda scores: Ratio(scores._own_squares() / 2),
    "rmse": lambda scores: Ratio(scores._own_squares(), finish="root"),
    "r2": AmountScores._r2,
    "mae": lambda scores: Ratio(scores._errors * scores._unit),
}
