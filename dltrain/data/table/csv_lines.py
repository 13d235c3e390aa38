"""The text of a CSV file on its way: by line, with numbers; by block, with one row more."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from dltrain.data.table.foreign import refuse_nul
from dltrain.data.table.text_stream import advice_on_encoding


class Lines(Iterator[str]):
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
        refuse_nul(self._name, line)
        try:
            text = line.decode("utf-8-sig" if self.number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise ValueError(f"{self._name}:{self.number}: {advice_on_encoding(line)}") from None
        if self.number == 1 and "\r" in text and "\n" not in text:
            raise ValueError(
                f"{self._name}: has line ends of old Macs; convert it with: tr '\\r' '\\n'"
            )
        return text


class RowBytes(io.RawIOBase):
    """The bytes of a file on their way to pyarrow, looked at as they pass, and one row more."""

    def __init__(self, name: str, file: BinaryIO, *, last: bytes) -> None:
        self._name, self._file, self._last = name, file, last + b"\n"
        self._end = b"\n"
        self._stray_returns = 0

    @property
    def has_stray_returns(self) -> bool:
        """Whether a carriage return stands anywhere but before a line feed."""
        return self._stray_returns > 0

    def readable(self) -> bool:
        """Say that it can be read from."""
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
        refuse_nul(self._name, block)
        if b"\r" in block or self._end == b"\r":
            ended = self._end == b"\r" and block[:1] == b"\n"  # a line end cut in two
            self._stray_returns += block.count(b"\r") - block.count(b"\r\n") - ended
        self._end = block[-1:] or self._end
