"""What benchmarks share: dltrain's real training path as a call, and two calls timed in turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from dltrain import build, recorder
from dltrain.config import load
from dltrain.job import Job
from dltrain.outcomes import Outcome, Row
from dltrain.training import Training

Making = Callable[[], Callable[[], None]]


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
    configs = [load(words) for words in members]
    data = build.dataset(configs[0].data, dtype=build.dtype_name(configs[0]))
    return [
        Job(words, words, config, data, build.plan(config.model, data))
        for words, config in zip(members, configs, strict=True)
    ]


def _begun(jobs: Sequence[Job], folder: Path) -> Training:
    stack = Training(jobs)
    stack.record([recorder.new_folder(folder, "bench") for _ in jobs])
    return stack


def compare(a: Making, b: Making, rounds: int) -> list[tuple[float, float]]:
    """Time two calls in turn, after a round that is not counted; making them is not timed."""
    times = []
    for _ in range(rounds + 1):
        pair = []
        for make in (a, b):
            call = make()
            started = time.perf_counter()
            call()
            pair.append(time.perf_counter() - started)
        times.append((pair[0], pair[1]))
    return times[1:]
