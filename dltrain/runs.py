"""The run folder read back: list, find, read. Plain files only; no torch, no server, no database.

A run folder may come from a stranger, so what is read is only ever data: fixed file names, sizes
bounded, nothing executed.
"""

from __future__ import annotations

import datetime
import json
import os
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dltrain.recorder import process_start, short_id
from dltrain.suggest import closest

MAX_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Run:
    """One run as its ``run.json`` tells it.

    Attributes:
        folder: Where it lies.
        info: The content of ``run.json``.
    """

    folder: Path
    info: dict[str, Any]

    @property
    def id(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def short(self) -> str:
        """The four characters that usually tell runs apart."""
        return short_id(self.id)

    @property
    def status(self) -> str:
        """As recorded; but a ``running`` whose process is gone has ``crashed``."""
        status = _text(self.info.get("status"))
        return "crashed" if status == "running" and not self._alive() else status

    def _alive(self) -> bool:
        pid, host = self.info.get("pid"), self.info.get("host")
        if host != socket.gethostname() or not isinstance(pid, int) or not 0 < pid < 2**31:
            return host != socket.gethostname()  # of another machine's processes nothing is known
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        started = self.info.get("pid_started")
        return started is None or started == process_start(pid)

    @property
    def age_seconds(self) -> float:
        """Since it was started; nan if that is not recorded."""
        try:
            started = datetime.datetime.fromisoformat(_text(self.info.get("started")))
            return (datetime.datetime.now().astimezone() - started).total_seconds()
        except (ValueError, TypeError):
            return float("nan")

    def part(self, *path: str) -> Any:
        """Return a nested entry of ``run.json``, or None where there is none."""
        node: Any = self.info
        for name in path:
            node = node.get(name) if isinstance(node, dict) else None
        return node

    def metrics(self) -> list[dict[str, str]]:
        """Read ``metrics.csv``: one dict of cells per epoch; a torn last line is left out."""
        path = self.folder / "metrics.csv"
        if not path.is_file():
            return []
        text = read_text(path)
        header, *lines = text[: text.rfind("\n") + 1].split("\n")[:-1] or [""]
        names = header.split(",")  # no cell of this file is ever quoted
        return [dict(zip(names, line.split(","), strict=False)) for line in lines]


def read_text(path: Path) -> str:
    """Read a bounded text file of a run folder.

    Raises:
        ValueError: If it is no plain file, too large, or cannot be read.
    """
    try:
        if path.is_symlink() or not path.is_file():
            raise ValueError(f"{path}: is no plain file")
        with open(path, "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    if len(content) > MAX_BYTES:
        raise ValueError(f"{path}: is larger than {MAX_BYTES} bytes")
    return content.decode(errors="replace")


def read(folder: Path) -> Run:
    """Read one run folder.

    Raises:
        ValueError: If it holds no ``run.json`` that can be read.
    """
    path = folder / "run.json"
    try:
        info = json.loads(read_text(path))
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{path}: is not JSON ({error})") from None
    if not isinstance(info, dict):
        raise ValueError(f"{path}: is not a run's record")
    return Run(folder, info)


def list_runs(output_dir: Path) -> list[Run]:
    """Read every run under a folder, newest first; folders that are no runs are passed over."""
    found = []
    for run_id in _ids(output_dir):
        try:
            found.append(read(output_dir / run_id))
        except ValueError:
            # Listing goes on; `runs show` of that folder says what is wrong with it.
            found.append(Run(output_dir / run_id, {"status": "unreadable"}))
    return found


def _ids(output_dir: Path) -> list[str]:
    """List the ids of the runs under a folder, newest first, without reading them."""
    if not os.path.isdir(output_dir):
        return []
    ids = [
        entry.name
        for entry in os.scandir(output_dir)
        if entry.is_dir(follow_symlinks=False) and os.path.isfile(f"{entry.path}/run.json")
    ]
    return sorted(ids, reverse=True)


def find(name: str, output_dir: Path) -> Run:
    """Find a run by id, unique prefix, the last four characters, path, ``latest`` or ``@1``.

    Raises:
        ValueError: If none or several fit.
    """
    if ("/" in name or name in (".", "..")) and Path(name).is_dir():
        return read(Path(name))
    ids = _ids(output_dir)
    if not ids:
        raise ValueError(f"{name}: there are no runs in {output_dir}; train one with: dltrain")
    if name == "latest":
        return read(output_dir / ids[0])
    if re.fullmatch(r"@[0-9]{1,9}", name):
        row = int(name[1:])
        if not 1 <= row <= len(ids):
            raise ValueError(f"{name}: the list has rows @1 to @{len(ids)}")
        return read(output_dir / ids[row - 1])
    fits = [i for i in ids if i == name] or [
        i for i in ids if i.startswith(name) or short_id(i).startswith(name)
    ]
    if len(fits) == 1:
        return read(output_dir / fits[0])
    if fits:
        raise ValueError(f"{name}: fits {len(fits)} runs, {_some(fits)}; give more characters")
    shorts = [short_id(i) for i in ids]
    raise ValueError(
        f"{name}: no such run in {output_dir}{closest(name, [*ids, *shorts])} "
        "(dltrain runs lists them)"
    )


def _some(ids: Sequence[str]) -> str:
    return ", ".join(ids[:3]) + (", ..." if len(ids) > 3 else "")


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
