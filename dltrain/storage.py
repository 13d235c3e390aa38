"""Every byte that dltrain writes to disk goes through here.

Folders are claimed with an exclusive ``mkdir``, files are either absent or whole, appended lines
are flushed at once, and no error is swallowed: what cannot be written is a ``StorageError``.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType


class StorageError(OSError):
    """The disk refused; the message names the file, the reason and what to do."""


@contextlib.contextmanager
def _naming(path: Path, action: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise StorageError(
            f"cannot {action} {path}: {reason}; check the space left and the permissions there"
        ) from error


def make_folder(path: Path) -> bool:
    """Claim a new folder; parents are made as needed.

    Returns:
        False if something of that name exists already, which is then left alone.

    Raises:
        StorageError: If the folder cannot be made for another reason.
    """
    with _naming(path, "create"):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.mkdir()
        except FileExistsError:
            return False
    return True


def replace(path: Path, content: bytes) -> None:
    """Write a file so that it is the old one or the new one, whole, whatever happens meanwhile.

    Raises:
        StorageError: If the content could not be made durable; the old file is untouched.
    """
    temporary = path.with_name(f".tmp-{secrets.token_hex(4)}-{path.name}")
    with _naming(path, "write"):
        try:
            with open(temporary, "xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)


def remove(path: Path) -> None:
    """Delete a file; one that is gone already is no error."""
    with _naming(path, "remove"):
        path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Appender:
    """A text file that only grows, one whole line at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with _naming(path, "write"):
            self._file = open(path, "ab", buffering=0)  # noqa: SIM115 - closed by close()

    def line(self, text: str) -> None:
        """Append one line and hand it to the system at once."""
        assert "\n" not in text
        content = f"{text}\n".encode(errors="backslashreplace")
        with _naming(self.path, "write"):
            written = self._file.write(content)
            if written != len(content):
                raise OSError(None, "only part of a line was written")

    def close(self) -> None:
        """Close the file; further lines are errors."""
        with _naming(self.path, "write"):
            self._file.close()

    def __enter__(self) -> Appender:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
