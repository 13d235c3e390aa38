"""The text of a table as UTF-8, line by line where it was: other encodings, comments, preambles.

A line that is no part of the table becomes an empty one, so that messages count as editors do.
"""

from __future__ import annotations

import codecs
import contextlib
import io
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from dltrain.data.input_stream import InputStream
from dltrain.data.table.reading import Reading

BLOCK = 1 << 20
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",  # which begins like that of UTF-16
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF8: None,
}
# What may be meant by bytes that are no UTF-8: the first that can read them.
_LIKELY = ("cp1252", "latin-1")


def utf8_lines(stream: InputStream, reading: Reading) -> BinaryIO:
    """Return the table's lines as UTF-8; the stream itself if there is nothing to do.

    Raises:
        ValueError: If bytes are no text of the encoding; this from every call that reads.
    """
    start = stream.start(4)
    marked = (encoding for mark, encoding in _MARKS.items() if start.startswith(mark))
    encoding = next(marked, reading.encoding)
    if encoding is None and not reading.skip_rows and reading.comment is None:
        return cast(BinaryIO, stream)
    lines = _Lines(reading)
    chunks = lines.chosen(_decoded(stream, encoding))
    return cast(BinaryIO, io.BufferedReader(_Chunks(chunks), BLOCK))


def advice_on_encoding(line: bytes) -> str:
    """Say what to do about a line that is no UTF-8 text."""
    for encoding in _LIKELY:
        with contextlib.suppress(UnicodeDecodeError):
            text = line.decode(encoding).strip()
            odd = "".join(dict.fromkeys(each for each in text if not each.isascii()))
            return (
                f"is not UTF-8 text; if it is {encoding} (then it holds {odd[:10]!r}), train with "
                f"data.encoding={encoding}, or convert it: iconv -f {encoding} -t utf-8"
            )
    return "is not UTF-8 text; say what it is with data.encoding, or convert it with iconv"


def _decoded(stream: InputStream, encoding: str | None) -> Iterator[bytes]:
    """Yield the bytes of a stream as UTF-8."""
    if encoding is None:
        start = stream.read(len(codecs.BOM_UTF8))
        yield start.removeprefix(codecs.BOM_UTF8)
        while block := stream.read(BLOCK):
            yield block
        return
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = 0
    while True:
        block = stream.read(BLOCK)
        try:
            text = decoder.decode(block, final=not block)
        except (UnicodeError, ValueError) as error:
            good = error.object[: error.start] if isinstance(error, UnicodeDecodeError) else b""
            line = lines + good.decode(encoding, "replace").count("\n") + 1
            raise ValueError(
                f"{stream.name}:{line}: is not {encoding} text; correct data.encoding"
            ) from None
        lines += text.count("\n")
        yield text.removeprefix("\ufeff").encode(errors="surrogatepass")
        if not block:
            return


class _Lines:
    """Empties the lines that are no part of a table: the first ones, and comments.

    A comment within quotes is part of a cell; whether a line begins within quotes is told by how
    many came before.
    """

    def __init__(self, reading: Reading) -> None:
        self._left = reading.skip_rows
        self._comment = None if reading.comment is None else reading.comment.encode()
        self._is_quoted = False

    def chosen(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the text of blocks with those lines emptied."""
        rest = b""
        for block in blocks:
            if not self._left and self._comment is None:
                yield rest + block
                rest = b""
                continue
            *lines, rest = (rest + block).split(b"\n")
            yield b"".join(b"%b\n" % self._kept(line) for line in lines)
        if rest:
            yield self._kept(rest)

    def _kept(self, line: bytes) -> bytes:
        if self._left:
            self._left -= 1
            return b""
        if self._comment is None:
            return line
        if not self._is_quoted and line.startswith(self._comment):
            return b""
        self._is_quoted ^= line.count(b'"') % 2 == 1
        return line


class _Chunks(io.RawIOBase):
    """What is yielded in chunks, as a file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._rest = chunks, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill what there is room for; 0 only at the end."""
        while not len(self._rest):
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
