"""Rows that stand in a table twice; in two splits what is said of them is memory, no estimate.

Letters: N rows.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dltrain.data.table.table import Integers, Table

_Words = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Duplicates:
    """How many rows are equal to others, cell for cell."""

    repeated: int  # rows that are equal to an earlier one
    leaked: Mapping[str, int]  # rows of ``val`` and ``test`` that stand in training, too


def count_duplicates(
    table: Table,
    columns: Sequence[str],
    splits: Mapping[str, Integers],
    *,
    categorical: Collection[str],
) -> Duplicates:
    """Count the rows that are equal in all that is learned from and in the target.

    Args:
        table: All rows.
        columns: Those that are learned from, and the target, which comes last.
        splits: The rows of ``train``, ``val`` and ``test``.
        categorical: Columns whose cells are texts, even if they are numbers.
    """
    words = [
        functools.partial(_words, table, column, is_text=column in categorical)
        for column in reversed(columns)
    ]
    rows, groups = _equal_rows(words, np.concatenate([*splits.values()]))
    if not len(rows):
        return Duplicates(0, {name: 0 for name in splits if name != "train"})
    split_of = np.empty(len(table), np.int8)
    for number, members in enumerate(splits.values()):
        split_of[members] = number
    of_rows, names = split_of[rows], list(splits)
    in_training = np.bincount(groups, weights=of_rows == names.index("train"))[groups] > 0
    leaked = {
        name: int(np.count_nonzero(in_training & (of_rows == number)))
        for number, name in enumerate(names)
        if name != "train"
    }
    return Duplicates(len(rows) - int(groups[-1]) - 1, leaked)


def _equal_rows(
    columns: Sequence[Callable[[Integers], _Words]], rows: Integers
) -> tuple[Integers, Integers]:
    """Return the rows that may be equal to another, and which of them are: one number for equals.

    The numbers count from 0 upwards.
    """
    digests = np.zeros(len(rows), np.uint64)
    for words in columns:
        _mix(digests, words(rows))
        # Most rows have no like after a column or two, and the rest costs nothing.
        kept = _possibly_repeated(digests)
        rows, digests = rows[kept], digests[kept]
    order = np.argsort(digests, kind="stable")
    rows, digests = rows[order], digests[order]
    differs = digests[1:] != digests[:-1]
    for words in columns:  # equal digests may be of unequal rows, if hardly ever
        cells = words(rows)
        differs |= cells[1:] != cells[:-1]
    return rows, np.concatenate([[0], np.cumsum(differs)])[: len(rows)]


def _possibly_repeated(digests: _Words) -> npt.NDArray[np.bool_]:
    """Tell which digests may stand there twice; most that do not are told so."""
    mask = (1 << (4 * len(digests)).bit_length()) - 1
    slots = (digests & np.uint64(mask)).astype(np.int64)
    numbers = np.arange(len(digests), dtype=np.int32)
    last = np.empty(mask + 1, np.int32)
    last[slots] = numbers
    repeated = np.zeros(mask + 1, dtype=bool)
    repeated[slots[last[slots] != numbers]] = True
    possible: npt.NDArray[np.bool_] = repeated[slots]
    return possible


def _words(table: Table, column: str, rows: Integers, *, is_text: bool) -> _Words:
    """Return some cells of a column as words, equal where the cells are."""
    numbers = None if is_text else table.numbers(column)
    if numbers is None:
        return table.categories(column)[1][rows].astype(np.uint64)
    cells = numbers[rows] + 0.0  # -0.0 becomes 0.0
    words = cells.view(np.uint64)
    words[np.isnan(cells)] = np.uint64(2**64 - 1)
    return words


def _mix(digests: _Words, words: _Words) -> None:
    """Mix words into the number of each row, equal for equal rows and hardly for others."""
    digests ^= words
    digests ^= digests >> np.uint64(32)  # of whole numbers only the high bits differ
    digests *= np.uint64(0x9E3779B97F4A7C15)
    digests ^= digests >> np.uint64(29)
