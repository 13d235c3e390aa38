"""Files that the user gives to be read from beginning to end: plain or gzipped, or a stream."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

_GZIP = b"\x1f\x8b"


class InputStream(io.RawIOBase):
    """Bytes that come one after the other; what is gzipped is unpacked on the way.

    Args:
        name: What complaints call it.
        stream: Where it comes from.
        path: The file it is, where it lies on disk and can be opened again.

    Attributes:
        digest: A SHA-256 of what was read, unpacked; or None, for that takes time.

    Raises:
        ValueError: If it cannot be read; this from every call that reads.
    """

    def __init__(self, name: str, stream: BinaryIO, *, path: Path | None = None) -> None:
        self.name, self.path = name, path
        self.digest: hashlib._Hash | None = None
        self._stream = cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, stream)))
        if self.start(2) == _GZIP:
            unpacked = gzip.GzipFile(fileobj=self._stream)
            self._stream = cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, unpacked)))

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
        except (OSError, EOFError, zlib.error) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise ValueError(f"{self.name}: cannot be read ({reason})") from None


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
