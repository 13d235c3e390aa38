"""Reader of ``metrics.csv``: a row per epoch; the file may be a stranger's."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from dltrain.system.foreign_files import MAX_BYTES as READ_BYTES
from dltrain.system.foreign_files import plain_file

# No metrics.csv has a tenth of it.
MAX_COLUMNS = 1000
MAX_ROW = 2**17  # bytes
# 10^7 epochs, the most there can be, with 200 bytes each; counting them takes a few seconds.
MAX_BYTES = 2**31
_CHUNK = 2**20
LOOKED_AT = 200_000  # rows, at most, to choose a sample from
_LONG_ROWS = "has longer rows than any run has"


def num_rows(path: Path, *, limit: int = MAX_BYTES) -> int:
    """Count the whole rows of a file; 0 if there is no file.

    Raises:
        ValueError: If it is no plain file, or has more bytes than ``limit``.
    """
    if not path.is_file():
        return 0
    with plain_file(path) as file:
        _size(path, file, limit)
        lines = sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(_CHUNK), b""))
    return max(lines - 1, 0)


def rows(path: Path, *, first: int | None = None, last: int = 0) -> list[dict[str, str]]:
    """Read rows as dicts of cells; a torn last line is left out.

    Args:
        path: The file.
        first: How many of the beginning; None: all there are.
        last: How many of the end.

    Raises:
        ValueError: If it is no plain file, too large, or has too many columns.
    """
    header, body = table(path)
    if first is None or body.count(b"\n") <= first + last:
        lines = body.split(b"\n")[:-1]
    else:  # of what is left out no list is made, and no copy
        lines, start = [], 0
        for _ in range(first):
            end = body.find(b"\n", start)
            lines.append(body[start:end])
            start = end + 1
        ending: list[bytes] = []
        end = len(body) - 1
        for _ in range(last):
            start = body.rfind(b"\n", 0, end) + 1
            ending.append(body[start:end])
            end = start - 1
        lines += reversed(ending)
    return _dicts(header, lines)


def sample(path: Path, *, most: int, limit: int = READ_BYTES) -> list[dict[str, str]]:
    """Read at most so many rows, evenly spaced, with the first and the last.

    Of neighbours one that tells most is taken: not every epoch is validated.

    Args:
        path: The file, of which never more than a part is in memory.
        most: How many.
        limit: Bytes of a file that is worth the time.

    Raises:
        ValueError: If it is no plain file, too large, or has too many columns.
    """
    if num_rows(path, limit=limit) <= most:
        return rows(path)
    with plain_file(path) as file:
        size = _size(path, file, limit)
        header = _header(path, file)
        # By place in the file, since rows are about equally long.
        first = file.readline(MAX_ROW)
        lines, rest = [first[:-1]], b""
        step = -(-(size - len(header)) // (most - 2))
        reach, last = max(LOOKED_AT // most, 20), lines[0]
        for number in range(most - 2):
            piece = file.read(step if number else max(step - len(first), 1))
            whole, newline, rest = (rest + piece).rpartition(b"\n")
            if len(rest) > MAX_ROW or not first.endswith(b"\n"):
                raise ValueError(f"{path}: {_LONG_ROWS}")
            if newline:
                near = whole.rsplit(b"\n", reach)[-reach:]
                lines.append(min(reversed(near), key=_num_empty))
                last = near[-1]
    return _dicts(header[:-1], [*lines, *([last] if lines[-1] != last else [])])


def _num_empty(line: bytes) -> int:
    return line.split(b",").count(b"")


def table(path: Path) -> tuple[bytes, bytes]:
    """Return the head and the whole lines; both are empty if there is no file.

    Raises:
        ValueError: If it is no plain file, too large, or has too many columns.
    """
    if not path.is_file():
        return b"", b""
    with plain_file(path) as file:
        size = _size(path, file, READ_BYTES)
        header = _header(path, file)
        body = file.read(size)
    if len(body) > MAX_ROW * (body.count(b"\n") + 1):
        raise ValueError(f"{path}: {_LONG_ROWS}")
    if not header.endswith(b"\n"):
        return b"", b""
    if not body.endswith(b"\n"):
        body = body[: body.rfind(b"\n") + 1]
    return header[:-1], body


def _size(path: Path, file: IO[bytes], limit: int) -> int:
    size = os.fstat(file.fileno()).st_size
    if size > limit:
        raise ValueError(f"{path}: is larger than {limit} bytes")
    return size


def _header(path: Path, file: IO[bytes]) -> bytes:
    header = file.readline(MAX_ROW)
    if header.count(b",") >= MAX_COLUMNS:
        raise ValueError(f"{path}: has more than {MAX_COLUMNS} columns")
    if len(header) == MAX_ROW:
        raise ValueError(f"{path}: {_LONG_ROWS}")
    return header


def parse(content: bytes) -> list[dict[str, str]]:
    """Return the whole rows of a file's content."""
    header, _, body = content.partition(b"\n")
    return _dicts(header, body.split(b"\n")[:-1])


def as_number(value: object) -> float | None:
    """Read a cell, or what a record holds where a number should stand; None if none is finite."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value) if isinstance(value, str) else value
        return number if math.isfinite(number) else None
    except (ValueError, OverflowError):  # no number, or a whole one that no float holds
        return None


def _dicts(header: bytes, lines: Sequence[bytes]) -> list[dict[str, str]]:
    names = _decoded(header).split(",")  # no cell of this file is ever quoted
    cells = (_decoded(line).split(",", len(names)) for line in lines)
    return [dict(zip(names, row, strict=False)) for row in cells]


def _decoded(content: bytes) -> str:
    return content.decode(errors="replace")
