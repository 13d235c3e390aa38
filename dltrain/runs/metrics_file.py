"""``metrics.csv`` read back: a row per epoch, whose file may be a stranger's."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

from dltrain.system.foreign_files import MAX_BYTES as READ_BYTES
from dltrain.system.foreign_files import plain_file

# No metrics.csv has a tenth of it.
MAX_COLUMNS = 1000
MAX_ROW = 2**17  # bytes
# 10^7 epochs, the most there can be, with 200 bytes each; counting them takes a few seconds.
MAX_BYTES = 2**31
_CHUNK = 2**20
LOOKED_AT = 200_000  # rows, at most, to choose a sample from


def num_rows(path: Path) -> int:
    """Count the whole rows; 0 if there is no file.

    Raises:
        ValueError: If it is no plain file, or longer than any that training writes.
    """
    if not path.is_file():
        return 0
    with plain_file(path) as file:
        if os.fstat(file.fileno()).st_size > MAX_BYTES:
            raise ValueError(f"{path}: is larger than {MAX_BYTES} bytes")
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


def sample(path: Path, *, most: int) -> list[dict[str, str]]:
    """Read at most so many rows, evenly spaced, the first and the last among them.

    Of neighbours one that was validated is taken, if there is one within reach.

    Raises:
        ValueError: If it is no plain file, too large, or has too many columns.
    """
    header, body = table(path)
    if body.count(b"\n") <= most:
        return _dicts(header, body.split(b"\n")[:-1])
    # By place in the file, since rows are about equally long; a list of all of them might be all of
    # the memory.
    first = body[: body.find(b"\n")]
    lines, end = [first], len(first) + 1
    step = -(-len(body) // (most - 2))
    reach = max(LOOKED_AT // most, 20)
    for place in range(step, len(body) + step, step):
        stop = body.rfind(b"\n", end, place) + 1
        if stop:
            near = body[end : stop - 1].rsplit(b"\n", reach)[-reach:]
            whole = [line for line in near if b",," not in line and not line.endswith(b",")]
            lines.append((whole or near)[-1])
            end = stop
    last = body[body.rfind(b"\n", 0, -1) + 1 : -1]
    return _dicts(header, [*lines, *([last] if lines[-1] != last else [])])


def table(path: Path) -> tuple[bytes, bytes]:
    """Return the head and the whole lines; both are empty if there is no file.

    Raises:
        ValueError: If it is no plain file, too large, or has too many columns.
    """
    if not path.is_file():
        return b"", b""
    with plain_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > READ_BYTES:
            raise ValueError(f"{path}: is larger than {READ_BYTES} bytes")
        header = file.readline(MAX_ROW)
        if header.count(b",") >= MAX_COLUMNS:
            raise ValueError(f"{path}: has more than {MAX_COLUMNS} columns")
        body = file.read(size)
    if len(header) == MAX_ROW or len(body) > MAX_ROW * (body.count(b"\n") + 1):
        raise ValueError(f"{path}: has longer rows than any run has")
    if not header.endswith(b"\n"):
        return b"", b""
    if not body.endswith(b"\n"):
        body = body[: body.rfind(b"\n") + 1]
    return header[:-1], body


def parse(content: bytes) -> list[dict[str, str]]:
    """Return the whole rows of a file's content."""
    header, _, body = content.partition(b"\n")
    return _dicts(header, body.split(b"\n")[:-1])


def as_number(cell: str | None) -> float | None:
    """Read a cell as a number; None if there is none, or none that is finite."""
    try:
        found = float(cell or "nan")
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def _dicts(header: bytes, lines: Sequence[bytes]) -> list[dict[str, str]]:
    names = _decoded(header).split(",")  # no cell of this file is ever quoted
    cells = (_decoded(line).split(",", len(names)) for line in lines)
    return [dict(zip(names, own, strict=False)) for own in cells]


def _decoded(content: bytes) -> str:
    return content.decode(errors="replace")
