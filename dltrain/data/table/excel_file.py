"""A sheet of an Excel workbook, read whole: it holds a million rows at most.

A column whose cells are all numbers, all true or false or all dates is one of that type. Where they
are mixed they become texts, and are judged like those of a CSV file. Of a formula the value counts
that a spreadsheet saved beside it.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import pyarrow as pa

from dltrain.data.table.reading import Reading, unnamed
from dltrain.data.table.source import check_names, nulled
from dltrain.system.digests import file_digest

# What openpyxl raises at files that are cut or damaged.
_BROKEN = (ValueError, KeyError, TypeError, EOFError, SyntaxError, BadZipFile)
Row = tuple[int, list[Any]]  # its number in the sheet, and its cells


class ExcelFile:
    """A sheet of a workbook in the format .xlsx.

    Args:
        name: The file, as messages call it.
        path: Where it lies.
        reading: Which sheet is read, and how.

    Attributes:
        header: Names of the columns.
        categories: None; a text may be a number that somebody typed as text.
        sha256: Digest of the file's bytes.

    Raises:
        ValueError: If it holds no table, or openpyxl is not installed.
        OSError: If it cannot be opened.
    """

    def __init__(self, name: str, path: Path, *, reading: Reading) -> None:
        self.name, self.categories = name, frozenset[str]()
        self.sha256 = file_digest(path)
        sheets = self._sheets(path, reading, values=True)
        title = self._chosen(sheets, reading.sheet)
        rows = sheets.get(title, [])
        if not rows:
            raise ValueError(f"{name}: is empty; a table needs a header and rows")
        width = max(len(cells) for _, cells in rows)
        self.header = unnamed(width)
        if reading.has_header:
            number, cells = rows.pop(0)
            self.header = ["" if cell is None else _text(cell) for cell in cells]
            self.header += [""] * (width - len(cells))
            check_names(self.header, location=f"{name}: row {number:,}")
        self._numbers = [number for number, _ in rows]
        padded = [[*cells, *[None] * (width - len(cells))] for _, cells in rows]
        self._columns = [_column([row[index] for row in padded]) for index in range(width)]
        if any(cells.null_count == len(cells) for cells in self._columns):
            self._tell_formulas(self._sheets(path, reading, values=False)[title])

    def blocks(
        self, columns: Sequence[str], *, missing_values: Sequence[str]
    ) -> Iterator[list[pa.Array]]:
        """Return the cells of some columns in one block."""
        if self._numbers:
            held = (self._columns[self.header.index(column)] for column in columns)
            yield [nulled(cells, missing_values) for cells in held]

    def location(self, row: int) -> str:
        """Name the file and the row of the sheet, as it is numbered there."""
        return f"{self.name}: row {self._numbers[row]:,}"

    def expected_rows(self, read: int) -> int:
        """Return how many rows there are."""
        return len(self._numbers)

    def _tell_formulas(self, written: Sequence[Row]) -> None:
        """Give columns without values a type of their own where formulas were never calculated."""
        numbers = set(self._numbers)
        rows = [cells for number, cells in written if number in numbers]
        for index, cells in enumerate(self._columns):
            blank = cells.null_count == len(cells)
            if blank and any(len(row) > index and row[index] is not None for row in rows):
                nulls = pa.nulls(len(cells), pa.string())
                self._columns[index] = pa.ExtensionArray.from_storage(_Formulas(), nulls)

    def _sheets(self, path: Path, reading: Reading, *, values: bool) -> dict[str, list[Row]]:
        """Return the rows of each sheet that hold something: their values, or what is written."""
        try:
            import openpyxl
        except ImportError:
            raise ValueError(
                f"{self.name}: is an Excel workbook, which needs openpyxl: "
                "pip install 'dltrain[excel]'"
            ) from None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and the like, which are not read
            try:
                book = openpyxl.load_workbook(path, read_only=True, data_only=values)
                sheets = {sheet.title: list(_filled(sheet, reading)) for sheet in book.worksheets}
                book.close()
            except _BROKEN as error:
                raise ValueError(
                    f"{self.name}: is no intact Excel workbook ({error}); save it anew"
                ) from None
        return sheets

    def _chosen(self, sheets: dict[str, list[Row]], sheet: str | None) -> str:
        """Return the sheet that is asked for, or else of the only one that has any."""
        filled = [title for title, rows in sheets.items() if rows]
        if not filled or (sheet is None and len(filled) == 1):
            return "".join(filled)
        if sheet in filled:
            return sheet
        first, listed = filled[0], ", ".join(map(repr, filled[:8]))
        which, otherwise = "several sheets hold something", "keep one sheet"
        if sheet is not None:
            which = (
                f"sheet {sheet!r} holds nothing" if sheet in sheets else f"no sheet is {sheet!r}"
            )
            otherwise = "rename the sheet"
        verb = "is" if len(filled) == 1 else "are"
        raise ValueError(
            f"{self.name}: {which}; there {verb} {listed}: add 'data.sheet={first}', or {otherwise}"
        )


class _Formulas(pa.ExtensionType):  # type: ignore[misc]  # pyarrow tells no types
    """The type of a column of formulas whose values nobody saved: nothing is learned from it."""

    def __init__(self) -> None:
        super().__init__(pa.string(), "dltrain.formulas")

    def __arrow_ext_serialize__(self) -> bytes:
        return b""

    def __str__(self) -> str:
        return "formulas without saved values (open and save the file in a spreadsheet)"


def _filled(sheet: Any, reading: Reading) -> Iterator[Row]:
    """Yield the rows that hold something, cut behind their last cell."""
    for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        cells = list(row)
        while cells and cells[-1] in (None, ""):
            cells.pop()
        mark = reading.comment
        comment = bool(cells) and mark is not None and str(cells[0]).startswith(mark)
        if cells and number > reading.skip_rows and not comment:
            yield number, cells


def _column(cells: Sequence[Any]) -> pa.Array:
    """Give the cells of a column the type they share, or else make texts of them."""
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds == {int, float}:
        return pa.array(cells, pa.float64(), from_pandas=False)
    if kinds <= {bool} or kinds <= {int} or kinds <= {float} or kinds <= {datetime}:
        try:
            return pa.array(cells)
        except (pa.ArrowInvalid, OverflowError):  # a whole number of too many digits
            return pa.array([None if cell is None else float(cell) for cell in cells])
    return pa.array([None if cell is None else _text(cell) for cell in cells], pa.string())


def _text(cell: Any) -> str:
    """Write a cell as it would stand in a CSV file."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime | date):
        return cell.isoformat(*([" "] if isinstance(cell, datetime) else []))
    return str(cell)
