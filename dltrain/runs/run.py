"""The run folder read back: list, find, read. Plain files only; no torch, no server, no database.

A run folder may come from a stranger, so what is read is only ever data: fixed file names, sizes
bounded, nothing executed.
"""

from __future__ import annotations

import datetime
import os
import re
import socket
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dltrain.runs import metrics_file
from dltrain.runs.recorder import short_id
from dltrain.runs.verification import has_results
from dltrain.suggest import closest
from dltrain.system.environment import process_start
from dltrain.system.foreign_files import read_record, read_start
from dltrain.system.shell import below, command

RECORD, SWEEP_RECORD, MEMBERS, METRICS = "run.json", "sweep.json", "members", "metrics.csv"
LABEL, MAX_LABEL = "label.txt", 200  # bytes


@dataclass(frozen=True)
class Run:
    """One run as its ``run.json`` tells it, or a sweep as its ``sweep.json`` does.

    Attributes:
        folder: Where it lies.
        info: The content of that file.
        is_sweep: Whether it is a sweep.
    """

    folder: Path
    info: dict[str, Any]
    is_sweep: bool = False

    @property
    def id(self) -> str:
        """The folder's name; a member's comes after its sweep's."""
        sweep = self.sweep
        return self.folder.name if sweep is None else f"{sweep.name}/{self.folder.name}"

    @property
    def short(self) -> str:
        """The four characters that usually tell runs apart; with a number if it is a member."""
        sweep = self.sweep
        if sweep is None:
            return short_id(self.folder.name)
        return f"{short_id(sweep.name)}/{self.folder.name.lstrip('0') or '0'}"

    @property
    def sweep(self) -> Path | None:
        """The folder of the sweep this is a member of."""
        folder = self.folder.parent
        if folder.name in ("", ".."):  # it was named from within, as in "."
            folder = self.folder.absolute().parent
        return folder.parent if folder.name == MEMBERS else None

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
        """Since it was started; nan if that is not recorded."""
        try:
            started = datetime.datetime.fromisoformat(_text(self.info.get("started")))
            return (datetime.datetime.now().astimezone() - started).total_seconds()
        except (ValueError, TypeError):
            return float("nan")

    @property
    def label(self) -> str:
        """What somebody wrote on it; empty if nobody did."""
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

    def texts(self, *path: str) -> list[str]:
        """Return the entries of a list of ``run.json`` as text; none where there is no list."""
        node = self.part(*path)
        return [str(entry) for entry in node] if isinstance(node, list) else []

    def num_epochs(self) -> int:
        """Return how many whole epochs ``metrics.csv`` tells of, however long it is.

        Raises:
            ValueError: If it is no plain file, or longer than any that training writes.
        """
        return metrics_file.num_rows(self.folder / METRICS)

    def metrics(self, *, first: int | None = None, last: int = 0) -> list[dict[str, str]]:
        """Read ``metrics.csv``: one dict of cells per epoch; a torn last line is left out.

        Args:
            first: How many epochs of the beginning; None: all there are.
            last: How many of the end.

        Raises:
            ValueError: If it is no plain file, too large, or has too many columns.
        """
        return metrics_file.rows(self.folder / METRICS, first=first, last=last)

    def sample(self, most: int) -> list[dict[str, str]]:
        """Read at most so many epochs of ``metrics.csv``, evenly spaced, the last among them.

        Raises:
            ValueError: If it is no plain file, too large, or has too many columns.
        """
        return metrics_file.sample(self.folder / METRICS, most=most)


def higher_is_better(metric: str) -> bool:
    """Which way a metric chooses."""
    return metric.rpartition("/")[2] in ("accuracy", "r2")


def read(folder: Path) -> Run:
    """Read one run folder, or one sweep's.

    Raises:
        ValueError: If it holds no record that can be read.
    """
    is_sweep = os.path.isfile(folder / SWEEP_RECORD)
    if not is_sweep and not os.path.lexists(folder / RECORD):
        raise ValueError(f"{folder}: is no run folder, it has no {RECORD}")
    return Run(folder, read_record(folder / (SWEEP_RECORD if is_sweep else RECORD)), is_sweep)


_read = read


def distinct(runs: Iterable[Run]) -> list[Run]:
    """Leave out runs that were named before; of one name in two folders they are two."""
    return list({run.folder.absolute(): run for run in runs}.values())


