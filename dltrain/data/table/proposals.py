"""What a column of texts may be instead: numbers written otherwise, or with marks for missing.

Nothing of it is done unasked; it is proposed, with the setting to paste.

Letters: T different texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dltrain.data.table.cells import Booleans, parsed, present
from dltrain.data.table.missing import is_mark
from dltrain.data.table.writing import Writing, common_sign
from dltrain.system.shell import setting
from dltrain.text import clipped

MANY = 10_000  # different texts, beyond which a part of them is looked at first
MOST_MARKS = 10  # different texts that may mean missing in one column

# Decimal mark and what stands between thousands; the first that fits is the simplest.
_OTHERS = [
    *((".", None), (",", None), (".", ","), (",", ".")),
    *((".", "space"), (",", "space"), (".", "'"), (",", "'")),
]
_MARKS = {",": "commas", ".": "points", "space": "spaces", "'": "apostrophes"}


@dataclass(frozen=True)
class Way:
    """One way to read a column's texts as numbers, and what to add for it."""

    writing: Writing
    settings: str  # as typed
    example: str  # a text that needs it
    value: float  # what it is then
    count: int  # cells that are numbers then

    @property
    def words(self) -> str:
        """How the numbers are written."""
        parts = [f"{self.writing.sign!r}"] if self.writing.sign else []
        if self.writing.thousands is not None:
            parts.append(f"{_MARKS[self.writing.thousands]} between thousands")
        if self.writing.decimal == ",":
            parts.append("a decimal comma")
        return f"numbers with {' and '.join(parts)}"


class Texts:
    """The different texts of a column that is none of plain numbers.

    Args:
        texts: [T].
        counts: How many cells have each, [T].
        writing: How its numbers are expected.
    """

    def __init__(
        self, texts: Sequence[str], counts: npt.NDArray[np.int64], *, writing: Writing
    ) -> None:
        self._texts, self._counts, self._writing = texts, counts, writing
        self._cells = pa.array(texts, pa.string())
        self.total = int(counts.sum())

    def ways(self) -> list[Way]:
        """List the ways to read most cells as numbers: none, the only one, or two that differ."""
        sign = self._writing.sign or common_sign(self._texts[:MANY])
        part = self._cells[:: len(self._cells) // MANY + 1]
        if not pc.any(pc.match_substring_regex(part, "[0-9]")).as_py():
            return []
        every = [Writing(decimal, mark, sign) for decimal, mark in _OTHERS]
        shares = [int(np.count_nonzero(_true(writing.matches(part)))) for writing in every]
        best = max(range(len(every)), key=shares.__getitem__)
        if 2 * shares[best] < len(part) or every[best] == self._writing:
            return []
        chosen = [every[best]]
        # 1,234 and nothing else may be either.
        if chosen[0] == Writing(",", None, sign) and shares[2] == shares[best]:
            chosen.append(every[2])
        ways = [self._way(writing) for writing in chosen]
        before = self.count(self._writing)
        return [way for way in ways if way.count > before and 2 * way.count > self.total]

    def count(self, writing: Writing) -> int:
        """Count the cells that are numbers in some writing."""
        return int(self._counts[_true(writing.matches(self._cells))].sum())

    def _way(self, writing: Writing) -> Way:
        right = _true(writing.matches(self._cells))
        new = right & ~_true(replace(self._writing, sign=writing.sign).matches(self._cells))
        example = self._texts[int(np.argmax(new))]
        [value] = parsed(pa.array([example]), writing)
        settings = []
        if writing.decimal != self._writing.decimal:
            settings.append(setting("data.decimal", writing.decimal))
        if writing.thousands != self._writing.thousands:
            settings.append(setting("data.thousands", writing.thousands))
        count = int(self._counts[right].sum())
        return Way(writing, " ".join(settings), example, float(value), count)

    def marks(self) -> list[str]:
        """Name what stands for missing, if all that is no number may be that."""
        strays = np.flatnonzero(np.isnan(parsed(self._cells, self._writing)))[: MOST_MARKS + 1]
        texts = [self._texts[stray] for stray in strays]
        return texts if len(texts) <= MOST_MARKS and all(map(is_mark, texts)) else []


def as_sentence(ways: Sequence[Way], *, name: str, total: int | None) -> str:
    """Say of a column that its texts are numbers written otherwise, and what to add.

    Args:
        ways: At least one.
        name: Of the column.
        total: How many cells have a value; None if more than were looked at.
    """
    [first, *others] = ways
    cells = "cells" if total is None else f"{first.count:,} of {total:,} cells"
    if others:
        return f"{cells} of {name!r} are numbers, but {either(ways)}"
    example = clipped(first.example)
    return f"{cells} of {name!r} are {first.words}, such as {example!r}: add {first.settings}"


def either(ways: Sequence[Way]) -> str:
    """Say what a text is in each way to read it."""
    return f"{ways[0].example!r} " + " or ".join(_possible(ways))


def _possible(ways: Sequence[Way]) -> Iterator[str]:
    may = "may be " if len(ways) > 1 else "is "
    for way in ways:
        yield f"{may}{way.value:.15g} (add {way.settings})"
        may = ""


def _true(matches: pa.BooleanArray) -> Booleans:
    """Return arrow's booleans as NumPy's, [T]; false where null."""
    return present(pc.if_else(matches, True, pa.scalar(None, pa.bool_())))
