"""``run.json`` and ``sweep.json``: written sealed, read back bounded and checked."""

from __future__ import annotations

import datetime
import hashlib
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dltrain.runs.layout import FORMAT, RECORD
from dltrain.runs.verification import BLANK, is_intact, sealed
from dltrain.system import disk
from dltrain.system.environment import environment
from dltrain.system.foreign_files import MAX_RECORD_BYTES, read_bytes
from dltrain.text import clipped


class FormatError(ValueError):
    """A record was written in another ``FORMAT``."""


def now() -> str:
    """Return the local time with its offset, to the millisecond: it orders what a second holds."""
    return datetime.datetime.now().astimezone().isoformat(timespec="milliseconds")


def encoded(text: str) -> bytes:
    """Return a text as files hold it; half characters, which are none in UTF-8, are escaped."""
    return text.encode(errors="backslashreplace")


def digest(content: bytes) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def write_info(folder: Path, info: Mapping[str, Any]) -> None:
    """Write ``run.json``."""
    disk.replace(folder / RECORD, sealed_json(info))


def first_info(**parts: Any) -> dict[str, Any]:
    """Return the first content of ``run.json``: what is true of all that begins now, and parts."""
    return {
        "format": FORMAT,
        "status": "running",
        "exit_code": None,
        "started": now(),
        "finished": None,
        "seconds": 0.0,  # of training, by the processes that have ended
        "since": now(),  # this one works on it
        **environment(os.getpid()),
        **parts,
        "result": None,
    }


def sealed_json(content: Mapping[str, Any]) -> bytes:
    """Write a record as JSON that shows every later change of a bit."""
    return sealed(encoded(as_json({"seal": BLANK, **content})))


def as_json(content: Mapping[str, Any]) -> str:
    """Write a record as JSON; numbers that are not finite become null."""
    text = json.dumps(_plain(content), indent=2, allow_nan=False, ensure_ascii=False)
    return f"{text}\n"


def _plain(value: Any) -> Any:
    """Make a value fit for JSON, which has no nan and no infinity: they become null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


# A record's lists and mappings: a few, and one for each stack of a sweep; what is made of as many
# bytes in memory is a hundred times their text.
MAX_PARTS, MAX_DEPTH = 2**17, 32


def read_record(path: Path) -> dict[str, Any]:
    """Read a sealed record, ``run.json`` or ``sweep.json``.

    Raises:
        FormatError: If it was written by a dltrain whose folders have another format.
        ValueError: If it cannot be read, or is not byte for byte what was written.
    """
    content = read_bytes(path, limit=MAX_RECORD_BYTES)
    if content.count(b"[") + content.count(b"{") > MAX_PARTS:
        raise ValueError(f"{path}: holds more than a run's record does")
    try:
        info = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: is not JSON ({error})") from None
    if not isinstance(info, dict):
        raise ValueError(f"{path}: is not a run's record")
    if not is_intact(content, info.pop("seal", None)):
        raise ValueError(f"{path}: was changed or damaged after it was written")
    if _is_deep(info):
        raise ValueError(f"{path}: is nested deeper than a run's record")
    written = info.get("format")
    if type(written) is not int or written != FORMAT:
        version = f"format {clipped(json.dumps(written))}" if "format" in info else "no format"
        raise FormatError(
            f"{path.parent}: was written by another dltrain ({version}; this one reads {FORMAT}); "
            "read it with that one, or train it anew"
        )
    return info


def _is_deep(value: object) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        inner = [x for node in level for x in (node.values() if isinstance(node, dict) else node)]  # type: ignore[attr-defined]
        level = [node for node in inner if isinstance(node, dict | list)]
        if not level:
            return False
    return True
