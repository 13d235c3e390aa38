"""A stream that what is shown may outlive: a terminal that closes, a pipe nobody reads any more."""

from __future__ import annotations

import errno
import os
import stat
from typing import IO, TextIO, cast


class LastingStream:
    """Passes text on to a stream until that fails, and drops it from then on.

    Everything else, such as whether it is a terminal, is asked of the stream itself.

    Attributes:
        error: What the stream failed with, if it did.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self.error: OSError | None = None

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write a text, if somebody may still see it."""
        if self.error is None:
            try:
                self._stream.write(text)
            except OSError as error:
                self.error = error
        return len(text)

    def flush(self) -> None:
        """Hand over what was written, if somebody may still see it."""
        if self.error is None:
            try:
                self._stream.flush()
            except OSError as error:
                self.error = error

    def check(self) -> None:
        """Say what became of the stream, once nothing depends on it any more.

        Raises:
            OSError: What it failed with.
        """
        if self.error is not None:
            raise self.error

    def as_file(self) -> TextIO:
        """Return itself as what rich takes."""
        return cast(TextIO, self)


def reader_left(error: OSError, descriptor: int) -> bool:
    """Whether an error says that nobody reads any more: a pipe or a terminal that was closed."""
    if error.errno != errno.EIO:
        return error.errno == errno.EPIPE
    try:
        return stat.S_ISCHR(os.fstat(descriptor).st_mode)  # on a disk it is a real failure
    except OSError:
        return False
