"""What training members together saves, against training them one by one and against JAX's vmap.

    python -m tests.benchmarks.sweep

About ten minutes on two cores. Alternating rounds in one process; every training is dltrain's real
path with validation, logs, checkpoints and run folders. Of the single runs, a few are timed and
multiplied (column `timed`). JAX (extra `bench`) trains the same softmax regression, vmap over the
members and scan over an epoch's steps, without validation or records and without its compile time.
"""

from __future__ import annotations

import argparse
import functools
import importlib.util
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from tests.benchmarks.rounds import compare, training

FASHION = ["data=fashion_mnist", "data.source=full"]


@dataclass(frozen=True)
class Case:
    """Members that differ in one key, and how many of them are timed alone."""

    words: Sequence[str]
    key: str
    values: Sequence[object]
    timed: int

    def members(self, epochs: int) -> list[list[str]]:
        """List each member's words."""
        same = [*self.words, f"trainer.epochs={epochs}"]
        return [[*same, f"{self.key}={value}"] for value in self.values]


CASES = {
    "softmax x 64 lr": Case(
        ["model=softmax", *FASHION], "optimizer.lr", [0.005 * (i + 1) for i in range(64)], 64
    ),
    "softmax x 16 seeds": Case(["model=softmax", *FASHION], "seed", range(16), 8),
    "MLP-32 x 32 lr": Case(
        ["model=mlp", "model.hidden=[32]", *FASHION],
        "optimizer.lr",
        [0.005 * (i + 1) for i in range(32)],
        8,
    ),
    "MLP-256 x 8 lr": Case(
        ["model=mlp", "model.hidden=[256]", *FASHION],
        "optimizer.lr",
        [0.02 * (i + 1) for i in range(8)],
        4,
    ),
    "linear x 256 lr": Case(
        ["model=linear", "data=synthetic"],
        "optimizer.lr",
        [0.0005 * (i + 1) for i in range(256)],
        16,
    ),
}


def singles(members: Sequence[Sequence[str]], folder: Path) -> Callable[[], None]:
    """Return a call that trains members one after another."""
    calls = [training([words], folder) for words in members]

    def call() -> None:
        for each in calls:
            each()

    return call


def jax_vmap(case: Case, epochs: int) -> Callable[[], None]:
    """Return a call that trains softmax regression by JAX, all members at once."""
    import jax
    import jax.numpy as jnp

    from dltrain import build
    from dltrain.config import load

    train = build.dataset(load(case.words).data, dtype="float32").train
    pixels, labels = jnp.asarray(train.inputs), jnp.asarray(train.targets)
    batch, count = 256, len(train)
    rates = jnp.asarray([float(str(value)) for value in case.values])

    def loss(parameters, inputs, targets):  # type: ignore[no-untyped-def]
        scores = jax.nn.log_softmax(inputs @ parameters[0] + parameters[1])
        return -jnp.mean(jnp.take_along_axis(scores, targets[:, None], axis=1))

    def epoch(parameters, rate, order):  # type: ignore[no-untyped-def]
        def step(parameters, rows):  # type: ignore[no-untyped-def]
            inputs = pixels[rows].astype(jnp.float32) / 255
            gradient = jax.grad(loss)(parameters, inputs, labels[rows])
            return jax.tree.map(lambda p, g: p - rate * g, parameters, gradient), None

        return jax.lax.scan(step, parameters, order)[0]

    together = jax.jit(jax.vmap(epoch, in_axes=(0, 0, None)))
    members = len(case.values)
    start = (jnp.zeros((members, 784, 10)), jnp.zeros((members, 10)))
    keys = jax.random.split(jax.random.key(0), epochs)
    # The last, smaller batch of an epoch is left out: a scan takes equal shapes.
    orders = [jax.random.permutation(key, count)[: count // batch * batch] for key in keys]
    orders = [order.reshape(-1, batch) for order in orders]
    jax.block_until_ready(together(start, rates, orders[0]))  # compiles

    def call() -> None:
        parameters = start
        for order in orders:
            parameters = together(parameters, rates, order)
        jax.block_until_ready(parameters)

    return call


def commands(rounds: int) -> list[tuple[float, float]]:
    """Time two whole commands in turn: 256 members of linear regression, and one."""
    times = []
    with tempfile.TemporaryDirectory() as folder:
        base = [sys.executable, "-m", "dltrain", f"output_dir={folder}"]
        sweep = [*base, "-m", "optimizer.lr=range(0.0005,0.12825,0.0005)"]
        for _ in range(rounds + 1):
            pair = []
            for line in (sweep, base):
                started = time.perf_counter()
                subprocess.run(line, check=True, capture_output=True)
                pair.append(time.perf_counter() - started)
            times.append((pair[0], pair[1]))
    return times[1:]


def report(name: str, other: str, times: Sequence[tuple[float, float]], scale: float = 1.0) -> None:
    """Print one line: seconds of ours and of the other, and how many times faster ours is."""
    ratios = sorted(scale * theirs / ours for ours, theirs in times)
    ours = statistics.median(pair[0] for pair in times)
    theirs = scale * statistics.median(pair[1] for pair in times)
    spread = f"{ratios[0]:.2f}-{ratios[-1]:.2f}"
    ratio = statistics.median(ratios)
    print(f"{name:<20}{other:<24}{ours:>9.3f}{theirs:>10.3f}{ratio:>8.2f}  {spread}", flush=True)


def main() -> None:
    """Measure every case and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--only", default="", help="a part of a case's name")
    arguments = parser.parse_args()
    epochs, rounds = arguments.epochs, arguments.rounds
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {epochs} epochs, seconds")
    print(f"{'together':<20}{'against':<24}{'together':>9}{'against':>10}{'faster':>8}  spread")
    for name, case in CASES.items():
        if arguments.only not in name:
            continue
        members = case.members(epochs)
        with tempfile.TemporaryDirectory() as folder:
            together = functools.partial(training, members, Path(folder))
            few = functools.partial(singles, members[: case.timed], Path(folder))
            scale = len(members) / case.timed
            against = f"{len(members)} single runs"
            report(name, against, compare(together, few, rounds), scale)
            if name.startswith("softmax x 64") and importlib.util.find_spec("jax"):
                vmap = functools.partial(jax_vmap, case, epochs)
                report(name, "JAX vmap", compare(together, vmap, rounds))
            if name.startswith("linear"):
                one = functools.partial(singles, members[:1], Path(folder))
                report(name, "one single run", compare(together, one, rounds))
    if arguments.only in "linear commands":
        report("linear x 256, cold", "dltrain, one run", commands(rounds))


if __name__ == "__main__":
    main()
