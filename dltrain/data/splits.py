"""Which rows train, validate and test: the only place where that is drawn.

Test rows are drawn first and stay apart, whatever becomes of the others. Each drawing cuts rows
that lie in an order, and takes from the end of it what does not train.

Letters: N rows, of a split or of all of them; C classes, G groups, P parts of a cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dltrain.data.dataset import Split

Indices = npt.NDArray[np.int64]
# The texts of a table's own split, in small letters.
SPLIT_NAMES = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing"),
}


def shuffled(num_rows: int, *, seed: int) -> Indices:
    """Return all rows in an order that the seed decides; training rows are taken first."""
    return np.random.default_rng([seed, 0x5B17]).permutation(num_rows)


@dataclass(frozen=True, kw_only=True)
class Rows:
    """What is known of N rows before they are drawn; at most one of groups and times."""

    order: Indices  # [N], every row once; of equals the first train
    classes: Indices | None = None  # [N], every split is to have the shares of them
    groups: Indices | None = None  # [N], rows of one group stay in one split
    times: Indices | None = None  # [N], the latest test, those before validate; ties stay together


def draw(
    rows: Rows, *, val: int, test: int = 0, folds: int | None = None, fold: int | None = None
) -> list[Indices]:
    """Draw the rows of each split: every row once, each split in the order of the file.

    Args:
        rows: What is known of them.
        val: How many validate, as near as classes, groups and times allow; not with folds.
        test: How many test, likewise.
        folds: Into how many parts of equal size those that do not test are cut.
        fold: Which part validates, from 0; the others train.

    Returns:
        Indices of those that train, validate and test.

    Raises:
        ValueError: If there are too few groups, times or rows.
    """
    order = rows.order
    if rows.times is not None:
        order = np.argsort(rows.times, kind="stable")
    rest, tested = _cut(rows, order, [len(order) - test, test])
    if folds is None:
        parts = _cut(rows, rest, [len(rest) - val, val])
    else:
        assert fold is not None
        every = _folds(rows, rest, folds)
        parts = [np.concatenate([*every[:fold], *every[fold + 1 :]]), every[fold]]
    return [np.sort(part) for part in (*parts, tested)]


def stated(splits: Sequence[str]) -> list[Indices]:
    """Take the split of each row as it is stated: ``train``, ``val`` or ``test``."""
    return [np.flatnonzero(np.array(splits) == name) for name in SPLIT_NAMES]


def consecutive_split(
    inputs: npt.NDArray[Any],
    targets: npt.NDArray[Any],
    *,
    sizes: Sequence[int],
    weights: npt.NDArray[np.floating] | None = None,
) -> list[Split]:
    """Cut rows that lie split after split, without a copy.

    Args:
        inputs: [N, I].
        targets: [N].
        sizes: Rows of each split.
        weights: [N], if rows have any.
    """
    ends = np.cumsum(sizes)[:-1]
    parts = [None] * len(sizes) if weights is None else np.split(weights, ends)
    return list(map(Split, np.split(inputs, ends), np.split(targets, ends), parts))


def split_sizes(num_rows: int, *, val: float, test: float) -> list[int]:
    """Return how many rows train, validate and test, of the fractions that do not train.

    Raises:
        ValueError: If none would train.
    """
    num_val, num_test = (round(num_rows * fraction) for fraction in (val, test))
    if num_val + num_test >= num_rows:
        raise ValueError(
            f"{num_rows} rows are too few for data.val_fraction={val:g} and "
            f"data.test_fraction={test:g}; lower them, to 0 if need be"
        )
    return [num_rows - num_val - num_test, num_val, num_test]


def _cut(rows: Rows, order: Indices, sizes: Sequence[int]) -> list[Indices]:
    """Cut rows in two: those that stay, and those that are set aside."""
    if rows.times is not None:
        return _between_ties(order, rows.times[order], sizes)
    if rows.groups is not None:
        return _whole_groups(rows, order, sizes)
    if rows.classes is None or 0 in sizes:
        return np.split(order, [sizes[0]])
    return _with_shares(order, rows.classes[order], sizes[1])


def _folds(rows: Rows, order: Indices, count: int) -> list[Indices]:
    """Cut rows into parts of equal size, as near as groups and times allow."""
    if len(order) < count:
        raise ValueError(f"{len(order):,} rows are too few for data.folds={count}; lower it")
    sizes = [len(order) // count + (number < len(order) % count) for number in range(count)]
    if rows.times is not None:
        return _between_ties(order, rows.times[order], sizes)
    if rows.groups is not None:
        return _whole_groups(rows, order, sizes)
    if rows.classes is not None:
        order = order[np.argsort(rows.classes[order], kind="stable")]
    # Dealt like cards, neither a class nor a part gets more than one row too many.
    return [order[number::count] for number in range(count)]


def _with_shares(order: Indices, classes: Indices, aside: int) -> list[Indices]:
    """Set rows aside so that each class [N] has its share; the last one of a class stays."""
    counts = np.bincount(classes)  # [C]
    by_class = np.argsort(classes, kind="stable")
    ends = np.cumsum(counts)
    exact = counts * aside
    shares, remainders = exact // len(order), exact % len(order)
    # The largest remainders are rounded up; of equals, the class that comes first in the order.
    first = np.append(by_class, len(order))[ends - counts]
    up = np.lexsort((first, -remainders))[: aside - shares.sum()]
    shares[up] += 1
    shares = np.minimum(shares, np.maximum(counts - 1, 0))
    from_end = np.empty_like(by_class)
    from_end[by_class] = ends[classes[by_class]] - np.arange(len(order))
    leaves = from_end <= shares[classes]
    return [order[~leaves], order[leaves]]


def _between_ties(order: Indices, times: Indices, sizes: Sequence[int]) -> list[Indices]:
    """Cut rows that lie by time, [N], where it changes, as near to the sizes as can be."""
    ends = np.cumsum(sizes)[:-1]
    # Latest first: of two that are equally near the later one is taken, so that more rows train.
    changes = np.flatnonzero(np.diff(times))[::-1] + 1
    for number, end in enumerate(ends):
        if 0 < end < len(order):
            ends[number] = changes[np.abs(changes - end).argmin()] if len(changes) else 0
    parts = np.split(order, ends)
    _refuse_empty(parts, sizes, what=f"{len(changes) + 1} different values are")
    return parts


def _whole_groups(rows: Rows, order: Indices, sizes: Sequence[int]) -> list[Indices]:
    """Deal whole groups, the largest first, each to the part that lacks most of what it holds."""
    assert rows.groups is not None
    _, groups = np.unique(rows.groups[order], return_inverse=True)
    classes = np.zeros_like(order) if rows.classes is None else rows.classes[order]
    by_group = np.argsort(groups, kind="stable")
    members = np.split(by_group, np.cumsum(np.bincount(groups))[:-1])
    members.sort(key=lambda each: (-len(each), each[0]))
    totals = np.bincount(classes)  # [C]
    lacking = np.outer(sizes, totals) / len(order)  # [P, C], rows that a part is still to get
    weights = 1 / np.maximum(totals, 1)  # a rare class counts as much as a frequent one
    part_of = np.empty_like(order)
    empty = {part for part, size in enumerate(sizes) if size}
    for dealt, each in enumerate(members):
        held = np.bincount(classes[each], minlength=len(totals))
        wanted = lacking @ (held * weights)
        if len(members) - dealt <= len(empty):  # the smallest ones, so that no part goes without
            wanted[[part for part in range(len(sizes)) if part not in empty]] = -np.inf
        part = int(wanted.argmax())
        lacking[part] -= held
        empty.discard(part)
        part_of[each] = part
    parts = [order[part_of == part] for part in range(len(sizes))]
    _refuse_empty(parts, sizes, what=f"{len(members):,} groups are")
    return parts


def _refuse_empty(parts: Sequence[Indices], sizes: Sequence[int], *, what: str) -> None:
    wanted = [part for part, size in zip(parts, sizes, strict=True) if size]
    if not all(map(len, wanted)):
        raise ValueError(f"{what} too few for {len(wanted):,} parts; set fewer rows aside")
