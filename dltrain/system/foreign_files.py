"""Files of run folders read back, which may be a stranger's: plain files only, sizes bounded.

Nothing is executed, no link is followed, and no name is taken from what a file holds.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO

MAX_BYTES, MAX_RECORD_BYTES = 64 * 2**20, 16 * 2**20


@contextlib.contextmanager
def plain_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a file of a run folder, following no link and waiting for no pipe.

    Raises:
        ValueError: If it is no plain file or cannot be read.
    """
    try:
        # O_NONBLOCK: what a stranger left may be a pipe, which would be waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ValueError(f"{path}: is no plain file")
            yield file
    except OSError as error:
        reason = "is no plain file" if error.errno == errno.ELOOP else error.strerror
        raise ValueError(f"{path}: {reason}") from None


def read_bytes(path: Path, *, limit: int = MAX_BYTES) -> bytes:
    """Read a bounded file of a run folder, following no link.

    Raises:
        ValueError: If it is no plain file, too large, or cannot be read.
    """
    with plain_file(path) as file:
        # A read makes room for all that it is asked for.
        size = os.fstat(file.fileno()).st_size
        content = file.read(size + 1) if size <= limit else b""  # it may be growing
    if max(size, len(content)) > limit:
        raise ValueError(f"{path}: is larger than {limit} bytes")
    return content


def read_start(path: Path, size: int) -> bytes:
    """Read the first bytes of a file of a run folder, fewer if it is shorter; follows no link.

    Raises:
        ValueError: If it is no plain file or cannot be read.
    """
    with plain_file(path) as file:
        # A read makes room for all that it is asked for.
        return file.read(min(size, os.fstat(file.fileno()).st_size))


def read_text(path: Path) -> str:
    """Read a bounded text file of a run folder; bytes that are no text are replaced.

    Raises:
        ValueError: If it is no plain file, too large, or cannot be read.
    """
    return read_bytes(path).decode(errors="replace")
