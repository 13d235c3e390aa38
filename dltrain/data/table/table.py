"""A table as columns of numbers and texts, with a place for every complaint.

Nothing is repaired in silence: a row of the wrong width, a duplicate name, a stray text among
numbers or a non-finite value is an error with file, line and column.

Letters: N rows.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from math import isfinite

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dltrain.data.table.cells import (
    Booleans,
    Cells,
    Codes,
    Floats,
    fixed,
    present,
    without,
)
from dltrain.data.table.csv_file import CsvFile
from dltrain.data.table.reading import Reading
from dltrain.data.table.settle import CellError, settle
from dltrain.data.table.source import Reread, RowSource
from dltrain.data.table.typed_cells import as_text, is_readable
from dltrain.data.table.writing import Writing
from dltrain.system.shell import setting

FINITE = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*", re.ASCII | re.IGNORECASE)

Integers = npt.NDArray[np.int64]

WORKERS = 2  # reading takes one processor, converting about as much


class Table:
    """The cells of a file, N rows, with line numbers for complaints.

    Args:
        name: The file, as complaints call it.
        source: Where the rows come from; or the bytes of a CSV file.
        delimiter: One character, of such bytes.
        missing_values: Cell texts that mean missing; a number means every spelling of it.
        as_text: Columns whose texts may be asked for, even if they are numbers; others are read
            from the file again for it.
        unused: Columns of which only what is missing will be asked for.
        writings: How the numbers of columns are written, if not as Python writes them.

    Raises:
        ValueError: If the file is no table.
        OSError: If it cannot be read.
    """

    def __init__(
        self,
        name: str,
        source: RowSource | bytes,
        *,
        delimiter: str | None = None,
        missing_values: Sequence[str],
        as_text: Collection[str] = (),
        unused: Collection[str] = (),
        writings: Mapping[str, Writing] | None = None,
    ) -> None:
        self.name = name
        self._file: RowSource = (
            CsvFile(name, source, reading=Reading(delimiter=delimiter))
            if isinstance(source, bytes)
            else source
        )
        self.header = self._file.header  # names of the columns
        self._writings = writings or {}
        self._missing_values = list(missing_values)
        self._missing_numbers = _finite_numbers(missing_values)
        self._kept: Integers | None = None  # rows of the file, if some were dropped
        while True:
            try:
                self._read(dict.fromkeys(as_text, "texts") | dict.fromkeys(unused))
                break
            except Reread:
                continue
        if not self._rows:
            raise ValueError(f"{self.name}: has a header but no rows")
        if len(self.header) == 1 and self._columns[self.header[0]].is_blank_somewhere():
            raise ValueError(f"{self.name}: has rows of white space only; remove them")

    def _read(self, wanted: Mapping[str, str | None]) -> None:
        """Fill the columns, converting blocks while the next ones are read."""
        columns = [
            Cells(wanted.get(name, "numbers"), self._writings.get(name)) for name in self.header
        ]
        waiting: deque[Future[None]] = deque()
        rows = 0

        def convert(start: int, block: Sequence[pa.Array]) -> None:
            for name, column, cells in zip(self.header, columns, block, strict=True):
                if wanted.get(name, "numbers") is not None and not is_readable(cells.type):
                    raise ValueError(
                        f"{self.name}: column {quoted(name)} holds {cells.type}, which nothing is "
                        f"learned from; leave it out with {setting('data.drop', [name])}"
                    )
                column.put(start, cells, self._missing_numbers)

        with ThreadPoolExecutor(WORKERS) as pool:
            blocks = self._file.blocks(self.header, missing_values=self._missing_values)
            for block in blocks:
                count = len(block[0])
                if rows + count > columns[0].capacity:
                    while waiting:
                        waiting.popleft().result()
                    expected = self._file.expected_rows(rows + count)
                    for column in columns:
                        column.grow(max(expected, rows + count), keep=rows)
                waiting.append(pool.submit(convert, rows, block))
                rows += count
                if len(waiting) > WORKERS:
                    waiting.popleft().result()
            for task in waiting:
                task.result()
        for column in columns:
            column.finish(rows)
        self._rows = rows
        self._columns = dict(zip(self.header, columns, strict=True))

    def __len__(self) -> int:
        return self._rows

    def keep(self, rows: Booleans) -> None:
        """Drop all other rows."""
        for column in self._columns.values():
            column.keep(rows)
        self._kept = self.rows[rows]
        self._rows = len(self._kept)

    def add(self, name: str, values: Floats, *, names: Sequence[str] = ()) -> None:
        """Add a column that is made of others.

        Args:
            name: What it is called; no column of the file is.
            values: Its numbers, [N], nan where missing; or the place of each cell's text.
            names: The different texts, if it holds texts.
        """
        if name in self.header:
            raise ValueError(f"{self.name}: a column {name!r} is made of another; rename yours")
        column = Cells()
        column.values, column.is_text = values, bool(names)
        if names:
            codes = np.where(np.isnan(values), -1, values).astype(np.int32)
            column.coded = list(names), codes
        self._columns[name] = column

    def release(self, column: str) -> None:
        """Give back the memory of a column that is not needed any more."""
        self._columns[column] = Cells()

    def close(self) -> None:
        """Give back all memory, that of blocks long converted too; the cells are gone."""
        self._columns.clear()
        pa.default_memory_pool().release_unused()

    def at(self, row: int | np.integer, column: str) -> str:
        """Name a cell in a complaint; the file is read for its line."""
        number = int(row if self._kept is None else self._kept[row])
        return f"{self._file.location(number)}: column {quoted(column)}"

    @property
    def rows(self) -> Integers:
        """Numbers of the rows among all that were read, [N]."""
        return np.arange(self._rows) if self._kept is None else self._kept

    def missing(self, column: str) -> Booleans:
        """Tell which cells have no value, [N]."""
        return self._columns[column].missing()

    def text(self, row: int | np.integer, column: str) -> str:
        """Return one cell as text; empty if it is missing."""
        names, codes = self.categories(column)
        return names[codes[row]] if codes[row] >= 0 else ""

    def texts(self, column: str) -> npt.NDArray[np.str_]:
        """Return the cells as text, [N]; missing ones are empty."""
        names, codes = self.categories(column)
        return np.array([*names, ""], dtype=str)[codes]

    def categories(self, column: str) -> tuple[list[str], Codes]:
        """Return the different texts in order, and the place of each cell's among them, [N].

        The place of a missing cell is -1.
        """
        held = self._columns[column]
        if held.coded is None:
            held.coded = self._categories(column)
        return held.coded

    def _categories(self, column: str) -> tuple[list[str], Codes]:
        encoded = self._texts(column).dictionary_encode().combine_chunks()
        names = encoded.dictionary.to_pylist()
        order = sorted(range(len(names)), key=names.__getitem__)
        rank = np.full(len(names) + 1, -1, np.int32)
        rank[order] = np.arange(len(names))
        codes = np.where(present(encoded.indices), fixed(encoded.indices, "int32"), len(names))
        return [names[index] for index in order], rank[codes]

    def _texts(self, column: str) -> pa.ChunkedArray:
        """Return the cells as text; a column of plain numbers is read from the file again."""
        held = self._columns[column]
        if held.odd_rows < self._rows:
            blocks = self._file.blocks([column], missing_values=self._missing_values)
            read = [without(as_text(c), self._missing_numbers, held.writing) for [c] in blocks]
            cells = pa.chunked_array(read, pa.string())
            return cells if self._kept is None else cells.take(pa.array(self._kept))
        return pa.chunked_array([cells for _, cells in held.odd], pa.string())

    def is_category(self, column: str) -> bool:
        """Tell whether a column holds texts by its type, even if they look like numbers."""
        return column in self._file.categories

    def is_date(self, column: str) -> bool:
        """Tell whether a column of the file holds dates by its type; their texts are ISO dates."""
        return self._columns[column].is_date

    def is_boolean(self, column: str) -> bool:
        """Tell whether every cell that has a value is true or false."""
        return self._columns[column].is_boolean()

    def numbers(self, column: str) -> Floats | None:
        """Return the cells as numbers, [N], missing ones as nan; None if the column holds text.

        Texts by type are no numbers, whatever they look like. ``true`` and ``false`` count as 1 and
        0. The array is the table's own.

        Raises:
            ValueError: If a number is not finite, if a few texts stand among numbers, or if all are
                numbers that are written otherwise than expected.
        """
        if self.is_category(column):
            return None
        held = self._columns[column]
        if held.is_text is None:
            try:
                held.is_text = not settle(held, name=column, missing_values=self._missing_values)
            except CellError as error:
                cell = quoted(self.text(error.row, column))
                raise ValueError(f"{self.at(error.row, column)}: {cell} {error.advice}") from None
            except ValueError as error:
                raise ValueError(f"{self.name}: {error}") from None
        return None if held.is_text else held.values

    def writing(self, column: str) -> Writing:
        """Return how the numbers of a column are written."""
        return self._columns[column].writing


def quoted(text: str, *, most: int = 80) -> str:
    """Quote a cell or a name in a complaint, bounded, so that what is said of it can be read."""
    return repr(text) if len(text) <= most else f"{text[:most]!r}..."


def listed(names: Sequence[str], *, most: int = 8) -> str:
    """List the first few names, quoted, so that a space at an end shows; and how many more."""
    shown = ", ".join(quoted(name, most=40) for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def _finite_numbers(texts: Sequence[str]) -> list[float]:
    return [float(text) for text in texts if FINITE.fullmatch(text) and isfinite(float(text))]
