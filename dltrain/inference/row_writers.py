"""Rows written as they are predicted: CSV text, or a Parquet file; memory does not grow with them.

Letters: n rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dltrain.data.table.csv_writer import as_cells, as_rows, joined
from dltrain.data.table.typed_cells import as_text, is_number

Write = Callable[[bytes], object]


class RowWriter(Protocol):
    """What takes rows: first what they are called, then any number of them, then the end."""

    def begin(self, schema: pa.Schema) -> None:
        """Take the names and types of the columns."""

    def ready(self, columns: Sequence[pa.Array]) -> list[pa.Array]:
        """Prepare columns [n] that are going to be written in several slices."""

    def write(self, passed: Sequence[pa.Array], computed: Sequence[pa.Array]) -> None:
        """Write rows: slices [n] of what ``ready`` returned, then further columns [n]."""

    def close(self) -> None:
        """Write what ends the file."""


class CsvRows:
    """Writes rows as CSV.

    Args:
        write: Takes the text, part by part.
        delimiter: One character.
        safe: Whether a text that a spreadsheet would take for a formula is marked as text.
    """

    def __init__(self, write: Write, *, delimiter: str, safe: bool) -> None:
        self._write, self._delimiter, self._safe = write, delimiter, safe

    def begin(self, schema: pa.Schema) -> None:
        """Write the header."""
        cells = self.ready([pa.array([name], pa.string()) for name in schema.names])
        self._write(as_rows(cells, delimiter=self._delimiter))

    def ready(self, columns: Sequence[pa.Array]) -> list[pa.Array]:
        """Write each row's cells; slices of them cost nothing more."""
        cells = [self._cells(column) for column in columns]
        return [joined(cells, delimiter=self._delimiter)]

    def write(self, passed: Sequence[pa.Array], computed: Sequence[pa.Array]) -> None:
        """Write rows, a line or more for each."""
        cells = [*passed, *map(self._cells, computed)]
        self._write(as_rows(cells, delimiter=self._delimiter))

    def close(self) -> None:
        """Write nothing: a CSV file just ends."""

    def _cells(self, column: pa.Array) -> pa.StringArray:
        cells = pc.fill_null(as_text(column), "")
        if is_number(column.type):
            return cells  # in which nothing is quoted
        return as_cells(cells, delimiter=self._delimiter, safe=self._safe)


class ParquetRows:
    """Writes rows as a Parquet file.

    Args:
        write: Takes the bytes, part by part.
    """

    def __init__(self, write: Write) -> None:
        self._sink = _Sink(write)
        self._writer: pq.ParquetWriter | None = None

    def begin(self, schema: pa.Schema) -> None:
        """Begin a file of these columns."""
        self._writer = pq.ParquetWriter(self._sink, schema)

    def ready(self, columns: Sequence[pa.Array]) -> list[pa.Array]:
        """Leave columns as they are."""
        return list(columns)

    def write(self, passed: Sequence[pa.Array], computed: Sequence[pa.Array]) -> None:
        """Write rows.

        Raises:
            ValueError: If cells are not of the type that their column began with.
        """
        assert self._writer is not None
        schema = self._writer.schema
        columns = list(map(_alike, [*passed, *computed], schema))
        self._writer.write_batch(pa.record_batch(columns, schema=schema))

    def close(self) -> None:
        """Write the end of the file, where a Parquet file says what is in it."""
        if self._writer is not None:
            self._writer.close()


def _alike(cells: pa.Array, field: pa.Field) -> pa.Array:
    """Keep to the type that a column began with, which blocks of SQLite's cells may leave."""
    try:
        return cells.cast(field.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise ValueError(
            f"column {field.name!r} begins with cells of type {field.type}, and later ones are "
            f"{cells.type}, which a Parquet file cannot hold together; CAST it in the query, or "
            "write a CSV file"
        ) from None


class _Sink:
    """As much of a file as Parquet is written to: pyarrow asks for no more."""

    closed = False

    def __init__(self, write: Write) -> None:
        self._write, self._position = write, 0

    def write(self, content: bytes) -> int:
        part = bytes(content)
        self._write(part)
        self._position += len(part)
        return len(part)

    def tell(self) -> int:
        return self._position

    def flush(self) -> None:
        """Do nothing: whoever writes keeps the order."""

    def close(self) -> None:
        """Do nothing: whoever opened the file closes it."""
