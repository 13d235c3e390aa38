"""IDX files, the format of MNIST and its kin: known files, and any others of images and labels.

Letters: N rows, B rows of a part, H height, W width.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from dltrain.data.input_stream import opened
from dltrain.system.environment import free_memory

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
    """Read one known file, plain or gzipped, and check every byte of it.

    Never reads more than the known size, so an endless or inflating file costs no memory.

    Raises:
        ValueError: If it is truncated, too long, of another shape or of other content.
    """
    try:
        with opened(path, name=str(path)) as source:
            source.digest = hashlib.sha256()
            if source.read(len(file.header)) != file.header:
                raise ValueError(f"{path}: is not {file.name}: its IDX header differs")
            size = (file.size - len(file.header)) // file.rows
            body = b"".join(part.tobytes() for part in _parts(source, file.rows, size, file.rows))
    except ValueError as error:
        raise ValueError(f"{error}; fetch it anew") from None
    if source.digest.hexdigest() != file.sha256:
        raise ValueError(f"{path}: its content is not Fashion-MNIST's (sha256); fetch it anew")
    return file.header + body


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


PART_BYTES = 1 << 22  # of what is read at once
MAGIC = b"\0\0\x08"  # of unsigned bytes, of however many dimensions


class Source(Protocol):
    """Bytes that come one after the other; what goes wrong with them is a ``ValueError``."""

    name: str

    def read(self, size: int) -> bytes:
        """Return the next bytes, fewer than asked for only at the end."""


def image_parts(
    source: Source, *, shape: tuple[int, ...], rows: int
) -> Iterator[npt.NDArray[np.uint8]]:
    """Read any IDX file of images, some at a time: [B, H * W].

    Args:
        source: The file, decompressed.
        shape: Height and width that the images must have; no file holds colours.
        rows: B, but for the last part.

    Raises:
        ValueError: If it holds anything else, or is truncated or too long.
    """
    count, *size = _dimensions(source, "images", 3)
    if tuple(size) != shape:
        held, wanted = (" x ".join(map(str, sides)) for sides in (size, shape))
        raise ValueError(f"{source.name}: its images are {held}, not {wanted}")
    for part in _parts(source, count, size[0] * size[1], rows):
        yield part.reshape(-1, size[0] * size[1])


def label_parts(
    source: Source, *, classes: Sequence[str], rows: int
) -> Iterator[npt.NDArray[np.int64]]:
    """Read any IDX file of labels, some at a time: [B].

    Raises:
        ValueError: If it holds anything else, is truncated or too long, or a label names no class.
    """
    [count] = _dimensions(source, "labels", 1)
    first = 0
    for part in _parts(source, count, 1, rows):
        wrong = np.flatnonzero(part >= len(classes))
        if len(wrong):
            raise ValueError(
                f"{source.name}: label {part[wrong[0]]} of row {first + wrong[0]} is not below "
                f"{len(classes):,}, the number of classes"
            )
        first += len(part)
        yield part.astype(np.int64)


def read_images(source: Source) -> npt.NDArray[np.uint8]:
    """Read all of an IDX file of images of whatever size: [N, H, W].

    Raises:
        ValueError: If it holds anything else or nothing, is truncated or too long for its header
            or for the memory.
    """
    count, height, width = _dimensions(source, "images", 3)
    if 0 in (count, height, width):
        raise ValueError(f"{source.name}: is empty, {count} images of {height} x {width} pixels")
    return _whole(source, count, height * width).reshape(count, height, width)


def read_labels(source: Source) -> npt.NDArray[np.int64]:
    """Read all of an IDX file of labels: [N].

    Raises:
        ValueError: If it holds anything else, or is truncated or too long.
    """
    [count] = _dimensions(source, "labels", 1)
    return _whole(source, count, 1).astype(np.int64)


def _whole(source: Source, count: int, size: int) -> npt.NDArray[np.uint8]:
    if count * size > free_memory():
        needed, free = (number / 2**30 for number in (count * size, free_memory()))
        raise ValueError(f"{source.name}: takes {needed:.1f} GiB, and {free:.1f} GiB are free")
    rows = np.empty(count * size, np.uint8)  # takes no memory before it is filled
    end, at_once = 0, max(PART_BYTES // size, 1)
    for part in _parts(source, count, size, at_once):
        rows[end : end + len(part)] = part
        end += len(part)
    return rows


def _dimensions(source: Source, what: str, number: int) -> list[int]:
    head = source.read(4)
    if head != MAGIC + bytes([number]):
        kinds = {MAGIC + b"\x01": " (it holds labels)", MAGIC + b"\x03": " (it holds images)"}
        raise ValueError(f"{source.name}: is no IDX file of {what}{kinds.get(head, '')}")
    sizes = source.read(4 * number)
    if len(sizes) < 4 * number:
        raise ValueError(f"{source.name}: is truncated within its header")
    return [int.from_bytes(sizes[i : i + 4], "big") for i in range(0, len(sizes), 4)]


def _parts(source: Source, count: int, size: int, rows: int) -> Iterator[npt.NDArray[np.uint8]]:
    for start in range(0, count, rows):
        expected = min(rows, count - start) * size
        content = source.read(expected)
        if len(content) < expected:
            have = start + len(content) // size
            raise ValueError(f"{source.name}: is truncated, it has {have} of {count} rows")
        yield np.frombuffer(bytearray(content), np.uint8)
    if source.read(1):
        raise ValueError(f"{source.name}: is too long for the {count} rows of its header")
