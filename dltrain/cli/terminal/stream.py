"""A stream that what is shown may outlive: a terminal that closes, a pipe nobody reads any more."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import stat
import sys
from typing import IO, TextIO, cast


class OutputError(OSError):
    """What was to be shown could not be written, though somebody may have read it."""


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
                self.error = let_go(self._stream, error)
        return len(text)

    def flush(self) -> None:
        """Hand over what was written, if somebody may still see it."""
        if self.error is None:
            try:
                self._stream.flush()
            except OSError as error:
                self.error = let_go(self._stream, error)

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


def let_go(stream: IO[str], error: OSError) -> OSError:
    """Send what a stream that failed still holds, and whatever comes, to nowhere.

    Else whoever flushes it next, such as Python at its end, would fail once more.

    Args:
        stream: One that has a descriptor, or else nothing can be done and nothing is.
        error: What it failed with.

    Returns:
        The same in two words: ``BrokenPipeError`` if nobody reads it any more, else
        ``OutputError``.
    """
    if isinstance(error, OutputError):
        return error
    try:
        descriptor = stream.fileno()
    except OSError:
        return OutputError(error.errno, error.strerror)
    left = reader_left(error, descriptor)
    _point_nowhere(descriptor)
    kind = BrokenPipeError if left else OutputError
    return kind(error.errno, error.strerror)


def hurry() -> None:
    """Let nothing that is still to be shown wait for a reader; somebody ends this at once.

    What standard output holds is dropped, and what standard error would have to wait with. A pipe
    that says it can be written takes any line of ours whole.
    """
    with contextlib.suppress(OSError):  # it has no descriptor
        _point_nowhere(sys.stdout.fileno())
        if not select.select([], [sys.stderr], [], 0)[1]:
            _point_nowhere(sys.stderr.fileno())


def _point_nowhere(descriptor: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def reader_left(error: OSError, descriptor: int) -> bool:
    """Whether an error says that nobody reads any more: a pipe or a terminal that was closed."""
    if error.errno != errno.EIO:
        return error.errno == errno.EPIPE
    try:
        return stat.S_ISCHR(os.fstat(descriptor).st_mode)  # on a disk it is a real failure
    except OSError:
        return False
