"""A CSV file, read once from beginning to end in blocks of texts; and the place of what is wrong.

pyarrow cuts the blocks. What it refuses is read again, a row at a time, by the rules of Python's
own ``csv``, which know the line; nothing is kept for that as long as there is no complaint.
"""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa
import pyarrow.csv

from dltrain.data.input_stream import InputStream
from dltrain.data.table.csv_advice import LOOKED_AT, advice_on_header, advice_on_width
from dltrain.data.table.csv_lines import Lines, RowBytes
from dltrain.data.table.reading import Reading, unnamed
from dltrain.data.table.source import Reread, check_names
from dltrain.data.table.text_stream import utf8_lines
from dltrain.system.digests import digesting

MAX_COLUMNS = 100_000

# Small blocks stay in the cache and cost little memory; many columns need some rows per block.
LEAST_BLOCK, LARGEST_BLOCK = 1 << 20, 1 << 26
ROWS_PER_BLOCK = 1000


class CsvFile:
    """A CSV file whose header has been read and checked.

    Args:
        name: The file, as complaints call it.
        source: Where it lies; or its text in UTF-8, unpacked, without what is skipped.
        reading: How it is read.
        header: Names of the columns, if no row has them.
        skipped: Lines that lie between the header and the rows; complaints count them.

    Attributes:
        header: Names of the columns.
        delimiter: What separates cells.
        categories: None; its cells are whatever they look like.
        block_bytes: How much is read at once; no row may be longer.
        sha256: Digest of the file's bytes, once its rows have been read.

    Raises:
        ValueError: If it has no header that can be used.
        OSError: If it cannot be opened.
    """

    def __init__(
        self,
        name: str,
        source: Path | bytes,
        *,
        reading: Reading,
        header: list[str] | None = None,
        skipped: int = 0,
    ) -> None:
        self.name, self.sha256 = name, ""
        self.categories: frozenset[str] = frozenset()
        self._source, self._reading, self._skipped = source, reading, skipped
        self._read_blocks = 0
        with self._open() as file:
            line = next((line for line in file if line.strip(b"\r\n")), b"")
        self.delimiter = reading.mark(name, line)
        first, last_line, size = self._first_row()
        self.header = first if reading.has_header else header or unnamed(len(first))
        location = f"{name}:{last_line}"
        if reading.has_header and (
            advice := advice_on_header(first, line, delimiter=self.delimiter)
        ):
            raise ValueError(f"{location}: {advice}")
        check_names(self.header, location=location)
        self._header_bytes = size if reading.has_header else 0  # how many lie before the rows
        self.block_bytes = min(max(size * ROWS_PER_BLOCK, LEAST_BLOCK), LARGEST_BLOCK)

    @contextlib.contextmanager
    def _open(self) -> Iterator[BinaryIO]:
        """Open its text; nothing but a file that is not there is an OSError."""
        if isinstance(self._source, bytes):
            yield io.BytesIO(self._source)
            return
        with open(self._source, "rb", buffering=0) as file:
            stream = InputStream(self.name, cast(BinaryIO, file))
            yield utf8_lines(stream, self._reading)

    def _size(self) -> int:
        """Return the number of bytes it lies in."""
        return len(self._source) if isinstance(self._source, bytes) else self._source.stat().st_size

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
        self._read_blocks = 0
        # A last row of our own: an open quote would swallow it.
        cell = "1111" if self.delimiter == "0" else "0000"
        last = self.delimiter.join([cell] * len(self.header)).encode()
        names = [str(number) for number in range(len(self.header))]  # the header's may be any text
        chosen = [names[self.header.index(column)] for column in columns]
        with contextlib.ExitStack() as stack:
            digest = stack.enter_context(digesting(None if self.sha256 else self._source))
            stream = RowBytes(self.name, stack.enter_context(self._open()), last=last)
            stream.read(self._header_bytes)
            try:
                read = pyarrow.csv.open_csv(
                    stream,
                    pyarrow.csv.ReadOptions(
                        use_threads=False, column_names=names, block_size=self.block_bytes
                    ),
                    pyarrow.csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=True),
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
                    self._read_blocks += 1
                    if held:
                        yield held
                    held = batch.columns
            except pa.ArrowInvalid as error:
                raise self._error_for(error) from None
            self.sha256 = digest() or self.sha256
        if any(column[-1].as_py() not in (cell, None) for column in held):
            raise self._unreadable("a quote is not closed")
        if stream.has_stray_returns:
            self._check_rows()
        yield [column[:-1] for column in held]

    def expected_rows(self, read: int) -> int:
        """Guess how many rows there are, from how many have been read."""
        share = self._size() / (max(self._read_blocks - 1, 1) * self.block_bytes)
        return int(read * max(share * 1.05, 1.25))

    def location(self, row: int) -> str:
        """Name the file and the line on which a row, counted from 0, begins or ends."""
        before = 1 if self._reading.has_header else 0
        with self._open() as file:
            line = next(itertools.islice(self._rows(self._lines(file)), row + before, None))[0]
        return f"{self.name}:{line}"

    def _first_row(self) -> tuple[list[str], int, int]:
        """Return the first row, the number of its last line, and how many bytes end with it."""
        with self._open() as file:
            lines = Lines(self.name, file)
            # The last line is no text of theirs: if it is in the header, a quote was left open.
            reader = csv.reader(itertools.chain(lines, ["\0"]), delimiter=self.delimiter)
            try:
                row = next((row for row in reader if row), [])
            except csv.Error as error:
                raise self._unreadable(str(error)) from None
        if row in (["\0"], [""]):
            raise ValueError(f"{self.name}: is empty; a table needs a header and rows")
        if any("\0" in cell for cell in row):
            raise self._unreadable("a quote is not closed")
        if len(row) > MAX_COLUMNS:
            raise ValueError(f"{self.name}: {len(row):,} columns, at most {MAX_COLUMNS:,} are read")
        return row, lines.number, lines.bytes

    def _unreadable(self, reason: str) -> ValueError:
        return ValueError(f"{self.name}: cannot be read as a table ({reason}); mend its quotes")

    def _error_for(self, error: pa.ArrowInvalid) -> ValueError:
        """Say what is wrong, and where, with rows that pyarrow refuses."""
        try:
            size = self._check_rows()
        except ValueError as row_error:
            return row_error
        if self.block_bytes < min(size, 2**30):
            self.block_bytes *= 16
            return Reread()
        return self._unreadable(str(error))

    def _check_rows(self) -> int:
        """Return how many bytes it has, unpacked.

        Raises:
            ValueError: With the line of the first row that is not as wide as the header.
        """
        width = len(self.header)
        with self._open() as file:
            lines = self._lines(file)
            for line, cells, first in self._rows(lines):
                if cells != width and first < line:
                    raise ValueError(
                        f"{self.name}:{first}: a quote opens here and goes on to line {line}, "
                        f"which makes a row of {cells} cells, but the header has {width}; "
                        "mend the quotes or the row"
                    )
                if cells != width:
                    what = "the header" if self._reading.has_header else "the first row"
                    raise ValueError(
                        f"{self.name}:{line}: {cells} cells, but {what} has {width}; "
                        f"{self._advice_on_width(line)}"
                    )
        return lines.bytes

    def _advice_on_width(self, number: int) -> str:
        """Say what to do about the line of a number, which is not as wide as the header."""
        with self._open() as file:
            start = list(itertools.islice(file, max(number, LOOKED_AT)))
        texts = [line.decode("utf-8-sig", errors="replace").rstrip("\r\n") for line in start]
        return advice_on_width(
            texts, number=number - self._skipped, width=len(self.header), mark=self.delimiter
        )

    def _lines(self, file: BinaryIO) -> Lines:
        return Lines(self.name, file, skipped={self._header_bytes: self._skipped})

    def _rows(self, lines: Lines) -> Iterator[tuple[int, int, int]]:
        """Yield each row's last line, number of cells and first line; the header's too."""
        csv.field_size_limit(2**31 - 1)  # a long text is no mistake
        for line in lines:
            first = lines.number
            bare = line.removesuffix("\n").removesuffix("\r")
            if '"' in bare or "\r" in bare:  # the row may go on in further lines
                reader = csv.reader(itertools.chain([line], lines), delimiter=self.delimiter)
                try:
                    cells = len(next(reader))
                except csv.Error:
                    raise ValueError(
                        f"{self.name}:{lines.number}: cannot be read as a table (a carriage "
                        "return stands within a row); quote the cell, or convert the line ends"
                    ) from None
            else:
                cells = bare.count(self.delimiter) + 1 if bare else 0
            if cells:
                yield lines.number, cells, first
