"""Random numbers by purpose: a draw depends on seed, purpose and epoch or step alone."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor

from dltrain.nn.scratch import Memory


def generator(seed: int, purpose: str, index: int = 0) -> torch.Generator:
    """Return a generator that depends on nothing but its arguments.

    One per purpose and index, so that no draw depends on how often something else drew:
    evaluating more often changes nothing, and a member draws the same alone and in a stack.

    Args:
        seed: The run's seed.
        purpose: ``init``, ``order`` or, for the key of a dropout layer, ``dropout.N``.
        index: Epoch the draws are for.
    """
    digest = hashlib.sha256(f"{seed}/{purpose}/{index}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big"))


class Draws:
    """Whole numbers of 32 bits for dropout, [M or 1, width, rows], equal for members of equal seed.

    A number is a hash of its position and its step, so nothing is drawn in a sequence: it does not
    depend on what was drawn before, and a GPU computes it where it is needed. The hash is
    C. Wellons' ``lowbias32``, applied to the position with the seed's key, and to the result with
    the step.
    """

    def __init__(
        self, seeds: Sequence[int], purpose: str, width: int, *, device: torch.device
    ) -> None:
        self._different = list(dict.fromkeys(seeds))
        which = [self._different.index(seed) for seed in seeds]
        self._rows = torch.tensor(which, device=device) if any(which) else None
        self._purpose, self._width = purpose, width
        self._positions = torch.empty(0, 0, dtype=torch.int32, device=device)
        self._draws, self._shifted = (Memory(torch.int32, device) for _ in range(2))

    def __call__(self, step: Tensor, rows: int) -> Tensor:
        """Return the numbers of a step, for so many rows."""
        if self._positions.shape[-1] < rows:
            self._positions = self._hashed_positions(rows)
        positions = self._positions[..., :rows]
        # The odd number nearest to 2^32 / golden ratio, as a number with sign: steps lie far apart.
        draws = torch.add(positions, step * -1640531527, out=self._draws.take(*positions.shape))
        _hash_(draws, self._shifted)
        return draws if self._rows is None else draws[self._rows]

    def _hashed_positions(self, rows: int) -> Tensor:
        """Hash each unit of each row with each different seed's key: [seeds, width, rows]."""
        units = torch.arange(self._width, dtype=torch.int64).view(-1, 1)
        # A row's numbers do not depend on how many rows there are.
        positions = units + self._width * torch.arange(rows, dtype=torch.int64)
        keys = [generator(seed, self._purpose).initial_seed() for seed in self._different]
        low = torch.tensor([(key & 0xFFFFFFFF) - 2**31 for key in keys], dtype=torch.int64)
        hashed = (positions + low.view(-1, 1, 1)).to(torch.int32)
        _hash_(hashed, Memory(torch.int32, hashed.device))
        high = torch.tensor([(key >> 32 & 0xFFFFFFFF) - 2**31 for key in keys])
        hashed ^= high.to(torch.int32).view(-1, 1, 1)
        return hashed.to(self._positions.device)


def _hash_(numbers: Tensor, shifted: Memory) -> None:
    """Hash whole numbers of 32 bits in place; multiplication wraps around."""
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B - 2**32), (16, 1)):
        high = torch.bitwise_right_shift(numbers, shift, out=shifted.take(*numbers.shape))
        high &= (1 << (32 - shift)) - 1  # the shift repeats the sign
        numbers ^= high
        if factor != 1:
            numbers *= factor
