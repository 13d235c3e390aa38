"""Matrix products of M members whose bytes are those that each member's product has alone.

A matrix library may choose another kernel, and so another order of summation, for a product of
another width, a batch of products, or another number of threads. What it does with the shapes at
hand is found out by trying: the first way below that gives some members exactly the bytes of their
single products on one thread is taken. With ``system.libraries`` that is nearly always the first.

Letters: M members, S of them that see different rows of data, R rows and C columns of a member's
product, K what is summed over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

Way = Callable[..., None]

# Batches of products with fewer multiplications each are left to plain loops by torch.
BATCHED_NUMBERS = 400
# A probe looks at so many numbers of a member, in at most so many rounds.
PROBED_NUMBERS, MOST_ROUNDS = 500, 16
# It is filled with so many random ones, again and again: no two rows are alike.
REPEATED_NUMBERS = 4099


def together(to: Tensor, a: Tensor, b: Tensor, *, kept: int, scale: float) -> None:
    """One product for all members that share their data."""
    if b.dim() == 2:
        flat = to.view(-1, to.shape[2])
        torch.addmm(flat, a.view(-1, a.shape[2]), b, beta=kept, alpha=scale, out=flat)
    elif len(to) == 1:
        torch.addmm(to[0], a[0], b[0], beta=kept, alpha=scale, out=to[0])
    elif len(to) == len(b):
        torch.baddbmm(to, a, b, beta=kept, alpha=scale, out=to)
    else:
        wide = to.view(len(b), -1, to.shape[2])
        factors = a.view(len(b), -1, a.shape[2])
        torch.baddbmm(wide, factors, b, beta=kept, alpha=scale, out=wide)


def batched(to: Tensor, a: Tensor, b: Tensor, *, kept: int, scale: float) -> None:
    """A batch of products for the members that share their data, one per member."""
    batches = len(b) if b.dim() == 3 else 1
    size = len(to) // batches
    for batch, shared in enumerate(b if b.dim() == 3 else [b]):
        part = to[batch * size : (batch + 1) * size]
        factors = a[batch * size : (batch + 1) * size]
        each = shared.expand(size, *shared.shape)
        torch.baddbmm(part, factors, each, beta=kept, alpha=scale, out=part)


def repeated(to: Tensor, a: Tensor, b: Tensor, *, kept: int, scale: float) -> None:
    """A batch of products in which every row stands several times.

    Products of one row, and those of few numbers in a batch, take kernels of their own.
    """
    times = max(2, -(-BATCHED_NUMBERS // (a[0].numel() * to.shape[2])))
    result, factors = to.repeat(1, times, 1), a.repeat(1, times, 1)
    count = len(to) // (len(b) if b.dim() == 3 else 1)
    each = b.repeat_interleave(count, dim=0) if b.dim() == 3 else b.expand(count, -1, -1)
    torch.baddbmm(result, factors, each, beta=kept, alpha=scale, out=result)
    to.copy_(result[:, : to.shape[1]])


def single(to: Tensor, a: Tensor, b: Tensor, *, kept: int, scale: float) -> None:
    """One product after the other."""
    for member, (result, factor) in enumerate(zip(to, a, strict=True)):
        torch.addmm(result, factor, _of(b, member, to), beta=kept, alpha=scale, out=result)


def serial(to: Tensor, a: Tensor, b: Tensor, *, kept: int, scale: float) -> None:
    """One product after the other, on one thread: what all other ways are held against."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        single(to, a, b, kept=kept, scale=scale)
    finally:
        torch.set_num_threads(threads)


WAYS: Mapping[str, Way] = {
    "together": together,
    "batched": batched,
    "repeated": repeated,
    "single": single,
    "serial": serial,
}


class Products:
    """Computes the products of one model, each in the way that was found for its shape."""

    def __init__(self) -> None:
        self._ways: dict[object, str] = {}  # by shapes, layouts, what is kept, and threads

    def add(self, to: Tensor, a: Tensor, b: Tensor, *, kept: int = 1, scale: float = 1.0) -> None:
        """Set to = kept * to + scale * a @ b, member by member.

        Args:
            to: [M, R, C], contiguous.
            a: [M, R, K].
            b: [K, C], shared by all; or [S, K, C]: the first M / S members share the first, and so
                on.
            kept: 0 or 1.
            scale: Of the product.
        """
        if to.device.type != "cpu":  # nothing is promised there, and no graph can hold a probe
            return together(to, a, b, kept=kept, scale=scale)
        key = to.shape, a.stride(), b.shape, b.stride(), kept, torch.get_num_threads()
        way = self._ways.get(key)
        if way is None:
            way = self._ways[key] = choose(to, a, b, kept=kept, scale=scale)
        return WAYS[way](to, a, b, kept=kept, scale=scale)

    def ways(self) -> dict[str, int]:
        """Count the shapes of products so far by the way that was taken."""
        return dict(Counter(self._ways.values()))


def choose(to: Tensor, a: Tensor, b: Tensor, *, kept: int, scale: float) -> str:
    """Find the first way that gives products of this shape the bytes of single ones.

    The numbers of the tensors are not looked at; see ``Products.add``.
    """
    if to.dtype == torch.bfloat16:
        return "single"  # rounded to 8 bits, numbers hide for long that they were summed otherwise
    members = len(to)
    # One product has the kernels of all others of its shape; the ends may be cut otherwise.
    watched = sorted({0, members // 2, members - 1})
    names = list(WAYS)
    # A few numbers may come out the same by chance.
    rounds = min(MOST_ROUNDS, -(-PROBED_NUMBERS // to[0].numel()))
    for seed in range(0, 3 * rounds, 3):
        factors, shared, before = (
            _random_like(each, seed + i) for i, each in enumerate((a, b, to))
        )
        before *= scale  # where a product is added to larger numbers its last bits do not show
        expected = before[watched].clone()
        for result, member in zip(expected, watched, strict=True):
            factor = factors[member : member + 1]
            serial(result[None], factor, _of(shared, member, to), kept=kept, scale=scale)
        while names[0] != "serial":
            result = before.clone()
            WAYS[names[0]](result, factors, shared, kept=kept, scale=scale)
            if torch.equal(result[watched], expected):
                break
            del names[0]
    return names[0]


def _of(b: Tensor, member: int, to: Tensor) -> Tensor:
    """Return what a member's product is with, [K, C]."""
    return b if b.dim() == 2 else b[member * len(b) // len(to)]


def _random_like(tensor: Tensor, seed: int) -> Tensor:
    """Return random numbers in memory of the same layout; the generators of others stay as is."""
    generator = torch.Generator().manual_seed(seed)
    dtype = torch.float64 if tensor.dtype == torch.float64 else torch.float32
    # Strides count also along axes of length 1: products choose their kernels by them.
    pairs = zip(tensor.shape, tensor.stride(), strict=True)
    length = 1 + sum((size - 1) * stride for size, stride in pairs)
    numbers = torch.rand(min(length, REPEATED_NUMBERS), generator=generator, dtype=dtype) - 0.5
    times = -(-length // REPEATED_NUMBERS)
    flat = numbers.to(tensor.dtype).repeat(times)
    return flat.as_strided(tensor.shape, tensor.stride())
