"""Which format a file has, told by what it begins with; what it is called decides nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from dltrain.data.input_stream import ZIP, InputStream
from dltrain.data.table.csv_file import CsvFile
from dltrain.data.table.csv_stream import CsvBlocks
from dltrain.data.table.excel_file import ExcelFile
from dltrain.data.table.foreign import refuse_foreign
from dltrain.data.table.reading import Reading
from dltrain.data.table.source import HeldRows, RowSource, SourceBlocks
from dltrain.data.table.text_stream import utf8_lines
from dltrain.data.table.typed_file import ARROW, PARQUET, TypedFile

_LOOKED_AT = 16  # bytes


class RowBlocks(Protocol):
    """The rows of a table, to be read once, some at a time."""

    name: str  # as messages call it
    header: list[str]  # names of the columns

    def __iter__(self) -> Iterator[HeldRows]:
        """Yield the rows."""


def open_file(name: str, path: Path, *, reading: Reading) -> RowSource:
    """Open a file of rows that are read as often as needed.

    Raises:
        ValueError: If it holds no table.
        OSError: If it cannot be opened.
    """
    with open(path, "rb") as file:
        stream = InputStream(name, file, path=path)
        source = _no_text(stream, reading)
    return source or CsvFile(name, path, reading=reading)


def open_blocks(stream: InputStream, *, reading: Reading) -> RowBlocks:
    """Open rows that are read once, so that memory does not grow with the file.

    Args:
        stream: What is read; what is no text must be a file.
        reading: How it is read.

    Raises:
        ValueError: If it holds no table.
    """
    source = _no_text(stream, reading)
    if source is not None:
        return SourceBlocks(source)
    return CsvBlocks(stream.name, utf8_lines(stream, reading), reading=reading)


def _no_text(stream: InputStream, reading: Reading) -> RowSource | None:
    """Open what is no text but a table all the same; refuse what is neither."""
    start = stream.start(_LOOKED_AT)
    if start.startswith((PARQUET, ARROW, ZIP)) and not stream.is_packed:
        if stream.path is None:
            raise ValueError(f"{stream.name}: only text comes as a stream; name the file instead")
        if start.startswith(ZIP):
            return ExcelFile(stream.name, stream.path, reading=reading)
        return TypedFile(stream.name, stream.path)
    refuse_foreign(stream.name, start)
    return None
