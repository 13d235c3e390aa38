"""Who runs this, and on what: host, process, versions, git commit, cores, free memory."""

from __future__ import annotations

import contextlib
import functools
import os
import platform
import socket
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dltrain import __version__

# What decides the bits that come out. A run is resumed with these only.
DECIDING = ("dltrain", "torch", "numpy", "pandas", "pyarrow")
_OTHERS = ("hydra-core", "omegaconf", "safetensors")


@functools.cache
def environment(pid: int) -> dict[str, Any]:
    """Say what this process runs on: host, process, versions, git commit."""
    return {**process(pid), "versions": versions(), "git": _git()}


def versions() -> dict[str, str]:
    """Return the version of whatever has a part in a run."""
    return {
        "dltrain": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
    } | {name: version(name) for name in (*DECIDING[1:], *_OTHERS)}


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


def num_cores() -> int:
    """Return how many processor cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def free_memory() -> int:
    """Return the bytes of memory that can be used without pushing others out."""
    free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        line = next(line for line in lines if line.startswith("MemAvailable:"))
        free = int(line.split()[1]) * 1024
    with contextlib.suppress(OSError, ValueError):  # a container may have less
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text())
        free = min(free, limit - int(Path("/sys/fs/cgroup/memory.current").read_text()))
    return max(free, 0)
