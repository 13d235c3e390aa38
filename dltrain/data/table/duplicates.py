"""Rows that stand in training, too: what is said of them is memory, and no estimate.

Letters: N rows.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from dltrain.data.table.table import Integers, Table

SHARE = 0.01  # of a split's rows; fewer than this are no leak worth a sentence
_Words = npt.NDArray[np.uint64]


def leak_notes(
    table: Table,
    columns: Sequence[str],
    splits: Mapping[str, Integers],
    *,
    categorical: Collection[str],
) -> list[str]:
    """Say how many rows that validate or test stand in training as well, cell for cell.

    Args:
        table: All rows.
        columns: Those that are learned from, and the target, which comes last.
        splits: The rows of ``train``, ``val`` and ``test``.
        categorical: Columns whose cells are texts, even if they are numbers.
    """
    others = {name: rows for name, rows in splits.items() if name != "train" and len(rows)}
    if not others:
        return []
    words = {
        column: functools.partial(_words, table, column, is_text=column in categorical)
        for column in reversed(columns)
    }
    leaked = _leaked(list(words.values()), splits["train"], np.concatenate([*others.values()]))
    notes = []
    for name, rows in others.items():
        count = int(np.count_nonzero(np.isin(rows, leaked)))
        if count > SHARE * len(rows):
            notes.append(
                f"{count:,} of {len(rows):,} {name} rows ({count / len(rows):.1%}) stand in "
                f"training, too, equal in all that is learned from and in {columns[-1]!r}; "
                f"if they are copies, {name} figures flatter the model"
            )
    return notes


def _leaked(
    columns: Sequence[Callable[[Integers], _Words]], train: Integers, others: Integers
) -> Integers:
    """Return those of the other rows that are equal to a training row in all columns."""
    digests = [np.zeros(len(rows), np.uint64) for rows in (train, others)]
    for words in columns:
        _mix(digests[0], words(train))
        _mix(digests[1], words(others))
        # Most rows have no like after a column or two, and the rest costs nothing.
        kept = _possible(*digests), _possible(*digests[::-1])
        train, others = train[kept[0]], others[kept[1]]
        digests = [digest[keep] for digest, keep in zip(digests, kept, strict=True)]
        if not len(others):
            return others
    order = np.argsort(digests[0], kind="stable")
    places = np.minimum(np.searchsorted(digests[0][order], digests[1]), len(train) - 1)
    pairs = train[order[places]], others
    for words in columns:  # equal digests may be of unequal rows, if hardly ever
        equal = words(pairs[0]) == words(pairs[1])
        pairs = pairs[0][equal], pairs[1][equal]
    return pairs[1]


def _possible(digests: _Words, others: _Words) -> npt.NDArray[np.bool_]:
    """Tell which digests may be among others; most that are not are told so."""
    mask = np.uint64((1 << (16 * len(others)).bit_length()) - 1)
    marks = np.zeros(int(mask) + 1, dtype=bool)
    marks[others & mask] = True
    possible: npt.NDArray[np.bool_] = marks[digests & mask]
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
