"""How much each row counts in a loss and in metrics.

Letters: M members, B rows, C classes, K members that share a batch.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from dltrain.nn.sums import sum_last


class Weigher:
    """How much each row counts: its own weight, and in a loss that of its class.

    Args:
        class_weights: C numbers for each of M members; None: classes have none.
    """

    def __init__(self, class_weights: Sequence[Sequence[float]] | None) -> None:
        self._numbers = class_weights
        self._tensors: dict[tuple[torch.dtype, torch.device], Tensor] = {}

    def __call__(
        self, targets: Tensor, weights: Tensor | None, *, like: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return what rows count in the loss and in metrics, [M, 1, B] each.

        Args:
            targets: [B] or [M / K, B].
            weights: Likewise; None: each row counts 1.
            like: [M, ..., B].
        """
        members, rows = like.shape[0], like.shape[-1]
        metrics = like.new_ones(rows) if weights is None else weights.to(like)
        in_metrics = spread(metrics, members)
        if self._numbers is None:
            return in_metrics, in_metrics
        of_class = self._of_classes(like)[:, None].gather(2, spread(targets, members))
        return of_class * in_metrics, in_metrics

    def _of_classes(self, like: Tensor) -> Tensor:
        """Return them as a tensor, [M, C]."""
        key = like.dtype, like.device
        if key not in self._tensors:  # once: a GPU's graph holds no copy from the host
            self._tensors[key] = torch.tensor(self._numbers, dtype=like.dtype, device=like.device)
        return self._tensors[key]


def batches(targets: Tensor) -> int:
    """Return how many batches targets [B] or [M / K, B] are of."""
    return targets.shape[0] if targets.dim() > 1 else 1


def spread(numbers: Tensor, members: int) -> Tensor:
    """Give each of M members its row of numbers [B] or [M / K, B]: [M, 1, B]."""
    shared, rows = batches(numbers), numbers.shape[-1]
    return numbers.view(shared, 1, rows).expand(-1, members // shared, rows).reshape(-1, 1, rows)


def square_sums(errors: Tensor, weights: Tensor | None) -> Tensor:
    """Add up the squares of errors [M, S, B] over the rows, in float64: [S, M].

    With weights, [B] or [M / K, B], each row's squares count so much, and their sum is one more.
    """
    squares = errors.double().square()
    if weights is not None:
        counts = spread(weights, len(errors)).double()
        squares = torch.cat([squares * counts, counts], dim=1)
    return sum_last(squares).t()


def square_sums_of_records(records: Tensor, *, weighted: bool) -> Tensor:
    """Add up the squares of records [T, R, M, B] over the rows; they are used up: [T, R, M].

    With weights the last record is how much each row counts: it weighs the others.
    """
    if not weighted:
        return sum_last(records.square_())
    records[:, :-1].square_().mul_(records[:, -1:])
    return sum_last(records)
