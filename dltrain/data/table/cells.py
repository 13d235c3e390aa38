"""The cells of one column of a table: numbers, and texts where there is anything else.

Letters: N rows, n rows of a block. A block that holds plain numbers becomes numbers at once; where
it does not, the texts are kept, and looked at closely when they are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dltrain.data.table.typed_cells import as_text, is_date, is_number, numbers_of
from dltrain.data.table.writing import Writing

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int32]


class Cells:
    """The cells of one column.

    Args:
        wanted: ``numbers`` keeps texts only where they are no plain numbers; ``texts`` also where
            they repeat, as labels do; None keeps only which cells have a value.
        writing: How its numbers are written.
    """

    def __init__(self, wanted: str | None = "numbers", writing: Writing | None = None) -> None:
        self._wanted, self.writing = wanted, writing or Writing()
        # [N], nan where a number is missing; the rows of odd blocks are not filled
        self.values: Floats = np.empty(0)
        # the first row of each odd block, and its texts
        self.odd: list[tuple[int, pa.StringArray]] = []
        self.odd_rows = 0  # how many rows lie in odd blocks
        self.is_date = True  # whether all cells are dates by their type
        # whether the column holds text; None: still to be found out
        self.is_text: bool | None = None
        # the different texts and the place of each cell's among them; None: likewise
        self.coded: tuple[list[str], Codes] | None = None

    @property
    def capacity(self) -> int:
        """How many rows there is room for."""
        return len(self.values)

    def grow(self, capacity: int, *, keep: int) -> None:
        """Make room for more rows; the first ``keep`` are kept."""
        values = np.zeros(capacity)  # what is never written takes no memory
        values[:keep] = self.values[:keep]
        self.values = values

    def put(self, start: int, cells: pa.Array, missing: Sequence[float]) -> None:
        """Take the cells of a block, [n], that begins with a row; blocks may come at once."""
        part = self.values[start : start + len(cells)]
        if not is_date(cells.type):
            self.is_date = False
        if self._wanted is None:
            part[~present(cells)] = np.nan  # what is not written stays 0 and takes no memory
            return
        labels = self._wanted == "texts" and 2 * pc.count_distinct(cells).as_py() < len(cells)
        values = None if labels else _plain(self.writing.plain(cells))
        if values is None:
            self.odd.append((start, without(as_text(cells), missing, self.writing)))
            return
        part[:] = values
        for number in missing:
            part[part == number] = np.nan

    def finish(self, rows: int) -> None:
        """Close the column after its last row."""
        self.values = self.values[:rows]
        self.odd.sort(key=lambda block: block[0])
        self.odd_rows = sum(len(cells) for _, cells in self.odd)

    def keep(self, rows: Booleans) -> None:
        """Drop all other rows, before any cell has been asked for."""
        before = np.concatenate([[0], np.cumsum(rows)])  # how many are kept before a row
        odd = [
            (start, cells.filter(pa.array(rows[start : start + len(cells)])))
            for start, cells in self.odd
        ]
        self.odd = [(int(before[start]), cells) for start, cells in odd]
        values = self.values[rows]
        self.grow(len(values), keep=0)
        self.values[:] = values
        self.finish(len(values))
        self.is_text = self.coded = None

    def missing(self) -> Booleans:
        """Tell which cells have no value, [N]."""
        absent = np.isnan(self.values)
        for start, cells in self.odd:
            absent[start : start + len(cells)] = ~present(cells)
        return absent

    def count_present(self) -> int:
        """Count the cells that have a value."""
        return len(self.values) - int(np.count_nonzero(self.missing()))

    def is_boolean(self) -> bool:
        """Tell whether every cell that has a value is true or false."""
        blocks = [truths(cells) for _, cells in self.odd]
        count = sum(int(np.count_nonzero(~np.isnan(values))) for values in blocks)
        return 0 < count == self.count_present()

    def is_blank_somewhere(self) -> bool:
        """Tell whether a cell has nothing but white space."""
        return any(_matches(cells, r"^[ \t]+$").any() for _, cells in self.odd)


# pyarrow's own ways to NumPy import pandas, which takes long; so its buffers are looked at instead.


def present(cells: pa.Array) -> Booleans:
    """Tell which cells have a value, [n]."""
    return _bits(cells, 0)


def fixed(cells: pa.Array, dtype: str) -> npt.NDArray[Any]:
    """Return the values of an array of fixed width as NumPy's, [n]; anything where it is null."""
    if not len(cells):
        return np.empty(0, dtype)
    values = np.frombuffer(cells.buffers()[1], dtype)
    return values[cells.offset : cells.offset + len(cells)]


def _bits(cells: pa.Array, number: int) -> Booleans:
    """Return a buffer of bits as booleans, [n]."""
    bits = cells.buffers()[number]
    if bits is None or not len(cells):
        return np.ones(len(cells), dtype=bool)
    spread = np.unpackbits(np.frombuffer(bits, np.uint8), bitorder="little")
    return spread[cells.offset : cells.offset + len(cells)].astype(bool)


def _matches(cells: pa.StringArray, pattern: str) -> Booleans:
    """Tell which cells have a value that a pattern is found in, [n]."""
    matches = pc.match_substring_regex(cells, pattern)
    return _bits(matches, 1) & present(matches)


def _plain(cells: pa.Array) -> Floats | None:
    """Return a block's numbers, nan where missing; None if any cell is something else."""
    if not pa.types.is_string(cells.type):
        numbers = numbers_of(cells) if is_number(cells.type) else None
        return None if numbers is None or np.isinf(numbers).any() else numbers
    try:
        numbers = cells.cast(pa.float64())
    except pa.ArrowInvalid:
        try:
            numbers = pc.ascii_trim_whitespace(cells).cast(pa.float64())
        except pa.ArrowInvalid:
            return None
    values: Floats = fixed(numbers, "float64")
    if numbers.null_count:
        values = np.where(present(numbers), values, np.nan)
    finite = np.count_nonzero(np.isfinite(values)) == len(values) - numbers.null_count
    return values if finite else None


def parsed(cells: pa.StringArray, writing: Writing) -> Floats:
    """Return a block's numbers, infinite ones too, [n]; nan where a cell is missing or is none."""
    cells = writing.plain(cells)
    values = _plain(cells)
    if values is not None:
        return values
    if not _matches(cells, r"(?i)[0-9]|inf").any():
        return np.full(len(cells), np.nan)
    import pandas as pd

    texts = pd.Series(cells.to_numpy(zero_copy_only=False), dtype=object)
    return pd.to_numeric(texts, errors="coerce").to_numpy(dtype=np.float64)


def truths(cells: pa.StringArray) -> Floats:
    """Return 1 and 0 where a block says true and false, however spelt, [n]; nan elsewhere."""
    true, false = (_matches(cells, f"(?i)^{word}$") for word in ("true", "false"))
    return np.where(true, 1.0, np.where(false, 0.0, np.nan))


def without(cells: pa.StringArray, missing: Sequence[float], writing: Writing) -> pa.StringArray:
    """Return a block's texts, null where a number means missing."""
    if not missing:
        return cells
    absent = np.isin(parsed(cells, writing), missing)
    return pc.if_else(pa.array(absent), pa.scalar(None, pa.string()), cells)
