"""Which format a file has, told by what it begins with; what it is called decides nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from dltrain.data.input_stream import InputStream
from dltrain.data.table.csv_file import CsvFile
from dltrain.data.table.csv_stream import CsvBlocks
from dltrain.data.table.source import HeldRows, RowSource, SourceBlocks
from dltrain.data.table.typed_file import ARROW, PARQUET, TypedFile

_TYPED = (PARQUET, ARROW)


class RowBlocks(Protocol):
    """The rows of a table, to be read once, some at a time."""

    name: str  # as messages call it
    header: list[str]  # names of the columns

    def __iter__(self) -> Iterator[HeldRows]:
        """Yield the rows."""


def open_file(name: str, path: Path, *, delimiter: str) -> RowSource:
    """Open a file of rows that are read as often as needed.

    Raises:
        ValueError: If it holds no table.
        OSError: If it cannot be opened.
    """
    with open(path, "rb") as file:
        start = file.read(8)
    if start.startswith(_TYPED):
        return TypedFile(name, path)
    return CsvFile(name, path, delimiter=delimiter)


def open_blocks(stream: InputStream, *, reading: dict[str, Any]) -> RowBlocks:
    """Open rows that are read once, so that memory does not grow with the file.

    Args:
        stream: What is read; what is no text must be a file.
        reading: As a run's preparation has it.

    Raises:
        ValueError: If it holds no table.
    """
    if not stream.start(8).startswith(_TYPED):
        return CsvBlocks(stream.name, stream, delimiter=reading["delimiter"])
    if stream.path is None:
        raise ValueError(f"{stream.name}: only text comes as a stream; name the file instead")
    source = TypedFile(stream.name, stream.path)
    return SourceBlocks(source)
