"""Area under the ROC curve: how often a row of a class scores higher than one of the others.

Ties count half. Letters: M members, C classes, N rows, P rows of a class, Q of all others, R
resamples.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


def ascending(numbers: Tensor) -> Tensor:
    """Sort along the last axis."""
    if numbers.device.type == "cpu":  # three times as fast as torch, which keeps the order too
        return torch.from_numpy(np.sort(numbers.numpy(), axis=-1))
    return numbers.sort(dim=-1).values


def _twice_below(ordered: Tensor, scores: Tensor) -> Tensor:
    """Count twice how many of some ordered numbers [M, X] lie below each score; ties count once."""
    ordered, scores = ordered.contiguous(), scores.contiguous()
    strictly = torch.searchsorted(ordered, scores)
    return strictly.add_(torch.searchsorted(ordered, scores, right=True))


def _weight_below(scores: Tensor, weights: Tensor, bounds: Tensor) -> Tensor:
    """Add up the weights [X] of the scores [X] below each bound; those of ties count half."""
    ordered, order = scores.sort()
    below = torch.nn.functional.pad(weights[order].cumsum(dim=0), (1, 0))
    low, high = (torch.searchsorted(ordered, bounds, right=right) for right in (False, True))
    return (below[low] + below[high]) / 2


@dataclass(frozen=True)
class Area:
    """The area of one class against the rest, or the mean over all classes that can be told apart.

    Undefined, that is nan, where no class has rows beside others, and for scores that are nan.
    """

    scores: Tensor  # [M, C, N], any that rise with a class's probability
    targets: Tensor  # [N]
    classes: range  # which are looked at; of two classes the second
    weights: Tensor | None = None  # [N], float64, how much each row counts; None: all the same

    def _against_rest(self) -> Iterator[tuple[int, Tensor, Tensor]]:
        """Yield each class that has rows, as others do: its rows, [P], and the others, [Q]."""
        counts = True if self.weights is None else self.weights > 0
        for each in self.classes:
            of_it = self.targets == each
            rows, others = (of_it & counts).nonzero()[:, 0], (~of_it & counts).nonzero()[:, 0]
            if len(rows) and len(others):
                yield each, rows, others

    def values(self) -> Tensor:
        """Return the area of each member, [M]."""
        if self.weights is not None:
            return self.resampled(torch.ones_like(self.weights)[None])[:, 0]
        areas = []
        # One sort for all members: sorting is nearly all that this costs.
        ordered = ascending(self.scores[:, self.classes.start : self.classes.stop])
        for each, rows, others in self._against_rest():
            own = ascending(self.scores[:, each, rows])  # in order they are found faster
            below = _twice_below(ordered[:, each - self.classes.start], own).sum(dim=1)
            # Among themselves the rows of the class win as often as they lose.
            wins = below - len(rows) ** 2
            areas.append(wins.double() / (2 * len(rows) * len(others)))
        return self._mean(areas, like=self.scores[:, 0, 0])

    def row_values(self) -> Tensor:
        """See ``Estimate``; from the components of DeLong, DeLong and Clarke-Pearson (1988)."""
        if self.weights is not None:
            return self._weighted_row_values(self.weights)
        members, _, count = self.scores.shape
        means = []
        for each, rows, others in self._against_rest():
            own, order = self.scores[:, each, rows].sort(dim=1)
            rest, order_of_rest = self.scores[:, each, others].sort(dim=1)
            won = _twice_below(rest, own).double() / (2 * len(others))  # [M, P]
            lost = _twice_below(own, rest).double() / (2 * len(rows))  # [M, Q]
            area = won.sum(dim=1, keepdim=True) / len(rows)
            values = self.scores.new_empty(members, count)
            values.scatter_(1, rows[order], area + (won - area) * (count / len(rows)))
            ahead = area + (1 - lost - area) * (count / len(others))
            means.append(values.scatter_(1, others[order_of_rest], ahead))
        return self._mean(means, like=self.scores[:, 0])

    def _weighted_row_values(self, weights: Tensor) -> Tensor:
        """As ``row_values``, of rows that count as much as their weights [N] say."""
        members, _, count = self.scores.shape
        means = []
        for each, rows, others in self._against_rest():
            of_class, of_rest = weights[rows], weights[others]
            values = self.scores.new_zeros(members, count)
            for member, scores in enumerate(self.scores[:, each]):
                won = _weight_below(scores[others], of_rest, scores[rows]) / of_rest.sum()
                lost = _weight_below(scores[rows], of_class, scores[others]) / of_class.sum()
                area = (of_class * won).sum() / of_class.sum()
                values[member] = area
                values[member, rows] += (won - area) * of_class * (count / of_class.sum())
                values[member, others] += (1 - lost - area) * of_rest * (count / of_rest.sum())
            means.append(values)
        return self._mean(means, like=self.scores[:, 0])

    def resampled(self, weights: Tensor) -> Tensor:
        """See ``Estimate``; whole numbers are added up, so in whatever order they are the same."""
        means = []
        if self.weights is not None:
            weights = weights * self.weights
        for each, rows, others in self._against_rest():
            own, rest = self.scores[:, each, rows], self.scores[:, each, others]
            of_class, of_rest = weights[:, rows], weights[:, others]
            of_rest = of_rest.long() if self.weights is None else of_rest
            areas = self.scores.new_empty(len(self.scores), len(weights))
            for member, (ordered, order) in enumerate(zip(*rest.sort(dim=1), strict=True)):
                below = of_rest[:, order].cumsum(dim=1)  # [R, Q]
                below = torch.nn.functional.pad(below, (1, 0))
                low = torch.searchsorted(ordered, own[member])
                high = torch.searchsorted(ordered, own[member], right=True)
                wins = (of_class * (below[:, low] + below[:, high])).sum(dim=1)
                areas[member] = wins / (2 * of_class.sum(dim=1) * below[:, -1])
            means.append(areas)
        return self._mean(means, like=weights.new_empty(len(self.scores), len(weights)))

    def _mean(self, values: list[Tensor], *, like: Tensor) -> Tensor:
        """Average over classes, one after the other."""
        if not values:
            return torch.full_like(like, torch.nan)
        total = torch.zeros_like(values[0])
        for each in values:
            total = total + each
        unknown = self.scores.isnan().flatten(1).any(dim=1)
        total[unknown] = torch.nan
        return total / len(values)
