"""What members that share their rows make of classes: statistics, and estimates of metrics.

Letters: M members, C classes, N rows. Outputs are taken for logits; what is computed of them is in
float64.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from dltrain.nn.ranks import Area
from dltrain.nn.ratios import Estimate, Ratio
from dltrain.nn.sums import mean_last, sum_last

CALIBRATION_BINS = 15


class ClassScores:
    """Scores of classes.

    Args:
        outputs: [M, C, N].
        targets: [N], class indices.
        weights: [N], float64, how much each row counts; None: all the same.
    """

    def __init__(self, outputs: Tensor, targets: Tensor, *, weights: Tensor | None = None) -> None:
        self._outputs = outputs
        self._targets, self._weights = targets, weights
        self._members, self._classes, self._rows = outputs.shape
        self._index = targets.expand(self._members, 1, self._rows)

    @functools.cached_property
    def _log_probabilities(self) -> Tensor:
        """[M, C, N]; the last bits of torch's own depend on the shape."""
        shifted = self._outputs.double()
        shifted = shifted - shifted.amax(dim=1, keepdim=True)
        return shifted.sub_(_sum_classes(shifted.exp()).log_())

    @functools.cached_property
    def _losses(self) -> Tensor:
        return self._log_probabilities.gather(1, self._index).neg_()  # [M, 1, N]

    @functools.cached_property
    def _right(self) -> Tensor:
        """Where the right class scores strictly higher than every other, [M, 1, N], 0 or 1."""
        rivals = self._outputs.scatter(1, self._index, -math.inf).amax(dim=1, keepdim=True)
        return (self._outputs.gather(1, self._index) > rivals).double()

    @functools.cached_property
    def _predicted(self) -> Tensor:
        """[M, N]; of equally probable classes the first."""
        # Class by class: torch's argmax over an axis that is not the last takes 7 times as long.
        highest, *others = self._outputs.unbind(dim=1)
        predicted = torch.zeros(highest.shape, dtype=torch.int64, device=highest.device)
        for number, each in enumerate(others, start=1):
            predicted.masked_fill_(each > highest, number)
            highest = torch.maximum(highest, each)
        return predicted

    @functools.cached_property
    def _squares(self) -> Tensor:
        """Squared distances of the probabilities from what is right, [M, 1, N]."""
        distances = self._log_probabilities.exp()
        chosen = distances.gather(1, self._index).sub_(1)
        squares = _sum_classes(distances.scatter_(1, self._index, chosen).square_())
        return squares / 2 if self._classes == 2 else squares  # the second class's alone

    def statistics(self) -> dict[str, Tensor]:
        """Return a number per member for each metric, [M] each."""
        means = {"accuracy": self._right, "log_loss": self._losses, "brier": self._squares}
        return {
            **{name: mean_last(rows, self._weights)[:, 0] for name, rows in means.items()},
            **self._by_counts(),
            "ece": self._calibration_error(),
            "auc": self._area().values(),
        }

    def _by_counts(self) -> dict[str, Tensor]:
        """Average over the classes that occur; a share of nothing counts 0."""
        shape = self._members, self._classes
        offsets = torch.arange(self._members, device=self._targets.device)[:, None] * shape[1]
        cells = self._predicted + offsets
        right = self._predicted == self._targets
        weights = None if self._weights is None else self._weights.expand(cells.shape)

        def rows_of(chosen: Tensor, kept: Tensor | None = None) -> Tensor:
            """Count the rows of each member's cells, as they count."""
            counts = weights if kept is None or weights is None else weights[kept]
            cells = (chosen if kept is None else chosen[kept]).flatten()
            counts = None if counts is None else counts.flatten()
            return torch.bincount(cells, counts, minlength=math.prod(shape)).view(shape).double()

        true, taken = rows_of(self._targets + offsets), rows_of(cells)
        hit = rows_of(cells, right)
        occurs, has_rows = (true + taken > 0).double(), (true > 0).double()

        def mean(part: Tensor, whole: Tensor, counted: Tensor) -> Tensor:
            shares = (part / whole.where(whole > 0, 1)).t().contiguous()  # [C, M]
            return _sum_first(shares) / _sum_first(counted.t().contiguous())

        return {
            "balanced_accuracy": mean(hit, true, has_rows),
            "precision": mean(hit, taken, occurs),
            "recall": mean(hit, true, occurs),
            "f1": mean(2 * hit, true + taken, occurs),
        }

    def _calibration_error(self) -> Tensor:
        """Return how far confidence is from accuracy, in bins of confidence, [M]."""
        confidence = self._log_probabilities.amax(dim=1).exp_()  # [M, N]
        gaps = confidence - (self._predicted == self._targets).double()
        gaps = gaps if self._weights is None else gaps * self._weights
        bins = (confidence * CALIBRATION_BINS).ceil_().sub_(1).clamp_(0).nan_to_num_()
        total = torch.zeros_like(gaps[:, 0])
        for each in range(CALIBRATION_BINS):
            total += sum_last(torch.where(bins == each, gaps, 0)).abs_()
        return total / (self._rows if self._weights is None else sum_last(self._weights))

    def _area(self) -> Area:
        classes = range(1, 2) if self._classes == 2 else range(self._classes)
        return Area(self._log_probabilities, self._targets, classes, self._weights)

    def _one_hot(self, classes: Tensor) -> Tensor:
        """Return [M or 1, C, N] of classes [M, N] or [N]."""
        numbers = torch.arange(self._classes, device=classes.device)[:, None]
        return (classes.view(-1, 1, self._rows) == numbers).double()

    def _balanced(self) -> Ratio:
        true = self._one_hot(self._targets)
        return Ratio(true * self._one_hot(self._predicted), true).weighted(self._weights)

    def _f1(self) -> Ratio:
        true, taken = self._one_hot(self._targets), self._one_hot(self._predicted)
        return Ratio(2 * true * taken, true + taken).weighted(self._weights)

    def estimate(self, name: str) -> Estimate:
        """Return a metric as an estimate from rows; ``name`` is one of ``CLASS_ESTIMATES``."""
        return CLASS_ESTIMATES[name](self)


CLASS_ESTIMATES: Mapping[str, Callable[[ClassScores], Estimate]] = {
    "loss": lambda scores: Ratio(scores._losses).weighted(scores._weights),
    "accuracy": lambda scores: Ratio(scores._right).weighted(scores._weights),
    "balanced_accuracy": ClassScores._balanced,
    "f1": ClassScores._f1,
    "auc": ClassScores._area,
    "log_loss": lambda scores: Ratio(scores._losses).weighted(scores._weights),
    "brier": lambda scores: Ratio(scores._squares).weighted(scores._weights),
}


def _sum_classes(numbers: Tensor) -> Tensor:
    """Sum over the classes, [M, C, N] -> [M, 1, N]."""
    return _sum_first(numbers.transpose(0, 1)).unsqueeze(1)


def _sum_first(numbers: Tensor) -> Tensor:
    """Sum one after the other: torch's own order depends on the shape and the threads."""
    total = numbers[0].clone()
    for each in numbers[1:]:
        total += each
    return total
