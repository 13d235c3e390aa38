"""Digests of data that lie in files."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def joint_digest(digests: Mapping[str, str]) -> str:
    """Return one digest for files that make one data set; that of a single file is its own.

    Args:
        digests: Of each file, by what it is to the data set.
    """
    if len(digests) == 1:
        return next(iter(digests.values()))
    text = " ".join(f"{name}={digest}" for name, digest in digests.items())
    return hashlib.sha256(text.encode()).hexdigest()


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, as they lie there."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def digesting(source: Path | bytes | None) -> Iterator[Callable[[], str]]:
    """Compute a file's digest beside its reading; what is given waits for it.

    Of what is no file there is none: it is empty.
    """
    if not isinstance(source, Path):
        yield lambda: ""
        return
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(file_digest, source).result
