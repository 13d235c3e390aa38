"""Which rows train, validate and test: the only place where that is drawn.

Letters: N rows, of a split or of all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dltrain.data.dataset import Split

Indices = npt.NDArray[np.int64]


def random_split(num_rows: int, *, sizes: Sequence[int], seed: int) -> list[Indices]:
    """Draw the rows of each split: every row once, each split in the order of the file.

    Returns:
        Indices of each split, parts of one array.
    """
    assert sum(sizes) == num_rows
    order = np.random.default_rng([seed, 0x5B17]).permutation(num_rows)
    parts = _cut(order, sizes)
    for part in parts:
        part.sort()
    return parts


def consecutive_split(
    inputs: npt.NDArray[Any], targets: npt.NDArray[Any], *, sizes: Sequence[int]
) -> list[Split]:
    """Cut rows that lie split after split, without a copy.

    Args:
        inputs: [N, I].
        targets: [N].
        sizes: Rows of each split.
    """
    return list(map(Split, _cut(inputs, sizes), _cut(targets, sizes)))


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


def _cut(rows: npt.NDArray[Any], sizes: Sequence[int]) -> list[npt.NDArray[Any]]:
    return np.split(rows, np.cumsum(sizes)[:-1])
