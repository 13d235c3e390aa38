"""Many members trained together, against training them one by one and against JAX's vmap."""

from __future__ import annotations

import contextlib
import functools
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.case import Case, Settings
from tests.benchmarks.process import measured
from tests.benchmarks.rounds import PeerError, alternate, timed, training
from tests.benchmarks.table import Row, Target, times_faster, times_floor
from tests.benchmarks.task import FASHION, LR, Task
from tests.benchmarks.worker import Worker

VMAP = "JAX vmap + scan"
VMAP_INSIDE = "training; no validation, no logging, no run folders; compiled before"


@dataclass(frozen=True)
class Members:
    """Members that differ in one key.

    Attributes:
        words: What they share.
        key: In what they differ.
        values: One per member.
        alone: How many of them are timed alone; their time is scaled to all.
        hidden: Widths of the hidden layers, for JAX; None: JAX does not take part.
        targets: By what they are compared with.
    """

    words: Sequence[str]
    key: str
    values: Sequence[float]
    alone: int
    hidden: tuple[int, ...] | None
    faster_alone: Target | None = None
    faster_vmap: Target | None = None

    def lines(self, settings: Settings) -> list[list[str]]:
        """List each member's words."""
        same = [*self.words, *settings.words, f"trainer.epochs={settings.epochs}"]
        return [[*same, f"{self.key}={value}"] for value in self.values]

    def task(self, settings: Settings) -> Task:
        """Describe the same members for JAX."""
        assert self.hidden is not None
        rates = self.values if self.key == "optimizer.lr" else [LR] * len(self.values)
        orders = 1 if self.key == "optimizer.lr" else len(self.values)
        where = settings.device, settings.threads
        return Task(self.hidden, settings.epochs, *where, tuple(rates), orders)


MEMBERS = {
    "together: softmax x 64 lr": Members(
        ["model=softmax", *FASHION],
        "optimizer.lr",
        [0.005 * (i + 1) for i in range(64)],
        64,
        (),
        times_faster(9),
        times_floor(1.0),
    ),
    "together: MLP-32 x 32 lr": Members(
        ["model=mlp", "model.hidden=[32]", *FASHION],
        "optimizer.lr",
        [0.005 * (i + 1) for i in range(32)],
        8,
        (32,),
    ),
    "together: MLP-256 x 8 lr": Members(
        ["model=mlp", "model.hidden=[256]", *FASHION],
        "optimizer.lr",
        [0.02 * (i + 1) for i in range(8)],
        4,
        (256,),
    ),
    "together: softmax x 16 seeds": Members(["model=softmax", *FASHION], "seed", range(16), 8, ()),
    "together: linear x 256 lr": Members(
        ["model=linear", "data=synthetic"],
        "optimizer.lr",
        [0.0005 * (i + 1) for i in range(256)],
        16,
        None,
    ),
}
COMMANDS = "together: linear x 256 lr, commands"


def one_by_one(members: Sequence[Sequence[str]], folder: Path) -> Callable[[], None]:
    """Return a call that trains members one after another."""
    calls = [training([words], folder) for words in members]

    def call() -> None:
        for each in calls:
            each()

    return call


def measure(settings: Settings, *, name: str, members: Members) -> Iterator[Row]:
    """Measure a stack against its single runs and against JAX; seconds for all of the epochs."""
    lines, scale = members.lines(settings), len(members.values) / members.alone
    unit, missing = f"s, {settings.told}", ""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        where = Path(folder)
        timers = {
            "together": timed(functools.partial(training, lines, where)),
            "alone": timed(functools.partial(one_by_one, lines[: members.alone], where)),
        }
        if members.hidden is not None:
            try:
                timers["vmap"] = stack.enter_context(Worker("peer_jax", members.task(settings)))
            except PeerError as error:
                missing = str(error)
        times, failed = alternate(timers, settings.rounds)
    missing = missing or failed.get("vmap", "")
    alone = [scale * seconds for seconds in times["alone"]]
    inside = f"as ours; {members.alone} timed, times {scale:g}"
    against = f"{len(lines)} single runs"
    yield Row(name, against, inside, unit, times["together"], alone, members.faster_alone)
    if members.hidden is not None:
        row = functools.partial(Row, name, VMAP, VMAP_INSIDE, unit)
        if missing:
            yield row(note=missing)
        else:
            yield row(times["together"], times["vmap"], members.faster_vmap)


def commands(settings: Settings) -> Iterator[Row]:
    """Time two whole commands in turn: 256 members of linear regression, and one."""
    with tempfile.TemporaryDirectory() as folder:
        base = [sys.executable, "-m", "dltrain", f"output_dir={folder}", *settings.words]
        sweep = [*base, "-m", "optimizer.lr=range(0.0005,0.12825,0.0005)"]
        timers = {
            "sweep": lambda: measured(sweep, folder=folder).seconds,
            "one": lambda: measured(base, folder=folder).seconds,
        }
        times, _ = alternate(timers, settings.rounds)
    inside = "the whole process, start-up included; 10 epochs"
    yield Row(COMMANDS, "the command for one", inside, "s", times["sweep"], times["one"])


def _case(name: str, members: Members) -> Case:
    vmap = "" if members.hidden is None else f" and {VMAP}"
    about = f"one stack against {len(members.values)} single runs{vmap}"
    return Case(name, about, functools.partial(measure, name=name, members=members))


CASES = [
    *(_case(name, members) for name, members in MEMBERS.items()),
    Case(COMMANDS, "the whole command against the command for one member", commands),
]
