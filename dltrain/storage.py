"""Every byte that dltrain writes to disk goes through here.

Folders are claimed with an exclusive ``mkdir``, files are either absent or whole, appended lines
are flushed at once, and no error is swallowed: what cannot be written is a ``StorageError``.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


class StorageError(OSError):
    """The disk refused; the message names the file, the reason and what to do."""


class InUseError(Exception):
    """Another process works in a folder; the message names it."""


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


def side_by_side(function: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """Call a function that writes for each item, several at a time: waits for the disk add up.

    On a virtual disk 256 durable writes took 0.09 s with 8 threads and 0.20 s one by one.
    """
    if len(items) == 1:
        return [function(items[0])]
    with ThreadPoolExecutor(min(8, len(items) or 1)) as pool:
        return list(pool.map(function, items))


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


def append(path: Path, lines: Sequence[str]) -> None:
    """Add whole lines to a text file and hand them to the system at once.

    The file is opened each time, which costs 5 us: the members of a sweep are more than a process
    may have files open.

    Raises:
        StorageError: If they could not be written whole.
    """
    assert not any("\n" in line for line in lines)
    content = "".join(f"{line}\n" for line in lines).encode(errors="backslashreplace")
    with _naming(path, "write"), open(path, "ab", buffering=0) as file:
        if file.write(content) != len(content):
            raise OSError(None, "only part of a line was written")


def remove_tree(path: Path) -> None:
    """Delete a folder and all that is in it; one that is gone already is no error."""
    with _naming(path, "remove"), contextlib.suppress(FileNotFoundError):
        shutil.rmtree(path)


def copy_tree(source: Path, target: Path) -> None:
    """Copy a folder, whole or not at all, to a place where nothing is; links are not followed.

    Raises:
        StorageError: If not all of it could be copied.
    """
    temporary = target.with_name(f".tmp-{secrets.token_hex(4)}-{target.name}")
    with _naming(target, "write"):
        try:
            shutil.copytree(source, temporary, symlinks=True)
            os.rename(temporary, target)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock that ends with this process, however it ends.

    Raises:
        InUseError: If another process holds it.
        StorageError: If the lock's file cannot be made.
    """
    with _naming(path, "write"):
        file = open(path, "ab")  # noqa: SIM115 - closed below
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUseError(f"{path.parent}: another process is at work in it") from None
        yield


def redirect(path: Path, descriptors: Sequence[int]) -> None:
    """Let what this process writes to these descriptors go to the end of a file instead."""
    with _naming(path, "write"), open(path, "ab", buffering=0) as file:
        for descriptor in descriptors:
            os.dup2(file.fileno(), descriptor)
