"""A CSV file as checked cells: right widths, unique names, and a place for every complaint.

Nothing is repaired in silence: a row of the wrong width, a duplicate name, a stray text among
numbers or a non-finite value is an error with file, line and column.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

MAX_COLUMNS = 100_000

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class Table:
    """The cells of a file as text, N rows, with line numbers for complaints.

    Args:
        name: The file, as complaints call it.
        content: Its bytes.
        delimiter: One character.
        missing_values: Cell texts that mean missing; a number means every spelling of it.

    Attributes:
        header: Names of the columns.
        frame: Cells as text, missing ones as pandas' missing value.
        lines: The line each row begins or ends on, [N].

    Raises:
        ValueError: If the file is no table.
    """

    def __init__(
        self, name: str, content: bytes, *, delimiter: str, missing_values: Sequence[str]
    ) -> None:
        self.name = name
        text = self._decode(content)
        try:
            self.header = self._read_header(text, delimiter)
            self.lines = _check_widths(name, text, delimiter, len(self.header))
            self.frame = pd.read_csv(
                io.StringIO(text),
                sep=delimiter,
                header=0,
                names=self.header,
                index_col=False,
                dtype=str,
                keep_default_na=False,
                na_values=list(missing_values),
                skip_blank_lines=True,
            )
        except (csv.Error, pd.errors.ParserError) as error:
            raise ValueError(
                f"{name}: cannot be read as a table ({error}); mend its quotes"
            ) from None
        if len(self.frame) != len(self.lines):
            raise ValueError(f"{name}: has rows of white space only; remove them")
        if self.frame.empty:
            raise ValueError(f"{name}: has a header but no rows")
        self._numbers: dict[str, Floats | None] = {}

    def _decode(self, content: bytes) -> str:
        if b"\0" in content:
            raise ValueError(f"{self.name}: holds NUL bytes; is it a text file?")
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise ValueError(
                f"{self.name}:{line}: is not UTF-8 text; convert it, for example with iconv"
            ) from None

    def _read_header(self, text: str, delimiter: str) -> list[str]:
        if "\r" in text and "\n" not in text:
            raise ValueError(
                f"{self.name}: has line ends of old Macs; convert it with: tr '\\r' '\\n'"
            )
        rows = csv.reader(io.StringIO(text), delimiter=delimiter)
        header = next((row for row in rows if row), [])
        if not header or header == [""]:
            raise ValueError(f"{self.name}: is empty; a table needs a header and rows")
        if len(header) > MAX_COLUMNS:
            raise ValueError(f"{self.name}: {len(header)} columns, at most {MAX_COLUMNS} are read")
        seen: set[str] = set()
        for number, column in enumerate(header, start=1):
            if not column.strip():
                raise ValueError(
                    f"{self.name}:1: column {number} has no name; give it one (if it only numbers "
                    "the rows, name it and leave it out with data.drop)"
                )
            if column in seen:
                raise ValueError(
                    f"{self.name}:1: two columns are called {column!r}; rename one of them"
                )
            seen.add(column)
        return header

    def __len__(self) -> int:
        return len(self.frame)

    def keep(self, rows: npt.NDArray[np.bool_]) -> None:
        """Drop all other rows."""
        self.frame = self.frame[rows].reset_index(drop=True)
        self.lines = self.lines[rows]
        self._numbers.clear()

    def at(self, row: int | np.integer, column: str) -> str:
        """Name a cell in a complaint."""
        return f"{self.name}:{self.lines[row]}: column {column!r}"

    def missing(self, column: str) -> npt.NDArray[np.bool_]:
        """Tell which cells have no value, [N]."""
        return self.frame[column].isna().to_numpy()

    def texts(self, column: str) -> npt.NDArray[np.str_]:
        """Return the cells as text, [N]; missing ones are empty."""
        return self.frame[column].fillna("").to_numpy(dtype=object).astype(str)

    def is_boolean(self, column: str) -> bool:
        """Tell whether every cell that has a value is true or false."""
        present = self.frame[column].dropna()
        return len(present) > 0 and bool(present.str.lower().isin(["true", "false"]).all())

    def numbers(self, column: str) -> Floats | None:
        """Return the cells as numbers, [N], missing ones as nan; None if the column holds text.

        ``true`` and ``false`` count as 1 and 0.

        Raises:
            ValueError: If a number is not finite, or if a few texts stand among numbers.
        """
        if column not in self._numbers:
            self._numbers[column] = self._parse(column)
        return self._numbers[column]

    def _parse(self, column: str) -> Floats | None:
        cells = self.frame[column]
        present = cells.dropna()
        if self.is_boolean(column):
            parsed = cells.str.lower().map({"true": 1.0, "false": 0.0})
        else:
            parsed = pd.to_numeric(cells, errors="coerce")
        values = np.asarray(parsed.to_numpy(), dtype=np.float64)
        strays = np.flatnonzero(np.isnan(values) & cells.notna().to_numpy())
        if len(strays) and 2 * len(strays) >= len(present):
            return None
        if len(strays):
            cell = cells.iloc[strays[0]]
            raise ValueError(
                f"{self.at(strays[0], column)}: {cell!r} stands among numbers; correct it, or name "
                f"it in data.missing_values, or use data.categorical=[{column}] or "
                f"data.drop=[{column}]"
            )
        infinite = np.flatnonzero(np.isinf(values))
        if len(infinite):
            cell = cells.iloc[infinite[0]]
            raise ValueError(
                f"{self.at(infinite[0], column)}: {cell!r} is not finite; correct it, or name it "
                "in data.missing_values"
            )
        return values


def _check_widths(name: str, text: str, delimiter: str, width: int) -> Integers:
    """Check that every row has as many cells as the header; return the line of each row."""
    if '"' in text or "\r" in text:
        rows = csv.reader(io.StringIO(text), delimiter=delimiter)
        counted = [(rows.line_num, len(row)) for row in rows if row]
        lines = np.array([line for line, _ in counted])
        widths = np.array([cells for _, cells in counted])
    else:
        lines, widths = _count_cells(text.encode(), delimiter.encode())
    wrong = np.flatnonzero(widths != width)
    if len(wrong):
        line, cells = lines[wrong[0]], widths[wrong[0]]
        raise ValueError(
            f"{name}:{line}: {cells} cells, but the header has {width}; correct the row, "
            "or quote cells that contain the delimiter"
        )
    return lines[1:]


def _count_cells(content: bytes, delimiter: bytes) -> tuple[Integers, Integers]:
    """Count the cells of each non-empty line of a table without quotes: (line numbers, cells)."""
    if not content.endswith(b"\n"):
        content += b"\n"
    data = np.frombuffer(content, dtype=np.uint8)
    ends = np.flatnonzero(data == ord("\n"))
    marks = np.flatnonzero(data == ord(delimiter))
    before = np.searchsorted(marks, ends)  # delimiters up to each line's end
    cells = np.diff(before, prepend=0) + 1
    full = np.diff(ends, prepend=-1) > 1
    return np.flatnonzero(full) + 1, cells[full]
