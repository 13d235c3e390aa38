"""IDX files, the format of MNIST and its kin: one known file, read and checked byte by byte."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

SIDE = 28
NUM_CLASSES = 10


@dataclass(frozen=True)
class IdxFile:
    """One IDX file: its name, the sha256 of its decompressed bytes, its rows.

    The header is 16 bytes for images (magic, rows, height, width) and 8 for labels.
    """

    name: str
    sha256: str
    rows: int

    @property
    def header(self) -> bytes:
        """The only header this file may begin with."""
        words = [0x803, self.rows, SIDE, SIDE] if "images" in self.name else [0x801, self.rows]
        return b"".join(word.to_bytes(4, "big") for word in words)

    @property
    def size(self) -> int:
        """Decompressed size in bytes, header included."""
        return len(self.header) + self.rows * (SIDE * SIDE if "images" in self.name else 1)


def read_idx(path: Path, file: IdxFile) -> bytes:
    """Read one IDX file, plain or gzipped, and check every byte of it.

    Never reads more than the known size, so an endless or inflating file costs no memory.

    Raises:
        ValueError: If it is truncated, too long, of another shape or of other content.
    """
    try:
        with open(path, "rb") as raw:
            stream = gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw
            content = stream.read(file.size + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path}: cannot be read ({error}); fetch it anew") from None
    if content[: len(file.header)] != file.header:
        raise ValueError(f"{path}: is not {file.name}: its IDX header differs; fetch it anew")
    if len(content) != file.size:
        state = "truncated" if len(content) < file.size else "too long"
        raise ValueError(f"{path}: is {state}, {file.size} bytes were expected; fetch it anew")
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise ValueError(f"{path}: its content is not Fashion-MNIST's (sha256); fetch it anew")
    return content


def as_rows(content: npt.NDArray[np.uint8], file: IdxFile) -> npt.NDArray[np.generic]:
    """Return images [N, 784], bytes, or labels [N], int64, of a file's checked content.

    Raises:
        ValueError: If a label names no class.
    """
    body = content[len(file.header) :]
    if "images" in file.name:
        return body.reshape(file.rows, SIDE * SIDE)
    if body.max() >= NUM_CLASSES:
        raise ValueError(f"{file.name}: label {body.max()} is not below {NUM_CLASSES}")
    return body.astype(np.int64)
