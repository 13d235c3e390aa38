"""Files that the user gives to be read from beginning to end: plain or packed, or a stream."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import hashlib
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

ZIP = b"PK\x03\x04"
# What a zip archive holds if it is an Excel workbook, which is no archive to those who read it.
_WORKBOOK = "xl/workbook.xml"
_BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError)


class InputStream(io.RawIOBase):
    """Bytes that come one after the other; what is packed is unpacked on the way.

    Gzip, bzip2, xz, zstd, and a zip archive of one file are told by what they begin with.

    Args:
        name: What messages call it.
        stream: Where it comes from.
        path: The file it is, where it lies on disk and can be opened again.

    Attributes:
        digest: A SHA-256 of what was read, unpacked; or None, for that takes time.
        is_packed: Whether it is unpacked on the way.

    Raises:
        ValueError: If it cannot be read; this from every call that reads.
    """

    def __init__(self, name: str, stream: BinaryIO, *, path: Path | None = None) -> None:
        self.name, self.path = name, path
        self.digest: hashlib._Hash | None = None
        self._stream = _buffered(stream)
        start = self.start(6)
        unpack = next((way for mark, way in _PACKED.items() if start.startswith(mark)), None)
        if start.startswith(ZIP):
            unpack = self._from_zip
        with self._complaining():
            unpacked = None if unpack is None else unpack(self._stream)
        self.is_packed = unpacked is not None
        if unpacked is not None:
            self._stream = _buffered(unpacked)

    def _from_zip(self, stream: BinaryIO) -> BinaryIO | None:
        """Open the only file of an archive; None if it is a workbook."""
        if not stream.seekable():
            raise ValueError(f"{self.name}: a zip archive cannot come as a stream; name the file")
        archive = zipfile.ZipFile(stream)
        stream.seek(0)  # where it is read on, if it is no archive
        files = [each for each in archive.namelist() if not each.endswith("/")]
        if _WORKBOOK in files:
            return None
        files = [each for each in files if not each.startswith("__MACOSX/")]
        if len(files) != 1:
            listed = ", ".join(map(repr, files[:4])) + (" and more" if len(files) > 4 else "")
            raise ValueError(
                f"{self.name}: is a zip archive of {len(files)} files ({listed}); one is read, so "
                "unpack it"
            )
        return cast(BinaryIO, archive.open(files[0]))

    def start(self, size: int) -> bytes:
        """Look at the next few bytes; they are still to be read."""
        with self._complaining():
            return cast(io.BufferedReader, self._stream).peek(size)[:size]

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, fewer than asked for only at the end."""
        with self._complaining():
            return self._seen(self._stream.read(size))

    def readline(self, size: int | None = -1) -> bytes:
        """Return the next line, or as much of it as asked for."""
        with self._complaining():
            return self._seen(self._stream.readline(-1 if size is None else size))

    def _seen(self, content: bytes) -> bytes:
        if self.digest is not None:
            self.digest.update(content)
        return content

    @contextlib.contextmanager
    def _complaining(self) -> Iterator[None]:
        try:
            yield
        except _BROKEN as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise ValueError(f"{self.name}: cannot be read ({reason})") from None


def _buffered(stream: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, stream)))


def _from_zstd(stream: BinaryIO) -> BinaryIO:
    import pyarrow as pa

    return cast(BinaryIO, pa.CompressedInputStream(pa.PythonFile(stream, mode="r"), "zstd"))


_PACKED: dict[bytes, Callable[[BinaryIO], Any]] = {
    b"\x1f\x8b": lambda stream: gzip.GzipFile(fileobj=stream),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
    b"\x28\xb5\x2f\xfd": _from_zstd,
}


@contextlib.contextmanager
def opened(path: Path, *, name: str) -> Iterator[InputStream]:
    """Open a file, which may be a pipe.

    Raises:
        ValueError: If it cannot be opened or read.
    """
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(open(path, "rb", buffering=0))
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise ValueError(f"{name}: {reason}") from None
        yield InputStream(name, cast(BinaryIO, file), path=path if path.is_file() else None)
