"""Minibatches by index from tensors that already lie on the device.

Letters: N rows, B rows of a batch, I in_features, M members, S batches of a step that differ. No
worker, no collating, no per-row
Python: one gather per batch. Images stay bytes until they are gathered, a quarter of the memory.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from dltrain.data import EVALUATION_ROWS
from dltrain.memory import Memory

Batch = tuple[Tensor, Tensor]


class Rows:
    """The rows of one split on the device.

    Args:
        inputs: [N, I], of ``dtype``, or uint8 for images, whose batches are whole numbers.
        targets: [N].
        dtype: Of the batches' inputs.
    """

    def __init__(self, inputs: Tensor, targets: Tensor, *, dtype: torch.dtype) -> None:
        self.inputs, self.targets, self.dtype = inputs, targets, dtype
        self._gathered = Memory(inputs.dtype, inputs.device)
        self._floats = Memory(dtype, inputs.device)

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, indices: Tensor) -> Batch:
        """Gather rows [B] or [S, B]: inputs [B, I] or [S, B, I], targets [B] or [S, B].

        A batch holds until the next one is taken.
        """
        flat = indices.reshape(-1) if indices.dim() > 1 else indices
        gathered = self._gathered.take(len(flat), self.inputs.shape[1])
        inputs = self._converted(torch.index_select(self.inputs, 0, flat, out=gathered))
        targets = self.targets.index_select(0, flat)
        if indices.dim() > 1:
            return inputs.view(*indices.shape, -1), targets.view(indices.shape)
        return inputs, targets

    def part(self, start: int, stop: int) -> Batch:
        """Return consecutive rows, without a copy if they need no conversion."""
        return self._converted(self.inputs[start:stop]), self.targets[start:stop]

    def in_order(self) -> Iterator[Batch]:
        """Yield all rows once, in order, in large batches shared by all members."""
        for start in range(0, len(self), EVALUATION_ROWS):
            yield self.part(start, start + EVALUATION_ROWS)

    def _converted(self, inputs: Tensor) -> Tensor:
        if inputs.dtype != torch.uint8:
            return inputs
        return self._floats.take(*inputs.shape).copy_(inputs)


class Loader:
    """The batches of each epoch, in an order drawn anew for it.

    Args:
        rows: The training rows.
        batch_size: B; None: all rows at once. The last batch of an epoch may be smaller.
        order: ``order(seed, epoch) -> [N]``, a permutation that depends on nothing else.
        seeds: One per member, M of them. Members of equal seed see the same batches. If all are
            equal, the batches are shared by all and have no axis for members. If each seed stands
            K times in a row, M / K = S batches are gathered.
    """

    def __init__(
        self,
        rows: Rows,
        *,
        batch_size: int | None,
        order: Callable[[int, int], Tensor],
        seeds: Sequence[int],
    ) -> None:
        self.rows = rows
        self.batch_size = min(batch_size or len(rows), len(rows))
        self._order = order
        self._members = len(seeds)
        runs = [len(list(run)) for _, run in itertools.groupby(seeds)]
        self._seeds = list(seeds)[:: math.gcd(*runs)]  # one for each batch of a step

    def __len__(self) -> int:
        """Steps per epoch."""
        return -(-len(self.rows) // self.batch_size)

    def epoch(self, epoch: int) -> Iterator[Batch]:
        """Yield (inputs, targets) for one epoch, counted from 1; every row comes once.

        Inputs are [B, I] or [S, B, I], targets [B] or [M, B].
        """
        if len(self) == 1:
            # A sum over all rows has no order, so all members can share the file's.
            yield self.rows.part(0, len(self.rows))
            return
        different = list(dict.fromkeys(self._seeds))
        orders = torch.stack([self._order(seed, epoch) for seed in different])
        orders = orders.to(self.rows.targets.device)
        if len(self._seeds) == 1:
            orders = orders[0]  # [N]
        elif len(different) < len(self._seeds):
            orders = orders[[different.index(seed) for seed in self._seeds]]  # [S, N]
        sharing = self._members // len(self._seeds)
        for indices in torch.split(orders, self.batch_size, dim=-1):
            inputs, targets = self.rows.take(indices)
            if targets.dim() > 1 and sharing > 1:
                targets = targets.repeat_interleave(sharing, dim=0)
            yield inputs, targets
