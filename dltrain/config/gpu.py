"""Whether this machine can have no GPU at all, found out without importing torch."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from pathlib import Path

from dltrain.config.choices import DeviceType
from dltrain.config.schema import RunConfig

# What a driver makes: NVIDIA's, Windows' in WSL, AMD's, and NVIDIA's on boards of its own.
_DEVICES = ("nvidia*", "dxg", "kfd", "nvgpu*", "nvhost*", "nvmap")


def absent_gpu() -> str:
    """Say why torch is sure to find no GPU; empty if it may find one, which training sees."""
    if version("torch").endswith("+cpu"):
        return f"torch {version('torch')} is a build without CUDA"
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and visible.strip() in ("", "-1"):
        return f"CUDA_VISIBLE_DEVICES={visible} hides every GPU"
    if sys.platform == "darwin":
        return "macOS has no CUDA"
    if sys.platform == "linux" and not any(any(Path("/dev").glob(name)) for name in _DEVICES):
        return "this machine has no GPU that torch could use"
    return ""


def device_problem(run: RunConfig) -> list[str]:
    """Refuse a GPU that is asked for and surely not there, in at most one line."""
    reason = absent_gpu() if run.device.type == DeviceType.cuda else ""
    return [f"device=cuda: {reason}; use device=auto or device=cpu"] if reason else []