def list_runs(output_dir: Path) -> list[Run]:
    """Read every run and sweep under a folder, newest first; other folders are passed over."""
    return [_read_or_not(output_dir / run_id) for run_id in _ids(output_dir)]


def members(sweep: Run) -> list[Run]:
    """Read the members of a sweep that have begun, in order of their numbers."""
    return [_read_or_not(sweep.folder / MEMBERS / name) for name in _numbers(sweep.folder)]


def list_all(output_dir: Path) -> Iterator[Run]:
    """Read every run under a folder, members of sweeps among them, newest first."""
    for run in list_runs(output_dir):
        if run.is_sweep:
            yield from members(run)
        else:
            yield run


def _read_or_not(folder: Path) -> Run:
    try:
        return read(folder)
    except ValueError:
        # Listing goes on; `runs show` of that folder says what is wrong with it.
        return Run(folder, {"status": "unreadable"})


def _numbers(sweep: Path) -> list[str]:
    """List the names of the members' folders."""
    found = [] if (sweep / MEMBERS).is_symlink() else _ids(sweep / MEMBERS)
    return sorted(found, key=lambda name: (len(name), name))


def _ids(output_dir: Path) -> list[str]:
    """List the ids of the runs under a folder, newest first, without reading them."""
    if not os.path.isdir(output_dir):
        return []
    ids = [
        entry.name
        for entry in os.scandir(output_dir)
        if entry.is_dir(follow_symlinks=False) and _is_run(entry.path)
    ]
    return sorted(ids, reverse=True)


def _is_run(folder: str) -> bool:
    return any(os.path.isfile(f"{folder}/{record}") for record in (RECORD, SWEEP_RECORD))


def find(name: str, output_dir: Path, *, readable: bool = True) -> Run:
    """Find a run by id, unique prefix, the last four characters, path, ``latest`` or ``@1``.

    A member is found by its sweep's name and its number, as in ``k3f9/12``.

    Args:
        name: Of the run.
        output_dir: Where runs lie.
        readable: Whether its record must be one that can be read.

    Raises:
        ValueError: If none or several fit.
    """
    read = _read if readable else _read_or_not
    if not name:
        raise ValueError(f"a run's name must not be empty; {_lister(output_dir)} lists them")
    if ("/" in name or name in (".", "..")) and os.path.isdir(name):
        return read(Path(name))
    if "/" in name:
        sweep, _, number = name.rpartition("/")
        return _member(find(sweep, output_dir), number, name, output_dir)
    ids = _ids(output_dir)
    if name == "latest" and ids:
        return read(output_dir / ids[0])
    if re.fullmatch(r"@[0-9]{1,9}", name) and ids:
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
    if _is_run(name):  # a folder of that name beside us, as in one that holds runs
        return read(Path(name))
    if not ids:
        train = command(*below(output_dir))
        raise ValueError(f"{name}: there are no runs in {output_dir}; train one with: {train}")
    hint = closest(name, [*ids, *map(short_id, ids)])
    lister = _lister(output_dir)
    raise ValueError(f"{name}: no such run in {output_dir}{hint} ({lister} lists them)")


def _lister(output_dir: Path) -> str:
    return command("runs", *below(output_dir))


def _member(sweep: Run, number: str, name: str, output_dir: Path) -> Run:
    if not sweep.is_sweep:
        raise ValueError(f"{name}: {sweep.id} is no sweep and has no members")
    if not re.fullmatch(r"[0-9]{1,9}", number):
        raise ValueError(f"{name}: a member is named by its number, as in {sweep.short}/0")
    folder = sweep.folder / MEMBERS / f"{int(number):04d}"
    linked = folder.is_symlink() or folder.parent.is_symlink()
    if linked or not folder.is_dir():
        raise ValueError(
            f"{name}: {sweep.short} has no member {int(number)} that has begun "
            f"({command('runs', 'ls', name.rpartition('/')[0], *below(output_dir))} lists them)"
        )
    return read(folder)


def _some(ids: Sequence[str]) -> str:
    return ", ".join(ids[:3]) + (", ..." if len(ids) > 3 else "")


def _decoded(content: bytes) -> str:
    return content.decode(errors="replace")


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
