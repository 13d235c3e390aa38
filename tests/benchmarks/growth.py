"""Growth curves: members of a stack, hidden width, runs listed; rows are in ``rows.py``."""

from __future__ import annotations

import functools
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tests.benchmarks import rounds
from tests.benchmarks.case import GROWTH_ROUNDS, Case, Settings
from tests.benchmarks.process import measured
from tests.benchmarks.rounds import Timed, alternate, timed
from tests.benchmarks.runs import run_folders
from tests.benchmarks.single import CONTESTANTS, compare
from tests.benchmarks.table import Row
from tests.benchmarks.task import FASHION, Task

MEMBERS = (1, 4, 16, 64, 256, 1024)
WIDTHS = (16, 64, 256, 1024)
LISTED = (10, 100, 1_000, 10_000)
MAX_EPOCHS = 2  # of a round; a thousand members are long enough
WARM_MEMBERS = 64  # a warm-up round of more would double a long case


def _rates(count: int) -> list[float]:
    """Learning rates that all learn, [count]."""
    return [0.001 + 0.3 * i / count for i in range(count)]


def members(settings: Settings) -> Iterator[Row]:
    """Time softmax regression: M members as one stack, and as a whole sweep command."""
    settings = replace(settings, epochs=min(settings.epochs, MAX_EPOCHS))
    epochs = settings.epochs
    same = ["model=softmax", *FASHION, *settings.words, f"trainer.epochs={epochs}"]
    count = min(settings.rounds, GROWTH_ROUNDS)
    unit = f"s/member, {settings.told}"

    def stack(count: int) -> float:
        lines = [[*same, f"optimizer.lr={rate}"] for rate in _rates(count)]
        with tempfile.TemporaryDirectory() as folder:
            return timed(functools.partial(rounds.training, lines, Path(folder)))() / count

    def command(count: int) -> float:
        rates = ",".join(map(str, _rates(count)))
        with tempfile.TemporaryDirectory() as folder:
            line = [sys.executable, "-m", "dltrain", "-m", *same, f"optimizer.lr={rates}"]
            return measured([*line, f"output_dir={folder}"], folder=folder).seconds / count

    inside = "as one stack: training, validation, test, metrics, logs, checkpoints, run folders"
    yield from _curve("growth: members, one stack", stack, inside, unit, count)
    inside = "the whole command, start-up included; cut into stacks as dltrain does"
    yield from _curve("growth: members, command", command, inside, unit, count)


def _curve(
    case: str, figure: Callable[[int], float], inside: str, unit: str, rounds_: int
) -> Iterator[Row]:
    """Measure sizes in turn and compare each with the first."""
    figures: dict[int, list[float]] = {size: [] for size in MEMBERS}
    for number in range(rounds_ + 1):
        for size in MEMBERS:
            if number or size <= WARM_MEMBERS:
                taken = figure(size)
                figures[size] += [taken] if number else []
    for size, values in figures.items():
        against = "1 member" if size > 1 else ""
        base: Sequence[float] = figures[1] if size > 1 else ()
        yield Row(f"{case} {size:,}", against, inside, unit, values, base)


def width(settings: Settings) -> Iterator[Row]:
    """Time MLPs of growing width against their products alone."""
    floor = replace(CONTESTANTS[0], targets={})
    assert floor.module == "floor"
    for units in WIDTHS:
        epochs = min(settings.epochs, MAX_EPOCHS)
        task = Task((units,), epochs, settings.device, settings.threads)
        words = [*task.model_words(), *FASHION, *settings.words, f"trainer.epochs={epochs}"]
        with tempfile.TemporaryDirectory() as folder:
            ours = timed(functools.partial(rounds.epochs, words, Path(folder)))
            name = f"growth: width, MLP-{units}"
            yield from compare(name, ours, task, [floor], settings.rounds)


def listed(settings: Settings) -> Iterator[Row]:
    """Time ``dltrain runs`` as a process over growing numbers of run folders."""
    with tempfile.TemporaryDirectory() as folder:
        for count in LISTED:
            run_folders(Path(folder, "runs"), count)
            line = [sys.executable, "-m", "dltrain", "runs", f"output_dir={folder}/runs"]
            timers: dict[str, Timed] = {
                "ours": functools.partial(_seconds, line, folder),
            }
            times, _ = alternate(timers, settings.rounds)
            inside = "the whole process, dltrain runs"
            yield Row(f"growth: runs listed {count:,}", "", inside, "s", times["ours"])


def _seconds(line: Sequence[str], folder: str) -> float:
    return measured(line, folder=folder).seconds


CASES = [
    Case("growth: members", f"softmax, {MEMBERS} members: a stack, and a command", members),
    Case("growth: width", f"MLP of {WIDTHS} hidden units against its products alone", width),
    Case("growth: runs listed", f"dltrain runs over {LISTED} run folders", listed),
]
