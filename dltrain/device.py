"""Where to compute: cpu or cuda, how many threads, and the same bits every time."""

from __future__ import annotations

import os

import torch


def choose(kind: str, *, threads: int | None, deterministic: bool) -> torch.device:
    """Set up the device for this process.

    Args:
        kind: ``auto``, ``cpu`` or ``cuda``; auto takes the GPU if there is one.
        threads: Processor threads; None leaves torch's choice, one per core.
        deterministic: Ask torch for kernels that give the same bits every time. On the processor
            they all do, for a given number of threads.

    Raises:
        ValueError: If a GPU is asked for and there is none that torch can use.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    available = torch.cuda.is_available()
    if kind == "cuda" and not available:
        built = "sees no GPU here" if torch.version.cuda else "is a build without CUDA"
        raise ValueError(
            f"device=cuda: torch {torch.__version__} {built}; use device=auto or device=cpu"
        )
    device = torch.device("cuda" if available and kind != "cpu" else "cpu")
    if device.type == "cuda" and deterministic:
        # cuBLAS keeps its sums in order only with a workspace of its own; read at its first call.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
    return device


def describe(device: torch.device) -> str:
    """Name a device for people: ``cpu (2 threads)`` or ``cuda (NVIDIA H200)``."""
    if device.type == "cuda":
        return f"cuda ({torch.cuda.get_device_name(device)})"
    threads = torch.get_num_threads()
    return f"cpu ({threads} thread{'s' if threads != 1 else ''})"
