"""Sums over the last axis whose bytes do not depend on the number of threads."""

from __future__ import annotations

import torch
from torch import Tensor

# Fewer numbers than these torch leaves to one thread.
THREADED_NUMBERS = 2**15


def mean_last(numbers: Tensor, weights: Tensor | None) -> Tensor:
    """Average over the last axis, [..., N] -> [...], by weights [N] if there are some."""
    if weights is None:
        return sum_last(numbers) / numbers.shape[-1]
    return sum_last(numbers * weights) / sum_last(weights)


def sum_last(numbers: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Sum over the last axis, [..., N] -> [...].

    Where one number comes out, torch cuts a long sum over its threads, and rounds otherwise for
    another number of them; so that one is computed twice, side by side.

    Args:
        numbers: Contiguous.
        out: Where to write the sums.
    """
    count = numbers.numel()
    if count < THREADED_NUMBERS or count != numbers.shape[-1] or numbers.device.type != "cpu":
        return torch.sum(numbers, dim=-1, out=out)
    total = numbers.view(1, -1).expand(2, -1).sum(dim=-1)[0].view(numbers.shape[:-1])
    return total if out is None else out.copy_(total)
