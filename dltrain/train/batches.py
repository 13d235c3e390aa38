"""Minibatches by index from tensors that already lie on the device.

Letters: N rows, B rows of a batch, I in_features, M members, S batches of a step that differ,
W steps of a window. No worker, no collating, no per-row Python: one gather per batch. Images stay
bytes until they are gathered, a quarter of the memory.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from dltrain.data.dataset import EVALUATION_ROWS
from dltrain.nn.scratch import Memory

# A window is what is shuffled onto the device at once: long enough that its cost does not show in
# a step, short enough that the order of many rows stays small beside them and that a GPU can
# hold its steps as one graph.
WINDOW_STEPS, WINDOW_ROWS = 512, 2**20

# Inputs, or indices of rows; targets; and how much each row counts, None where all count the same.
Batch = tuple[Tensor, Tensor, Tensor | None]
# What is made of gathered inputs, [B, I] or [S, B, I], in the step of a number on the device. What
# it draws comes from ``Draws`` of ``batch_seeds``, so that it depends on nothing but seed and step.
Transform = Callable[[Tensor, Tensor], Tensor]


class ToFloat:
    """A transform that turns bytes into whole numbers of a float type and lets floats through."""

    def __init__(self, dtype: torch.dtype, device: torch.device) -> None:
        self._floats = Memory(dtype, device)

    def __call__(self, inputs: Tensor, step: Tensor | None = None) -> Tensor:
        """Convert a batch; the result holds until the next call."""
        if inputs.dtype != torch.uint8:
            return inputs
        return self._floats.take(*inputs.shape).copy_(inputs)


class Rows:
    """The rows of one split on the device; inputs [N, I] are batched as ``dtype``.

    Of images, bytes, batches are whole numbers of that type. Weights are [N], if there are some.
    """

    def __init__(
        self, inputs: Tensor, targets: Tensor, *, dtype: torch.dtype, weights: Tensor | None = None
    ) -> None:
        self.inputs, self.targets, self.weights = inputs, targets, weights
        self.to_float = ToFloat(dtype, inputs.device)  # what every batch of them goes through
        self._gathered = Memory(inputs.dtype, inputs.device)

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, indices: Tensor) -> Tensor:
        """Gather the inputs of rows [B] or [S, B] as they are: [B, I] or [S, B, I].

        They hold until the next ones are taken.
        """
        flat = indices.reshape(-1) if indices.dim() > 1 else indices
        gathered = self._gathered.take(len(flat), self.inputs.shape[1])
        torch.index_select(self.inputs, 0, flat, out=gathered)
        return gathered.view(*indices.shape, -1) if indices.dim() > 1 else gathered

    def in_order(self) -> Iterator[Batch]:
        """Yield all rows once, in order, in large batches shared by all members."""
        for start in range(0, len(self), EVALUATION_ROWS):
            rows = slice(start, start + EVALUATION_ROWS)
            weights = None if self.weights is None else self.weights[rows]
            yield self.to_float(self.inputs[rows]), self.targets[rows], weights


def batch_seeds(seeds: Sequence[int]) -> list[int]:
    """Return the seed of each batch of a step, S of them.

    Args:
        seeds: One per member, M of them. If each stands K times in a row, S = M / K.

    Example:
        >>> batch_seeds([7, 7, 8, 8])
        [7, 8]
    """
    return list(seeds)[:: math.gcd(*(len(list(run)) for _, run in itertools.groupby(seeds)))]


class Batches:
    """The batches of each epoch, in an order drawn anew for it.

    ``windows`` brings the order of some steps onto the device, always to the same memory, and
    ``batch`` gathers by it: so the steps of a window can be a graph that a GPU replays.

    Args:
        rows: The training rows.
        batch_size: B; None: all rows at once. The last batch of an epoch may be smaller.
        order: ``order(seed, epoch) -> [N]`` on the host, a permutation that depends on nothing
            else.
        seeds: One per member. Members of equal seed see the same batches. If all are equal, the
            batches are shared by all and have no axis for members.
        transform: What is made of the inputs of each batch.
    """

    def __init__(
        self,
        rows: Rows,
        *,
        batch_size: int | None,
        order: Callable[[int, int], Tensor],
        seeds: Sequence[int],
        transform: Transform,
    ) -> None:
        self.rows = rows
        self.batch_size = min(batch_size or len(rows), len(rows))
        self._order, self._transform = order, transform
        self._seeds = batch_seeds(seeds)
        self._indices = Memory(torch.int32, rows.targets.device)
        beside = [rows.targets] if rows.weights is None else [rows.targets, rows.weights]
        # what is gathered for a window at once
        self._beside = [(each, Memory(each.dtype, each.device)) for each in beside]
        self._window: list[Batch] = []  # indices, targets and weights of each step

    def __len__(self) -> int:
        """Number of steps per epoch."""
        return -(-len(self.rows) // self.batch_size)

    @property
    def window_steps(self) -> int:
        """Number of steps in a window, W; the last window of an epoch may be shorter."""
        return min(WINDOW_STEPS, max(1, WINDOW_ROWS // self.batch_size))

    def windows(self, epoch: int) -> Iterator[range]:
        """Yield the steps of an epoch, counted from 0, as ranges; epochs are counted from 1.

        ``batch`` serves those of the last range. Every row comes once in an epoch.
        """
        if len(self) == 1:
            # A sum over all rows has no order, so all members can share the file's.
            yield range(1)
            return
        order = self._orders(epoch)  # [N] or [S, N], on the host
        for first in range(0, len(self), self.window_steps):
            window = range(first, min(first + self.window_steps, len(self)))
            self._load(order[..., first * self.batch_size : window.stop * self.batch_size])
            yield window

    def batch(self, index: int, *, step: Tensor) -> Batch:
        """Return inputs [B, I] or [S, B, I], and targets and weights [B] or [S, B].

        They hold until the next ones are taken.

        Args:
            index: Of a step in the window, counted from 0.
            step: Updates so far, on the device.
        """
        if len(self) == 1:
            inputs, targets, weights = self.rows.inputs, self.rows.targets, self.rows.weights
        else:
            indices, targets, weights = self._window[index]
            inputs = self.rows.take(indices)
        return self._transform(inputs, step), targets, weights

    def _orders(self, epoch: int) -> Tensor:
        different = list(dict.fromkeys(self._seeds))
        if len(different) == 1:
            return self._order(different[0], epoch)
        orders = torch.stack([self._order(seed, epoch) for seed in different])
        return orders[[different.index(seed) for seed in self._seeds]]  # [S, N]

    def _load(self, order: Tensor) -> None:
        """Bring the order of a window, its targets and weights onto the device."""
        if self._indices.device.type == "cuda":
            # Pinned and in one piece, so that the host need not wait for the copy.
            order = order.contiguous().pin_memory()
        indices = self._indices.take(*order.shape).copy_(order, non_blocking=True)
        taken = [indices]
        for numbers, memory in self._beside:
            taken.append(memory.take(*order.shape))
            torch.index_select(numbers, 0, indices.view(-1), out=taken[-1].view(-1))
        parts = [torch.split(each, self.batch_size, dim=-1) for each in taken]
        if len(parts) == 2:
            self._window = [(*step, None) for step in zip(*parts, strict=True)]
        else:
            self._window = [*zip(*parts, strict=True)]
