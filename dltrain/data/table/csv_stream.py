"""A CSV file of any length, read once from beginning to end, some whole rows at a time.

Letters: n rows of a block.
"""

from __future__ import annotations

import contextlib
import csv
import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

import pyarrow as pa

from dltrain.data.table.csv_file import CsvFile
from dltrain.data.table.reading import Reading
from dltrain.data.table.source import HeldRows

# Large enough that what a block costs by itself does not show; a wide table has longer rows.
LEAST_BLOCK, LARGEST_BLOCK, HEADERS_PER_BLOCK = 1 << 22, 1 << 25, 64
MAX_ROW_BYTES = 1 << 24


class Stream(Protocol):
    """Bytes that come one after the other."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, fewer than asked for only at the end."""

    def readline(self, size: int, /) -> bytes:
        """Return the next line, or as much of it as asked for."""


class CsvBlocks:
    """The rows of a CSV file; memory does not grow with the file.

    Args:
        name: The file, as complaints call it.
        stream: What is read from it, in UTF-8; it is never asked to go back.
        reading: How it is read.

    Raises:
        ValueError: If it has no header that can be used.
    """

    def __init__(self, name: str, stream: Stream, *, reading: Reading) -> None:
        self.name = name
        self._stream, self._reading = stream, reading
        first = self._read_first_row()
        file = CsvFile(name, first, reading=reading)
        self.header, self._delimiter = file.header, file.delimiter  # names of the columns
        self._row_bytes = len(first)
        # What every block begins with, and what the first one goes on with.
        self._head, self._held = (first, b"") if reading.has_header else (b"", first)
        if self._head and not self._head.endswith(b"\n"):
            self._head += b"\n"

    def __iter__(self) -> Iterator[HeldRows]:
        """Yield the rows once.

        Raises:
            ValueError: If they are no table; the message names the line.
        """
        size = min(max(HEADERS_PER_BLOCK * self._row_bytes, LEAST_BLOCK), LARGEST_BLOCK)
        held, lines, more = self._held, 0, True
        while more:
            read = self._stream.read(size)
            more, held = bool(read), held + read
            end = whole_rows(held, self._delimiter) if more else len(held)
            if more and len(held) - end > MAX_ROW_BYTES:
                first = self._head.count(b"\n") + lines + held.count(b"\n", 0, end) + 1
                raise ValueError(
                    f"{self.name}:{first}: a row of more than {MAX_ROW_BYTES} bytes begins here; "
                    "is a quote not closed?"
                )
            block, held = held[:end], held[end:]
            if block.strip(b"\r\n"):
                content = self._head + block
                file = CsvFile(
                    self.name,
                    content,
                    reading=replace(self._reading, delimiter=self._delimiter),
                    header=self.header,
                    skipped=lines,
                )
                file.block_bytes = len(content) + 1
                yield _held(file)
            lines += block.count(b"\n")

    def _read_first_row(self) -> bytes:
        """Read up to the end of the first row; blank lines may stand before it."""
        lines: list[bytes] = []
        csv.field_size_limit(2**31 - 1)

        def texts() -> Iterator[str]:
            while line := self._stream.readline(MAX_ROW_BYTES):
                lines.append(line)
                if b"\0" in line or sum(map(len, lines)) >= MAX_ROW_BYTES:
                    return
                yield line.decode(errors="replace")

        rest = texts()
        line = next((line for line in rest if line.strip("\r\n")), "")
        reader = csv.reader(
            itertools.chain([line], rest), delimiter=self._reading.mark(self.name, line.encode())
        )
        with contextlib.suppress(csv.Error):  # whoever reads it again knows how to say it
            next(reader, None)
        head = b"".join(lines)
        if len(head) >= MAX_ROW_BYTES and b"\0" not in head:  # which is another complaint
            raise ValueError(f"{self.name}: has a header of more than {MAX_ROW_BYTES} bytes")
        return head


def _held(file: CsvFile) -> HeldRows:
    """Hold all rows of a file in memory."""
    blocks = list(file.blocks(file.header, missing_values=[]))
    columns = [
        cells[0] if len(cells) == 1 else pa.concat_arrays(cells)
        for cells in zip(*blocks, strict=True)
    ]
    return HeldRows(file, columns, start=0)


def whole_rows(block: bytes, delimiter: str) -> int:
    r"""Return how many bytes of a block, which begins with a row, make up whole rows.

    Example:
        >>> whole_rows(b'1,2\n3,"4\n5', ",")
        4
    """
    last = block.rfind(b"\n") + 1
    quote = block.find(b'"', 0, last)
    csv.field_size_limit(2**31 - 1)  # a long text is no mistake
    while quote >= 0:  # a row with quotes may go on in further lines
        start = block.rfind(b"\n", 0, quote) + 1
        lines = _Lines(block, start, last)
        try:
            next(csv.reader(lines, delimiter=delimiter))
        except csv.Error:
            return last  # whoever reads the rows knows how to say it
        if lines.exhausted:
            return start
        quote = block.find(b'"', lines.position, last)
    return last


class _Lines(Iterator[str]):
    """The lines of a row with quotes, and all that could be part of it.

    What does not hold the row's first quote begins within one, which nothing but a further quote
    ends, so lines without any come with the next one that has.

    Attributes:
        position: Where the next line begins.
        exhausted: Whether one more was asked for than there are.
    """

    def __init__(self, block: bytes, start: int, stop: int) -> None:
        self._block, self._stop = block, stop
        self.position, self.exhausted = start, False

    def __next__(self) -> str:
        if self.position == self._stop:
            self.exhausted = True
            raise StopIteration
        quote = self._block.find(b'"', self.position, self._stop)
        end = self._block.find(b"\n", quote, self._stop) + 1 if quote >= 0 else self._stop
        text = self._block[self.position : end].decode(errors="replace")
        self.position = end
        return text
