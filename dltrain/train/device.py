"""The device to compute on: cpu or cuda, how many threads, and the same bits every time."""

from __future__ import annotations

import os
import time

import torch

from dltrain.system.libraries import MKL, PORTABLE, STRICT
from dltrain.text import counted

THREADS = torch.get_num_threads()  # what torch starts with


def choose(
    kind: str,
    *,
    threads: int | None,
    deterministic: bool,
    matmul: str = "float32",
    portable: bool = False,
) -> torch.device:
    """Set up the device for this process and return it.

    Args:
        kind: ``auto``, ``cpu`` or ``cuda``; auto takes the GPU if there is one.
        threads: Processor threads; None: as many as torch chose at its start, one per core.
        deterministic: Ask torch for kernels that give the same bits every time. On the processor
            they all do.
        matmul: ``tf32`` lets a GPU round what products take, for its fast units; ``bf16``, which
            the layers see to, needs a processor that has it.
        portable: Refuse what would not give the bytes of other processors.

    Raises:
        ValueError: If a GPU is asked for and there is none that torch can use, if the processor
            would compute bf16 more slowly than float32, or is not portable.
    """
    torch.set_num_threads(threads or THREADS)
    available = torch.cuda.is_available()
    if kind == "cuda" and not available:
        built = "sees no GPU here" if torch.version.cuda else "is a build without CUDA"
        raise ValueError(
            f"device=cuda: torch {torch.__version__} {built}; use device=auto or device=cpu"
        )
    device = torch.device("cuda" if available and kind != "cpu" else "cpu")
    capability = torch.backends.cpu.get_cpu_capability()
    if portable and (device.type == "cuda" or capability != "AVX2"):
        has = "this is a GPU" if device.type == "cuda" else f"torch computes with {capability} here"
        raise ValueError(
            f"device.portable=true: needs device=cpu and AVX2, and {has}; leave it out"
        )
    torch.backends.cuda.matmul.fp32_precision = "tf32" if matmul == "tf32" else "ieee"
    if matmul == "bf16" and device.type == "cpu" and not has_bf16():
        raise ValueError(
            "device.matmul=bf16: this processor has no instructions for it and would be slower; "
            "leave it out"
        )
    if device.type == "cuda" and deterministic:
        # cuBLAS keeps its sums in order only with a workspace of its own; read at its first call.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
        # Nothing here reads memory before it was written, and filling it takes time.
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    return device


def processor() -> str:
    """Name what decides the bytes of this processor: its instructions, and what MKL was told."""
    capability = torch.backends.cpu.get_cpu_capability()
    told = os.environ.get(MKL, "nothing")
    usual = told in (STRICT[MKL], PORTABLE[MKL])
    return capability if usual else f"{capability} with {MKL}={told}"


def has_bf16() -> bool:
    """Tell whether the processor computes products of bfloat16 itself."""
    # Builds without oneDNN, such as those for Apple's processors, do not know the question.
    available = bool(torch.backends.mkldnn.is_available())  # type: ignore[no-untyped-call]
    return available and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def describe(device: torch.device, *, matmul: str = "float32", measured: bool = False) -> str:
    """Name a device for people: ``cpu (2 threads)`` or ``cuda (NVIDIA H200), tf32 products``.

    Where the number of threads is ``measured``, it may also be one.
    """
    if device.type == "cuda":
        name = f"cuda ({torch.cuda.get_device_name(device)})"
    else:
        threads = torch.get_num_threads()
        either = "1 or " * (measured and threads > 1)
        name = f"cpu ({either}{counted(threads, 'thread')})"
    if matmul == "tf32" and device.type == "cpu":
        return f"{name}, where tf32 has no effect"
    return name if matmul == "float32" else f"{name}, {matmul} products"


def time_when_done(device: torch.device) -> float:
    """Wait until the device has finished its work; return the clock's seconds."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()
