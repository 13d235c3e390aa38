"""What benchmarks share: dltrain's real training path as a call, and calls timed in turn."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dltrain.runs.layout import new_folder

if TYPE_CHECKING:
    from dltrain.runs.command_line import CommandLine
    from dltrain.train.job import Job
    from dltrain.train.outcome import Outcome, Row
    from dltrain.train.session import Training

# Prepares one timed call; preparing is outside the clock.
Making = Callable[[], Callable[[], None]]
# Prepares and times one call, and returns its seconds.
Timed = Callable[[], float]


class PeerError(Exception):
    """A contestant cannot take part, and why."""


class Silent:
    """A view that shows nothing."""

    def epoch(self, rows: Sequence[Row], outcomes: Sequence[Outcome], *, seconds: float) -> None:
        """Ignore an epoch."""

    def early(self, rows: Sequence[Row]) -> None:
        """Ignore early results."""


def training(members: Sequence[Sequence[str]], folder: Path) -> Callable[[], None]:
    """Return a call that trains members together as ``dltrain`` does, once.

    Inside: run folders, training, validation, test, metrics, logs, checkpoints. Outside: importing
    torch, composing, loading the data.
    """
    jobs = _jobs(members)

    def call() -> None:
        _begun(jobs, folder).run(Silent())

    return call


def epochs(words: Sequence[str], folder: Path) -> Callable[[], None]:
    """Return a call that trains one run's epochs, once; its folder and tensors are there before."""
    begun = _begun(_jobs([words]), folder)

    def call() -> None:
        begun.run(Silent())

    return call


def _jobs(members: Sequence[Sequence[str]]) -> list[Job]:
    from dltrain.config.load import load
    from dltrain.train import build
    from dltrain.train.job import Job

    configs = [load(words) for words in members]
    data = build.dataset(configs[0])
    return [
        Job(CommandLine.parse(words), config, data, build.layer_plans(config, data))
        for words, config in zip(members, configs, strict=True)
    ]


def _begun(jobs: Sequence[Job], folder: Path) -> Training:
    from dltrain.train.session import Training

    stack = Training(jobs)
    stack.record([new_folder(folder, "bench") for _ in jobs])
    return stack


def timed(make: Making) -> Timed:
    """Return what times calls of this process."""

    def seconds() -> float:
        call = make()
        _settle()
        started = time.perf_counter()
        call()
        _settle()
        return time.perf_counter() - started

    return seconds


def _settle() -> None:
    """Wait until a GPU has done what it was asked for; a processor's call returns when it has."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.synchronize()


def alternate(
    contestants: Mapping[str, Timed], rounds: int
) -> tuple[dict[str, list[float]], dict[str, str]]:
    """Time contestants in turn, after a round that is not counted.

    Returns:
        Seconds of each contestant, one per round; and of those that failed, why.
    """
    times: dict[str, list[float]] = {name: [] for name in contestants}
    failures: dict[str, str] = {}
    for number in range(rounds + 1):
        for name, seconds in contestants.items():
            if name in failures:
                continue
            try:
                taken = seconds()
            except PeerError as error:
                failures[name] = str(error)
                del times[name]
            else:
                times[name] += [taken] if number else []
    return times, failures
