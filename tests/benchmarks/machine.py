"""Where and with what the figures were measured."""

from __future__ import annotations

import datetime
import os
import platform
from importlib import metadata
from pathlib import Path

PACKAGES = (
    *("torch", "jax", "keras", "lightning", "scikit-learn", "d2l", "torchvision"),
    *("numpy", "pandas", "pyarrow"),
)


def num_threads() -> int:
    """Return how many processors this process may use; every contestant gets so many threads."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def header(device: str, threads: int, how: str) -> dict[str, str]:
    """Return date, machine and versions, by name.

    Args:
        device: ``cpu`` or ``cuda``.
        threads: Of every contestant.
        how: The command that measures.
    """
    return {
        "date": datetime.date.today().isoformat(),
        "command": how,
        "processor": f"{_processor()}, {os.cpu_count()} cores, {platform.machine()}",
        "threads": f"{threads}, the same for all",
        "load": f"{os.getloadavg()[0]:.1f} when it began; a busy machine spoils the ratios",
        "memory": _memory(),
        "GPU": _gpu(device),
        "system": platform.platform(),
        "versions": f"python {platform.python_version()}, {_versions()}",
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    # The first processor's facts; the others' are the same.
    facts: dict[str, str] = {}
    for line in lines:
        name, _, fact = line.partition(":")
        facts.setdefault(name.strip(), fact.strip())
    vectors = [name for name in ("avx2", "avx512f") if name in facts.get("flags", "").split()]
    return " ".join([facts.get("model name", "unknown"), *vectors])


def _memory() -> str:
    size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return f"{size / 2**30:.0f} GiB"


def _gpu(device: str) -> str:
    if device != "cuda":
        return "not used"
    import torch

    return str(torch.cuda.get_device_name())


def _versions() -> str:
    return ", ".join(f"{name} {_version(name)}" for name in PACKAGES)


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
