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
# What a run writes is a file, what it makes is a folder.
_FILES = (".json", ".jsonl", ".yaml", ".csv", ".log", ".safetensors", ".png", ".dltrain")
_FOLDERS = ("checkpoints", "members", "logs", "plots", "tensorboard")


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


def refuse_links(folder: Path) -> None:
    """Make sure that what is written into a run folder stays in it, and finds a place there.

    Raises:
        ValueError: If anything in it is neither a plain file nor a folder, or one where a run
            writes the other.
    """
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        try:
            entries = list(os.scandir(current))
        except OSError as error:
            raise ValueError(f"{current}: {error.strerror}") from None
        for entry in entries:
            is_folder = entry.is_dir(follow_symlinks=False)
            is_file = entry.is_file(follow_symlinks=False) and entry.name not in _FOLDERS
            if is_folder and not entry.name.endswith(_FILES):
                waiting.append(Path(entry.path))
            elif not is_file:
                what = "file" if entry.name not in _FOLDERS else "folder"
                raise ValueError(
                    f"{entry.path}: is no plain {what}; move it away to go on with this run"
                )


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
