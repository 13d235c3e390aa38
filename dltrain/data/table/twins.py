"""Columns that tell nothing, or nothing new: constants, and what stands there twice.

Letters: N training rows, n rows of a sample.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from dltrain.data.dataset import Column
from dltrain.data.table.cells import Codes, Floats
from dltrain.data.table.table import Integers, Table

SAMPLE = 500
MIN_ROWS = 10  # of fewer, columns are alike by chance
MOST = 20  # pairs that are looked for
CLOSE = 1e-9  # of a column's range: what rounding leaves of a change of units


@dataclass(frozen=True)
class Twins:
    """Two columns of which one tells all that the other does."""

    first: str
    second: str
    equal: bool  # cell for cell; else one is the other in other units, or in other words


def constants(table: Table, columns: Sequence[Column], train: Integers) -> list[str]:
    """Name the columns that are the same in all training rows, once holes are filled."""
    return [column.name for column in columns if _is_constant(table, column, train)]


def _is_constant(table: Table, column: Column, train: Integers) -> bool:
    if column.role == "category":
        return len(column.features) == 1
    for rows in (train[:SAMPLE], train):  # a look at a few spares all of most columns
        values = _numbers(table, column)[rows]
        values = values[~np.isnan(values)]
        if len(values) and values.min() < values.max():
            return False
    return True


def twins(table: Table, columns: Sequence[Column], train: Integers) -> list[Twins]:
    """Find columns that are an earlier one over again in all training rows, the first of them.

    Args:
        table: All rows.
        columns: Those to look at, none of them constant.
        train: Which rows are training rows.
    """
    found: list[Twins] = []
    if len(train) < MIN_ROWS:
        return found
    for role, are_equal in (("number", _numbers_equal), ("category", _categories_equal)):
        alike = [column for column in columns if column.role == role]
        for first, second in _alike(table, alike, train[:SAMPLE]):
            equal = are_equal(table, first, second, train) if len(found) < MOST else None
            if equal is not None:
                found.append(Twins(first.name, second.name, equal))
    return found


def _alike(
    table: Table, columns: Sequence[Column], sample: Integers
) -> Iterator[tuple[Column, Column]]:
    """Yield pairs, of one role, that are twins as far as a number of each column tells."""
    weights = np.sin(np.arange(1.0, len(sample) + 1) ** 2)  # as good as drawn
    keys = [_key(table, column, sample, weights) for column in columns]
    order = sorted(range(len(columns)), key=keys.__getitem__)
    for one, other in itertools.pairwise(order):
        if keys[other] - keys[one] <= 1e-6 * keys[other]:
            yield columns[min(one, other)], columns[max(one, other)]


def _key(table: Table, column: Column, sample: Integers, weights: Floats) -> float:
    """Return a number that a column and its twins have in common, whatever their units."""
    if column.role == "category":  # numbered as they occur
        codes = _codes(table, column)[sample]
        _, first, places = np.unique(codes, return_index=True, return_inverse=True)
        return float(np.abs(first[places] @ weights))
    values = _numbers(table, column)[sample]
    with np.errstate(over="ignore", invalid="ignore"):
        values = np.nan_to_num(values / np.nanmax(np.abs(values), initial=1e-300))
        values -= values.mean()
    return float(np.abs(values @ weights) / (np.linalg.norm(values) or 1.0))


def _numbers_equal(table: Table, first: Column, second: Column, train: Integers) -> bool | None:
    """Tell whether columns are equal; None if they are no twins either."""
    ours, theirs = (_numbers(table, column)[train] for column in (first, second))
    if np.array_equal(ours, theirs, equal_nan=True):
        return True
    present = ~np.isnan(ours)
    if not np.array_equal(present, ~np.isnan(theirs)):
        return None
    ours, theirs = ours[present], theirs[present]
    ends = [np.argmin(ours), np.argmax(ours)]
    (low, high), (start, end) = ours[ends] / 2, theirs[ends] / 2  # half, so that none overflows
    with np.errstate(over="ignore", invalid="ignore"):
        expected = start + (ours / 2 - low) * ((end - start) / (high - low))
        near = np.abs(theirs / 2 - expected) <= CLOSE * abs(end - start)
    return False if near.all() else None


def _categories_equal(table: Table, first: Column, second: Column, train: Integers) -> bool | None:
    """Tell whether columns are equal; None if neither they nor their words pair off."""
    ours, theirs = (_codes(table, column)[train] for column in (first, second))
    pairs = np.unique(np.stack([ours, theirs]), axis=1)
    if not len(np.unique(ours)) == len(np.unique(theirs)) == pairs.shape[1]:
        return None
    texts = [[*table.categories(column.name)[0], ""] for column in (first, second)]
    return all(texts[0][one] == texts[1][other] for one, other in pairs.T)


def _numbers(table: Table, column: Column) -> Floats:
    numbers = table.numbers(column.name)
    assert numbers is not None
    return numbers


def _codes(table: Table, column: Column) -> Codes:
    return table.categories(column.name)[1]
