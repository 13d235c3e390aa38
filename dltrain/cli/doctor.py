"""Check this machine: versions, device, threads, data sets found, a short training."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from dltrain import __version__
from dltrain.cli.arguments import EndedError, Parser
from dltrain.cli.terminal.console import output, pairs
from dltrain.config.compose import CONF
from dltrain.runs.layout import METRICS
from dltrain.text import duration

PACKAGES = (
    *("torch", "torchvision", "hydra-core", "omegaconf", "rich", "pandas", "pyarrow"),
    "safetensors",
)

# Of what a digest is printed, so that two people can compare theirs.
PICTURES = ("data=fashion_mnist", "data.source=sample", "trainer.epochs=2")
TRAINED = {
    "linear": ("model=linear", "trainer.epochs=2"),
    "softmax": ("model=softmax", *PICTURES),
    "mlp": ("model=mlp", "model.activation=tanh", "model.dropout=0.2", *PICTURES),
}
PORTABLE = ("device=cpu", "device.portable=true")


def main(words: Sequence[str]) -> None:
    """Print versions, device and data sets, then train for a moment."""
    Parser("doctor", __doc__ or "", "dltrain doctor").read(words)
    console = output()
    console.print(pairs([("dltrain", __version__), ("python", platform.python_version())]))
    console.print(pairs([(name, _version(name)) for name in PACKAGES]))
    console.print(pairs([("configs", str(CONF)), ("disk", _disk()), *_data()]))
    console.print(pairs(_device()))
    console.print(pairs([("portable", _digests())]))
    seconds, problem = _training()
    if problem:
        raise EndedError(1, f"a short training failed: {problem}")
    console.print(
        pairs([("training", f"10 epochs of linear regression, {duration(seconds)} in all")])
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "is not installed"


def _disk() -> str:
    free = shutil.disk_usage(os.getcwd()).free
    writable = os.access(os.getcwd(), os.W_OK)
    return f"{free / 2**30:.1f} GiB free here, {'writable' if writable else 'NOT WRITABLE'}"


def _data() -> list[tuple[str, object]]:
    from dltrain.data.images.fashion_mnist import available, cache_folder

    folder = available()
    text = folder or "only the packaged sample (apt install dataset-fashion-mnist has all of it)"
    size = sum(file.stat().st_size for file in cache_folder().glob("*") if file.is_file())
    return [("fashion_mnist", text), ("cache", f"{cache_folder()} ({size / 2**20:.0f} MiB)")]


def _device() -> list[tuple[str, object]]:
    import torch

    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    capability = torch.backends.cpu.get_cpu_capability()
    return [
        ("processor", f"{os.cpu_count()} cores, {torch.get_num_threads()} threads, {capability}"),
        ("gpu", ", ".join(gpus) or f"none (torch is built for CUDA {torch.version.cuda})"),
    ]


def _digests() -> str:
    """Train each model for a moment with ``device.portable``; return digests of the metrics."""
    with tempfile.TemporaryDirectory() as folder:
        processes = {
            name: subprocess.Popen(
                [sys.executable, "-m", "dltrain", *words, *PORTABLE, f"output_dir={folder}/{name}"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            for name, words in TRAINED.items()
        }
        digests = []
        for name, process in processes.items():
            _, problem = process.communicate()
            if process.returncode:
                return f"cannot be had: {problem.strip()}"
            [metrics] = Path(folder, name).glob(f"*/{METRICS}")
            digests.append(f"{name} {hashlib.md5(metrics.read_bytes()).hexdigest()[:8]}")
    return f"{', '.join(digests)} (compare: another machine with the same torch should print these)"


def _training() -> tuple[float, str]:
    """Train in a process of its own, as a user would; return seconds and what went wrong."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "dltrain", f"output_dir={folder}"]
        started = time.perf_counter()
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - started
    return seconds, result.stderr.strip() if result.returncode else ""
