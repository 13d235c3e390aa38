"""Weights of a table's rows: a row of weight 3 counts as three rows do.

Letters: N rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from dltrain.data.dataset import Column
from dltrain.data.table.table import Integers, Table, quoted

Floats = npt.NDArray[np.float64]


def read_weights(table: Table, name: str) -> Floats:
    """Read the column of weights, [N].

    Raises:
        ValueError: If a cell is missing, is no number, or is less than 0.
    """
    absent = np.flatnonzero(table.missing(name))
    if len(absent):
        raise ValueError(
            f"{table.at(absent[0], name)}: no value ({len(absent):,} rows have none); fill it in: "
            "a row of weight 0 counts for nothing"
        )
    weights = table.numbers(name)
    if weights is None:
        cell = quoted(table.text(0, name))
        what = "text by its column's type" if table.is_category(name) else "no number"
        raise ValueError(f"{table.at(0, name)}: {cell} is {what}, and weights are numbers")
    negative = np.flatnonzero(weights < 0)
    if len(negative):
        row = negative[0]
        raise ValueError(
            f"{table.at(row, name)}: {weights[row]:g} is less than 0, and weights are 0 or more; "
            "correct it"
        )
    return weights


def fit_weights(
    table: Table, name: str | None, splits: Mapping[str, Integers], *, dtype: str
) -> tuple[list[Column], npt.NDArray[np.floating] | None]:
    """Prepare the weights: divided by their mean over the training rows.

    So a learning rate is as long a step as without weights, and only their ratios matter.

    Args:
        table: Where they stand.
        name: Their column; None: all rows count the same.
        splits: The rows of each split.
        dtype: Of the result.

    Returns:
        The column, and the weights of split after split, [N]; nothing and None without any.

    Raises:
        ValueError: As of ``read_weights``, or if all weights of a split are 0.
    """
    if name is None:
        return [], None
    weights = read_weights(table, name)
    table.release(name)
    for split, rows in splits.items():
        if len(rows) and not weights[rows].any():
            raise ValueError(
                f"{table.name}: column {name!r} is 0 in all {len(rows):,} {split} rows, so that "
                "nothing counts; correct it, or leave out data.weight"
            )
    with np.errstate(over="ignore"):
        mean = float(weights[splits["train"]].mean())
    if math.isinf(mean):
        raise ValueError(f"{table.name}: column {name!r} holds weights too large to add up")
    prepared = np.concatenate([weights[rows] for rows in splits.values()]) / mean
    return [Column(name, "weight", deviation=mean)], prepared.astype(dtype)
