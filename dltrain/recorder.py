"""One run folder being written: config, metrics, timing, log and ``run.json``.

``runs.py`` reads it back. ``metrics.csv`` holds no clock, so equal runs write equal bytes.
"""

from __future__ import annotations

import datetime
import functools
import json
import math
import os
import platform
import re
import secrets
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dltrain import __version__, storage
from dltrain.escapes import escaped_lines

FORMAT = 1
FLUSH_SECONDS = 1.0
# Letters and digits that cannot be taken for one another.
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
_PACKAGES = ("torch", "numpy", "pandas", "pyarrow", "hydra-core", "omegaconf", "safetensors")


def now() -> str:
    """Return the local time with its offset, to the second."""
    return datetime.datetime.now().astimezone().isoformat(timespec="seconds")


def new_folder(output_dir: Path, what: str) -> Path:
    """Claim a folder for a new run: time, what it is, four random characters.

    Args:
        output_dir: Where run folders go; made if it is missing.
        what: Model and data; characters that do not belong into file names become ``-``.

    Raises:
        StorageError: If no folder can be made there.
    """
    while True:
        time = datetime.datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
        suffix = "".join(secrets.choice(_ALPHABET) for _ in range(4))
        folder = output_dir / f"{time}_{label(what)}_{suffix}"
        if storage.make_folder(folder):
            return folder


def short_id(run_id: str) -> str:
    """Return the four characters that usually tell runs apart."""
    return run_id.rpartition("_")[2]


def label(text: str) -> str:
    """Make a text fit for a file's name.

    Example:
        >>> label("../my table (1)")
        'my-table-1'
    """
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip(".-")[:60]


def number(value: float) -> str:
    """Write a number for a CSV file with nine digits, enough to tell float32 numbers apart."""
    return "nan" if math.isnan(value) else f"{value:.9g}"


@functools.cache
def _environment(pid: int) -> dict[str, Any]:
    """Say what this process runs on: host, process, versions, git commit."""
    return {
        **process(pid),
        "versions": {
            "dltrain": __version__,
            "python": platform.python_version(),
            "platform": platform.platform(),
        }
        | {name: version(name) for name in _PACKAGES},
        "git": _git(),
    }


def process(pid: int) -> dict[str, Any]:
    """Return what tells this process from any other, here or on another machine."""
    return {"host": socket.gethostname(), "pid": pid, "pid_started": process_start(pid)}


def process_start(pid: int) -> str | None:
    """Return when a process started, in the kernel's ticks; None where that is not to be had.

    Together with the pid it tells a process from a later one of the same number. One that has
    ended and only waits to be counted by its parent is none any more.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return fields[19] if len(fields) > 19 and fields[0] not in "ZX" else None


def _git() -> dict[str, Any] | None:
    """Return commit and state of the repository one stands in, or None outside of one."""
    command = ["git", "status", "--porcelain=v2", "--branch", "--untracked-files=no"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    lines = result.stdout.splitlines()
    commit = next((line.split()[2] for line in lines if line.startswith("# branch.oid")), None)
    return {"commit": commit, "dirty": any(not line.startswith("#") for line in lines)}


class Recorder:
    """Writes one run folder while the run goes on.

    Args:
        folder: A folder claimed with ``new_folder``.
        info: The first content of ``run.json``; ``finish`` adds the rest.
        config: The resolved config as YAML text.
        columns: Of ``metrics.csv``; a row may leave some out.
    """

    def __init__(
        self, folder: Path, *, info: Mapping[str, Any], config: str, columns: Sequence[str]
    ) -> None:
        self.folder = folder
        self._info = dict(info)
        storage.replace(folder / "config.yaml", config.encode())
        self._write()
        self._columns = list(columns)
        self._waiting: dict[str, list[str]] = {}  # file -> lines to append
        self._append("metrics.csv", ",".join(self._columns))
        self._append("timing.csv", "epoch,seconds,examples_per_second")
        self._flush()

    @property
    def id(self) -> str:
        """The folder's name, by which the run is known."""
        return self.folder.name

    def epoch(self, row: Mapping[str, float], *, seconds: float, examples: int) -> None:
        """Append one epoch to the metrics, the timing and the log, which are at most a second old.

        Args:
            row: A number for each column that has one.
            seconds: What the epoch's training took.
            examples: Rows trained on.
        """
        cells = [number(row[name]) if name in row else "" for name in self._columns]
        self._append("metrics.csv", ",".join(cells))
        self._append("timing.csv", f"{row['epoch']:g},{seconds:.6f},{examples / seconds:.1f}")
        self._log(" ".join(f"{name}={value:.6g}" for name, value in row.items()))
        if time.monotonic() - self._flushed >= FLUSH_SECONDS:
            self._flush()

    def log(self, text: str) -> None:
        """Append to ``train.log``; every line gets the time."""
        self._log(text)
        self._flush()

    def _log(self, text: str) -> None:
        now = datetime.datetime.now().strftime("%Y-%m-%d %H:%M:%S")
        for line in escaped_lines(text):
            self._append("train.log", f"{now} {line}")

    def _append(self, name: str, line: str) -> None:
        self._waiting.setdefault(name, []).append(line)

    def _flush(self) -> None:
        """Append what waits; epochs may be so short that doing it each time would cost more."""
        self._flushed = time.monotonic()
        for name in list(self._waiting):
            # Taken out first: a line that may have been written is not written again.
            storage.append(self.folder / name, self._waiting.pop(name))

    def document(self, name: str, content: str) -> None:
        """Write a small file at once."""
        storage.replace(self.folder / name, content.encode(errors="backslashreplace"))

    def finish(self, *, status: str, exit_code: int, result: Mapping[str, Any]) -> None:
        """Write the last ``run.json``."""
        self._info |= {
            "status": status,
            "exit_code": exit_code,
            "finished": now(),
            "result": dict(result),
        }
        self.log(f"{status}, exit code {exit_code}")
        self._write()

    def _write(self) -> None:
        write_info(self.folder, self._info)


def write_info(folder: Path, info: Mapping[str, Any]) -> None:
    """Write ``run.json``."""
    storage.replace(folder / "run.json", as_json(info).encode(errors="backslashreplace"))


def first_info(*, command: Sequence[str], overrides: Sequence[str], **parts: Any) -> dict[str, Any]:
    """Return the first content of ``run.json``.

    Args:
        command: All words after ``dltrain``.
        overrides: Those that set something.
        parts: What else is to be kept.
    """
    return {
        "format": FORMAT,
        "status": "running",
        "exit_code": None,
        "started": now(),
        "finished": None,
        **_environment(os.getpid()),
        "command": ["dltrain", *command],
        "overrides": list(overrides),
        **parts,
        "result": None,
    }


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
