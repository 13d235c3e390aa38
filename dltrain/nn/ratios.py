"""Metrics that are means of rows, or ratios of such means: of all rows, row by row, resampled.

Letters: M members, K ratios that are averaged (one, or one per class), N rows, R resamples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from dltrain.nn.products import serial
from dltrain.nn.sums import sum_last

# Of a sum of squares, what is left of a variance by rounding alone.
ROUNDING = 1e-12


class Estimate(Protocol):
    """A metric of M members as something estimated from N rows."""

    def row_values(self) -> Tensor:
        """Return a number per row, [M, N], float64, whose mean is the metric.

        To first order a row counts for as much: the variance of these numbers, divided by N, is
        that of the metric over other rows (the infinitesimal jackknife).
        """

    def resampled(self, weights: Tensor) -> Tensor:
        """Return the metric of rows that count so often, [R, N], as [M, R]; nan if undefined."""


@dataclass(frozen=True)
class Ratio:
    """The mean of K ratios; those without a whole are left out.

    A metric is then this mean, or its root, or what it lacks to one.
    """

    parts: Tensor  # [M, K, N]
    wholes: Tensor | None = None  # [M or 1, K, N]; None: each row counts one
    centred: Tensor | None = None  # [N]; wholes are squares of these, about their mean
    finish: str = ""  # ``root`` or ``rest``
    counts: Tensor | None = None  # [N], how much each row counts where centred; None: one

    def weighted(self, weights: Tensor | None) -> Ratio:
        """Return it of rows that count as much as weights [N] say; None: all the same."""
        if weights is None:
            return self
        ones = weights.new_ones(1, 1, len(weights))
        wholes = (ones if self.wholes is None else self.wholes) * weights
        return Ratio(self.parts * weights, wholes, self.centred, self.finish, weights)

    def row_values(self) -> Tensor:
        """See ``Estimate``."""
        if self.wholes is None:
            rows = self.parts
        else:
            wholes = sum_last(self.wholes).unsqueeze(2)
            ratios = sum_last(self.parts).unsqueeze(2) / wholes
            means = wholes / self.parts.shape[2]
            rows = ratios + (self.parts - ratios * self.wholes) / means
        return self._finished_rows(_mean(rows))

    def _finished_rows(self, rows: Tensor) -> Tensor:
        if self.finish == "rest":
            return 1 - rows
        if self.finish == "root":
            mean = sum_last(rows.contiguous()).unsqueeze(1) / rows.shape[1]
            root = mean.sqrt()
            return torch.where(root > 0, root + (rows - mean) / (2 * root), root)
        return rows

    def resampled(self, weights: Tensor) -> Tensor:
        """See ``Estimate``."""
        parts = torch.stack([_weighted(weights, each) for each in self.parts])  # [M, R, K]
        wholes = weights.sum(dim=1)[:, None]  # [R, 1]: whole numbers, whose sum is exact
        if self.centred is not None:
            counts = torch.ones_like(self.centred) if self.counts is None else self.counts
            sums = _weighted(weights, (counts * self.centred)[None])
            squares = _weighted(weights, (counts * self.centred.square())[None])
            if self.counts is not None:
                wholes = _weighted(weights, counts[None])
            wholes = squares - sums.square() / wholes
            wholes = torch.where(wholes > ROUNDING * squares, wholes, 0)
        elif self.wholes is not None:
            wholes = torch.stack([_weighted(weights, each) for each in self.wholes])
        values = _mean((parts / torch.where(wholes > 0, wholes, torch.nan)).transpose(1, 2))
        if self.finish == "rest":
            return 1 - values
        return values.sqrt() if self.finish == "root" else values


def _weighted(weights: Tensor, rows: Tensor) -> Tensor:
    """Sum rows [K, N] as often as they count, [R, K], on one thread: the bytes are always equal."""
    sums = weights.new_empty(1, len(weights), len(rows))
    serial(sums, weights[None], rows.t().contiguous(), kept=0, scale=1.0)
    return sums[0]


def _mean(ratios: Tensor) -> Tensor:
    """Average ratios [M, K, X] that are numbers, one after the other; nan if there are none."""
    total, count = torch.zeros_like(ratios[:, 0]), torch.zeros_like(ratios[:, 0])
    for ratio in ratios.unbind(dim=1):
        total, count = total + ratio.masked_fill(ratio.isnan(), 0), count + ~ratio.isnan()
    return total / count
