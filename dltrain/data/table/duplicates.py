"""Rows that stand in training, too: what is said of them is memory, and no estimate.

Letters: N rows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

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
    digests = np.zeros(len(table), np.uint64)
    for column in columns:
        _mix(digests, _words(table, column, is_text=column in categorical))
    train = splits["train"][np.argsort(digests[splits["train"]], kind="stable")]
    known = digests[train]
    notes = []
    for name, rows in others.items():
        places = np.minimum(np.searchsorted(known, digests[rows]), len(train) - 1)
        like = known[places] == digests[rows]
        pairs = train[places[like]], rows[like]
        for column in columns:  # equal digests may be of unequal rows, if hardly ever
            words = _words(table, column, is_text=column in categorical)
            equal = words[pairs[0]] == words[pairs[1]]
            pairs = pairs[0][equal], pairs[1][equal]
        count = len(pairs[0])
        if count > SHARE * len(rows):
            notes.append(
                f"{count:,} of {len(rows):,} {name} rows ({count / len(rows):.1%}) stand in "
                f"training, too, equal in all that is learned from and in {columns[-1]!r}; "
                f"{name} figures flatter the model"
            )
    return notes


def _words(table: Table, column: str, *, is_text: bool) -> _Words:
    """Return the cells of a column as words, [N], equal where the cells are."""
    numbers = None if is_text else table.numbers(column)
    if numbers is None:
        return table.categories(column)[1].astype(np.uint64)
    words = (numbers + 0.0).view(np.uint64)  # -0.0 becomes 0.0
    words[np.isnan(numbers)] = np.uint64(2**64 - 1)
    return words


def _mix(digests: _Words, words: _Words) -> None:
    """Mix words into the number of each row, [N], equal for equal rows and hardly for others."""
    digests ^= words
    digests ^= digests >> np.uint64(32)  # of whole numbers only the high bits differ
    digests *= np.uint64(0x9E3779B97F4A7C15)
    digests ^= digests >> np.uint64(29)
