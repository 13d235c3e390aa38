"""A CSV file, read once from beginning to end in blocks of texts; and the place of what is wrong.

pyarrow cuts the blocks. What it refuses is read again, a row at a time, by the rules of Python's
own ``csv``, which know the line; nothing is kept for that as long as there is no complaint.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.csv

from dltrain.data.table.source import Reread, check_names

MAX_COLUMNS = 100_000

# Small blocks stay in the cache and cost little memory; many columns need some rows per block.
LEAST_BLOCK, LARGEST_BLOCK = 1 << 20, 1 << 26
ROWS_PER_BLOCK = 1000


class CsvFile:
    """A CSV file whose header has been read and checked.

    Args:
        name: The file, as complaints call it.
        source: Where it lies, or its bytes.
        delimiter: One character.
        skipped: Lines that lie between the header and the rows; complaints count them.

    Attributes:
        header: Names of the columns.
        categories: None; its cells are whatever they look like.
        block_bytes: How much is read at once; no row may be longer.
        sha256: Digest of its bytes, once its rows have been read.

    Raises:
        ValueError: If it has no header that can be used.
        OSError: If it cannot be read.
    """

    def __init__(
        self, name: str, source: Path | bytes, *, delimiter: str, skipped: int = 0
    ) -> None:
        self.name = name
        self.sha256 = ""
        self.categories: frozenset[str] = frozenset()
        self._blocks = 0  # how many have been read
        self._skipped = skipped
        self._source, self._delimiter = source, delimiter
        self.header, self._header_bytes = self._read_header()
        row = self._header_bytes * ROWS_PER_BLOCK
        self.block_bytes = min(max(row, LEAST_BLOCK), LARGEST_BLOCK)

    def size(self) -> int:
        """Return the number of its bytes."""
        return len(self._source) if isinstance(self._source, bytes) else self._source.stat().st_size

    def _open(self) -> BinaryIO:
        return (
            io.BytesIO(self._source)
            if isinstance(self._source, bytes)
            else open(self._source, "rb")
        )

    def blocks(
        self, columns: Sequence[str], *, missing_values: Sequence[str]
    ) -> Iterator[list[pa.StringArray]]:
        """Read the rows: for each block of n rows the cells of the columns as text, [columns, n].

        Args:
            columns: Those to convert; the widths of the rows are checked in any case.
            missing_values: Texts that become null.

        Raises:
            ValueError: If the rows are no table; the message names the line.
            Reread: If a row is longer than a block; they are larger from now on.
        """
        self._blocks = 0
        # A last row of our own: an open quote would swallow it.
        cell = "1111" if self._delimiter == "0" else "0000"
        last = self._delimiter.join([cell] * len(self.header)).encode()
        names = [str(number) for number in range(len(self.header))]  # the header's may be any text
        chosen = [names[self.header.index(column)] for column in columns]
        with contextlib.ExitStack() as stack:
            stream = _Stream(self.name, stack.enter_context(self._open()), last)
            stream.read(self._header_bytes)
            try:
                read = pyarrow.csv.open_csv(
                    stream,
                    pyarrow.csv.ReadOptions(
                        use_threads=False, column_names=names, block_size=self.block_bytes
                    ),
                    pyarrow.csv.ParseOptions(delimiter=self._delimiter, newlines_in_values=True),
                    pyarrow.csv.ConvertOptions(
                        column_types=dict.fromkeys(names, pa.string()),
                        include_columns=chosen,
                        null_values=list(dict.fromkeys(missing_values)),
                        strings_can_be_null=True,
                    ),
                )
                # It reads ahead in a thread of its own, which must not outlive this, nor Python.
                stack.callback(read.close)
                held: list[pa.StringArray] = []  # one block, since the last one is to be cut
                for batch in read:
                    self._blocks += 1
                    if held:
                        yield held
                    held = batch.columns
            except pa.ArrowInvalid as error:
                raise self._error_for(error) from None
        if any(column[-1].as_py() not in (cell, None) for column in held):
            raise self._unreadable("a quote is not closed")
        if stream.has_stray_returns:
            self._check_rows()
        self.sha256 = stream.digest.hexdigest()
        yield [column[:-1] for column in held]

    def expected_rows(self, read: int) -> int:
        """Guess how many rows there are, from how many have been read."""
        share = self.size() / (max(self._blocks - 1, 1) * self.block_bytes)
        return int(read * max(share * 1.05, 1.25))

    def location(self, row: int) -> str:
        """Name the file and the line on which a row, counted from 0, begins or ends."""
        with self._open() as file:
            line = next(itertools.islice(self._rows(file), row + 1, None))[0]
        return f"{self.name}:{line}"

    def _read_header(self) -> tuple[list[str], int]:
        """Return the names of the columns, and how many bytes lie before the first row."""
        with self._open() as file:
            lines = _Lines(self.name, file)
            # The last line is no text of theirs: if it is in the header, a quote was left open.
            reader = csv.reader(itertools.chain(lines, ["\0"]), delimiter=self._delimiter)
            try:
                header = next((row for row in reader if row), [])
            except csv.Error as error:
                raise self._unreadable(str(error)) from None
        if header in (["\0"], [""]):
            raise ValueError(f"{self.name}: is empty; a table needs a header and rows")
        if any("\0" in cell for cell in header):
            raise self._unreadable("a quote is not closed")
        if len(header) > MAX_COLUMNS:
            raise ValueError(
                f"{self.name}: {len(header):,} columns, at most {MAX_COLUMNS:,} are read"
            )
        check_names(header, location=f"{self.name}:1")
        return header, lines.bytes

    def _unreadable(self, reason: str) -> ValueError:
        return ValueError(f"{self.name}: cannot be read as a table ({reason}); mend its quotes")

    def _error_for(self, error: pa.ArrowInvalid) -> ValueError:
        """Say what is wrong, and where, with rows that pyarrow refuses."""
        try:
            self._check_rows()
        except ValueError as row_error:
            return row_error
        if self.block_bytes < min(self.size(), 2**30):
            self.block_bytes *= 16
            return Reread()
        return self._unreadable(str(error))

    def _check_rows(self) -> None:
        """Raise ValueError with the line of the first row that is not as wide as the header."""
        width = len(self.header)
        with self._open() as file:
            for line, cells, first in self._rows(file):
                if cells != width and first < line:
                    raise ValueError(
                        f"{self.name}:{first}: a quote opens here and goes on to line {line}, "
                        f"which makes a row of {cells} cells, but the header has {width}; "
                        "mend the quotes or the row"
                    )
                if cells != width:
                    raise ValueError(
                        f"{self.name}:{line}: {cells} cells, but the header has {width}; "
                        "correct the row, or quote cells that contain the delimiter"
                    )

    def _rows(self, file: BinaryIO) -> Iterator[tuple[int, int, int]]:
        """Yield each row's last line, number of cells and first line; the header's too."""
        csv.field_size_limit(2**31 - 1)  # a long text is no mistake
        lines = _Lines(self.name, file, skipped={self._header_bytes: self._skipped})
        for line in lines:
            first = lines.number
            bare = line.removesuffix("\n").removesuffix("\r")
            if '"' in bare or "\r" in bare:  # the row may go on in further lines
                reader = csv.reader(itertools.chain([line], lines), delimiter=self._delimiter)
                try:
                    cells = len(next(reader))
                except csv.Error:
                    raise ValueError(
                        f"{self.name}:{lines.number}: cannot be read as a table (a carriage "
                        "return stands within a row); quote the cell, or convert the line ends"
                    ) from None
            else:
                cells = bare.count(self._delimiter) + 1 if bare else 0
            if cells:
                yield lines.number, cells, first


class _Lines(Iterator[str]):
    """The lines of a file as text, with their line ends.

    Args:
        name: The file, as complaints call it.
        file: What is left of it.
        skipped: How many lines are not there, behind so many bytes.

    Attributes:
        number: Of the line that was read last, counted from 1.
        bytes: How many were read.

    Raises:
        ValueError: If a line is no text, or the first one shows line ends of old Macs.
    """

    def __init__(
        self, name: str, file: BinaryIO, *, skipped: Mapping[int, int] | None = None
    ) -> None:
        self._name, self._file, self._skipped = name, file, skipped or {}
        self.number = self.bytes = 0

    def __next__(self) -> str:
        line = self._file.readline()
        if not line:
            raise StopIteration
        self.number += 1 + self._skipped.get(self.bytes, 0)
        self.bytes += len(line)
        _refuse_nul(self._name, line)
        try:
            text = line.decode("utf-8-sig" if self.number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise ValueError(
                f"{self._name}:{self.number}: is not UTF-8 text; convert it, for example with iconv"
            ) from None
        if self.number == 1 and "\r" in text and "\n" not in text:
            raise ValueError(
                f"{self._name}: has line ends of old Macs; convert it with: tr '\\r' '\\n'"
            )
        return text


class _Stream(io.RawIOBase):
    """The bytes of a file on their way to pyarrow, looked at as they pass, and one row more."""

    def __init__(self, name: str, file: BinaryIO, last: bytes) -> None:
        self._name, self._file, self._last = name, file, last + b"\n"
        self._end = b"\n"
        self._stray_returns = 0
        self.digest = hashlib.sha256()

    @property
    def has_stray_returns(self) -> bool:
        """Whether a carriage return stands anywhere but before a line feed."""
        return self._stray_returns > 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, fewer than asked for only at the end; there, the added row too."""
        block = self._file.read(size)
        self._look_at(block)
        room = len(self._last) + 1 if size < 0 else size - len(block)
        if room and self._end != b"\n":
            self._last, self._end = b"\n" + self._last, b"\n"
        block, self._last = block + self._last[:room], self._last[room:]
        return block

    def _look_at(self, block: bytes) -> None:
        _refuse_nul(self._name, block)
        self.digest.update(block)
        if b"\r" in block or self._end == b"\r":
            ended = self._end == b"\r" and block[:1] == b"\n"  # a line end cut in two
            self._stray_returns += block.count(b"\r") - block.count(b"\r\n") - ended
        self._end = block[-1:] or self._end


def _refuse_nul(name: str, block: bytes) -> None:
    if b"\0" in block:
        raise ValueError(f"{name}: holds NUL bytes; is it a text file?")
