"""Whole processes: a training with its start-up, commands that train nothing, peak memory."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from tests.benchmarks.case import Case, Settings
from tests.benchmarks.process import measured
from tests.benchmarks.rounds import alternate
from tests.benchmarks.runs import run_folders
from tests.benchmarks.table import Row, Target, at_most, times_floor
from tests.benchmarks.task import FASHION, pictures

DLTRAIN = [sys.executable, "-m", "dltrain"]
SOFTMAX = [*DLTRAIN, "model=softmax", *FASHION, "trainer.epochs=10"]
TORCH = [sys.executable, "-c", "import torch"]


def training(settings: Settings) -> Iterator[Row]:
    """Time 10 epochs of softmax regression from Enter to the prompt, and the bare loop likewise."""
    case = "process: 10 epochs softmax"
    trained: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        ours = [*SOFTMAX, *settings.words, f"output_dir={folder}/outputs"]
        inputs, targets = f"{folder}/inputs.npy", f"{folder}/targets.npy"
        split = pictures()[0]
        np.save(inputs, split.inputs)
        np.save(targets, split.targets)
        bare = [sys.executable, "-m", "tests.benchmarks.peer_torch", inputs, targets, "10"]

        def dltrain() -> float:
            taken = measured(ours, folder=folder).seconds
            [newest] = Path(folder, "outputs").iterdir()
            trained.append(json.loads((newest / "run.json").read_text())["seconds"])
            newest.rename(Path(folder, newest.name))  # leaves the output folder empty
            return taken

        def seconds(line: Sequence[str]) -> float:
            return measured(line, folder=folder, threads=settings.threads).seconds

        timers: dict[str, Callable[[], float]] = {
            "ours": dltrain,
            "bare": lambda: seconds(bare),
            "torch": lambda: seconds(TORCH),
        }
        times, _ = alternate(timers, settings.rounds)
    inside = "import torch, read two arrays of bytes, 10 epochs; no validation, no logging"
    against = "import torch + bare loop"
    yield Row(case, against, inside, "s", times["ours"], times["bare"], times_floor(1.15))
    start = [all_ - own for all_, own in zip(times["ours"], trained[1:], strict=True)]
    inside = "start-up: all but training and the end of the run"
    yield Row(case, "import torch", inside, "s of start-up", start, times["torch"])
    share = [100 * own / all_ for own, all_ in zip(start, times["ours"], strict=True)]
    yield Row(case, "", "start-up's share of the whole process", "% of the process", share)


def quick(settings: Settings) -> Iterator[Row]:
    """Time commands that train nothing, and say whether they import torch."""
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder, "listed")
        run_folders(listed, 1000)
        lines: dict[str, tuple[list[str], int, Target]] = {
            "help": (["--help"], 0, at_most(0.5, "s")),
            "a config error": (["model=sofmax", "optimzer.lr=1"], 2, at_most(0.5, "s")),
            "dry run, 1,000 members": (
                ["-m", "optimizer.lr=range(0.001,1.0005,0.001)", "--dry-run"],
                0,
                at_most(2, "s"),
            ),
            "list of 1,000 runs": (["runs", f"output_dir={listed}"], 0, at_most(0.5, "s")),
        }

        def timer(words: Sequence[str], code: int) -> Callable[[], float]:
            return lambda: measured([*DLTRAIN, *words], folder=folder, code=code).seconds

        timers = {name: timer(words, code) for name, (words, code, _) in lines.items()}
        times, _ = alternate(timers, settings.rounds)
        for name, (words, code, target) in lines.items():
            loaded = imports_torch(words, code, folder)
            inside = f"the whole process; {'IMPORTS TORCH' if loaded else 'torch is not imported'}"
            yield Row(f"process: {name}", "", inside, "s", times[name], target=target)


def imports_torch(words: Sequence[str], code: int, folder: str) -> bool:
    """Say whether a command imports torch: Python lists every module it imports."""
    line = [sys.executable, "-X", "importtime", "-m", "dltrain", *words]
    output = measured(line, folder=folder, code=code).output
    return re.search(r"\| +torch$", output, flags=re.MULTILINE) is not None


def memory(settings: Settings) -> Iterator[Row]:
    """Compare the peak memory of a Fashion-MNIST run with that of a bare ``import torch``."""
    case = "process: peak memory"
    peaks: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        ours = [*SOFTMAX, *settings.words, f"output_dir={folder}"]
        measured(ours, folder=folder)  # decodes the pictures once; that is not counted
        for _ in range(settings.rounds):
            bare = measured(TORCH, folder=folder).peak
            peaks.append((measured(ours, folder=folder).peak / 1e6, bare / 1e6))
    inside = "Fashion-MNIST, softmax, 10 epochs, whole process"
    whole, base = ([pair[i] for pair in peaks] for i in (0, 1))
    yield Row(case, "import torch", inside, "MB", whole, base)
    over = [ours - bare for ours, bare in peaks]
    target = at_most(350, "MB")
    yield Row(case, "", f"{inside}, less import torch", "MB over import torch", over, target=target)


CASES = [
    Case(
        "process: 10 epochs softmax",
        "the whole command against a process with import torch and the bare loop; start-up's share",
        training,
    ),
    Case(
        "process: help, error, plan, list",
        "help, a config error, a dry run of 1,000 members, a list of 1,000 runs; is torch imported",
        quick,
    ),
    Case("process: peak memory", "a Fashion-MNIST run over a bare import torch", memory),
]
