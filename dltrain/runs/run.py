"""A run folder read back. Plain files only; no torch, no server, no database.

A run folder may come from a stranger, so what is read is only ever data: fixed file names, sizes
bounded, nothing executed.
"""

from __future__ import annotations

import datetime
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dltrain.runs import metrics_file
from dltrain.runs.layout import LABEL, MAX_LABEL, MEMBERS, METRICS, RECORD, SWEEP_RECORD, short_id
from dltrain.runs.record import read_record
from dltrain.runs.verification import has_results
from dltrain.system.environment import process_start
from dltrain.system.foreign_files import read_start


@dataclass(frozen=True)
class Run:
    """A run read from its ``run.json``, or a sweep read from its ``sweep.json``."""

    folder: Path  # where it lies
    info: dict[str, Any]  # the content of that file
    is_sweep: bool = False  # whether it is a sweep

    @property
    def id(self) -> str:
        """Name of the folder; a member's comes after its sweep's."""
        sweep = self.sweep
        return self.folder.name if sweep is None else f"{sweep.name}/{self.folder.name}"

    @property
    def short(self) -> str:
        """The four characters that usually tell runs apart; with a number for a member."""
        sweep = self.sweep
        if sweep is None:
            return short_id(self.folder.name)
        return f"{short_id(sweep.name)}/{self.folder.name.lstrip('0') or '0'}"

    @property
    def sweep(self) -> Path | None:
        """Folder of the sweep this run is a member of."""
        folder = self.folder.parent
        if folder.name in ("", ".."):  # it was named from within, as in "."
            folder = self.folder.absolute().parent
        return folder.parent if folder.name == MEMBERS else None

    @property
    def whole(self) -> Run:
        """The sweep this is a member of, unread; else the run itself."""
        return self if self.sweep is None else Run(self.sweep, {}, is_sweep=True)

    @property
    def status(self) -> str:
        """As recorded; a ``running`` whose process is gone has ``crashed``.

        One that is ``done`` and has lost its metrics or its last state is ``incomplete``.
        """
        status = _text(self.info.get("status"))
        if status == "done" and not self.is_sweep and not has_results(self.folder, self.info):
            return "incomplete"
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
        """Seconds since it was started; nan if that is not recorded."""
        try:
            started = datetime.datetime.fromisoformat(_text(self.info.get("started")))
            return (datetime.datetime.now().astimezone() - started).total_seconds()
        except (ValueError, TypeError):
            return float("nan")

    @property
    def label(self) -> str:
        """Label that a user wrote; empty if there is none."""
        try:
            return _decoded(read_start(self.folder / LABEL, MAX_LABEL)).strip()
        except ValueError:
            return ""

    def part(self, *path: str) -> Any:
        """Return a nested entry of ``run.json``, or None where there is none."""
        node: Any = self.info
        for name in path:
            node = node.get(name) if isinstance(node, dict) else None
        return node

    def mapping(self, *path: str) -> dict[str, Any]:
        """Return a mapping of ``run.json``; an empty one where there is none."""
        node = self.part(*path)
        return node if isinstance(node, dict) else {}

    def texts(self, *path: str) -> list[str]:
        """Return the entries of a list of ``run.json`` as text; none where there is no list."""
        node = self.part(*path)
        return [str(entry) for entry in node] if isinstance(node, list) else []

    def num_epochs(self) -> int:
        """Return the number of whole epochs in ``metrics.csv``."""
        return metrics_file.num_rows(self.folder / METRICS)

    def metrics(self, *, first: int | None = None, last: int = 0) -> list[dict[str, str]]:
        """Read ``metrics.csv``: one dict of cells per epoch; a torn last line is left out."""
        return metrics_file.rows(self.folder / METRICS, first=first, last=last)

    def sample(self, most: int) -> list[dict[str, str]]:
        """Read at most so many epochs of ``metrics.csv``, evenly spaced, the last among them."""
        return metrics_file.sample(self.folder / METRICS, most=most)


def read(folder: Path) -> Run:
    """Read one run folder, or one sweep's.

    Raises:
        ValueError: If it holds no record that can be read.
    """
    is_sweep = os.path.isfile(folder / SWEEP_RECORD)
    if not is_sweep and not os.path.lexists(folder / RECORD):
        raise ValueError(f"{folder}: is no run folder, it has no {RECORD}")
    return Run(folder, read_record(folder / (SWEEP_RECORD if is_sweep else RECORD)), is_sweep)


def _decoded(content: bytes) -> str:
    return content.decode(errors="replace")


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
