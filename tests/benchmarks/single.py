"""One model: an epoch of dltrain's real path against the floor and against every other trainer."""

from __future__ import annotations

import contextlib
import functools
import importlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.benchmarks import rounds
from tests.benchmarks.case import Case, Settings
from tests.benchmarks.rounds import PeerError, Timed, timed
from tests.benchmarks.table import Row, Target, times_faster, times_floor
from tests.benchmarks.task import FASHION, Task
from tests.benchmarks.worker import Worker

UNIT = "s per epoch"


@dataclass(frozen=True)
class Contestant:
    """Who trains the same model.

    Attributes:
        name: For the table.
        module: Of this folder; has ``prepare(task)``.
        inside: What its clock includes.
        apart: In a process of its own: another library's threads, or global settings.
        epochs: At most so many per round, for those that take seconds each.
        targets: By case.
    """

    name: str
    module: str
    inside: str
    apart: bool = True
    epochs: int | None = None
    targets: Mapping[str, Target] = field(default_factory=dict)


SOFTMAX, MLP = "epoch: softmax", "epoch: MLP-256"
CONTESTANTS = [
    Contestant(
        "matrix products alone",
        "floor",
        "products of an epoch; nothing else",
        apart=False,
        targets={SOFTMAX: times_floor(1.25), MLP: times_floor(1.05)},
    ),
    Contestant(
        "bare torch loop",
        "peer_torch",
        "training; no validation, no logging; float32 tensors in memory",
        apart=False,
    ),
    Contestant(
        "DataLoader + TensorDataset",
        "peer_dataloader",
        "training; no validation, no logging; float32 tensors in memory",
        apart=False,
    ),
    Contestant(
        "Lightning",
        "peer_lightning",
        "training, validation and its metrics; no logger, no checkpoints; TensorDataset, 0 workers",
        targets={SOFTMAX: times_faster(6), MLP: times_faster(3)},
    ),
    Contestant(
        "Keras on JAX",
        "peer_keras",
        "training and its metrics, validation; no checkpoints; compiled before",
    ),
    Contestant(
        "JAX scan",
        "peer_jax",
        "training; no validation, no logging; compiled before",
        targets={SOFTMAX: times_floor(1.0), MLP: times_floor(1.0)},
    ),
    Contestant("scikit-learn", "peer_sklearn", "training and its loss; no validation"),
    Contestant(
        "d2l",
        "peer_d2l",
        "decoding by 4 workers, training, validation, its points; nothing drawn",
        epochs=1,
        targets={SOFTMAX: times_faster(45), MLP: times_faster(18)},
    ),
]


def prepared(contestant: Contestant, task: Task, open_until: contextlib.ExitStack) -> Timed:
    """Load, compile and warm up a contestant.

    Raises:
        PeerError: If its library is not installed, or failed.
    """
    # On a GPU, dltrain's wish for deterministic kernels would hold for everyone in its process.
    if contestant.apart or task.device != "cpu":
        return open_until.enter_context(Worker(contestant.module, task))
    return timed(importlib.import_module(f"tests.benchmarks.{contestant.module}").prepare(task))


def compare(
    name: str, ours: Timed, task: Task, contestants: Sequence[Contestant], rounds_: int
) -> Iterator[Row]:
    """Time ours and all contestants in turn; figures are seconds per epoch."""
    timers: dict[str, Timed] = {"ours": ours}
    failures: dict[str, str] = {}
    tasks = {
        one.name: replace(task, epochs=min(task.epochs, one.epochs or task.epochs))
        for one in contestants
    }
    with contextlib.ExitStack() as stack:
        for one in contestants:
            try:
                timers[one.name] = prepared(one, tasks[one.name], stack)
            except PeerError as error:
                failures[one.name] = str(error)
        times, failed = rounds.alternate(timers, rounds_)
    failures |= failed
    for one in contestants:
        if one.name in failures:
            yield Row(name, one.name, one.inside, UNIT, note=failures[one.name])
            continue
        yield Row(
            name,
            one.name,
            one.inside,
            UNIT,
            [seconds / task.epochs for seconds in times["ours"]],
            [seconds / tasks[one.name].epochs for seconds in times[one.name]],
            one.targets.get(name),
        )


def measure(settings: Settings, *, name: str, hidden: tuple[int, ...]) -> Iterator[Row]:
    """Measure one model against everyone."""
    task = Task(hidden, settings.epochs, settings.device, settings.threads)
    words = [*task.model_words(), *FASHION, *settings.words, f"trainer.epochs={settings.epochs}"]
    # scikit-learn has no softmax regression with minibatches.
    who = [one for one in CONTESTANTS if hidden or one.module != "peer_sklearn"]
    with tempfile.TemporaryDirectory() as folder:
        ours = timed(functools.partial(rounds.epochs, words, Path(folder)))
        yield from compare(name, ours, task, who, settings.rounds)


def _case(name: str, hidden: tuple[int, ...]) -> Case:
    others = [one.name for one in CONTESTANTS if hidden or one.module != "peer_sklearn"]
    about = f"one model, seconds per epoch, against {', '.join(others)}"
    return Case(name, about, functools.partial(measure, name=name, hidden=hidden))


CASES = [_case(SOFTMAX, ()), _case(MLP, (256,))]
