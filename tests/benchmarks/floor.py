"""The floor: an epoch's matrix products alone, of the same shapes, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch

from dltrain.nn.plan import LinearPlan
from dltrain.train.bench.measure import products
from tests.benchmarks.rounds import Making
from tests.benchmarks.task import BATCH, Task, pictures


def prepare(task: Task) -> Making:
    """Prepare the products of some epochs; the last batch of each is counted as a full one."""
    steps = task.epochs * -(-len(pictures()[0]) // BATCH)
    layers = [LinearPlan(inputs, outputs) for inputs, outputs in pairwise(task.sizes)]
    step = products(layers, rows=BATCH, like=torch.empty(0, device=task.device))

    def call() -> None:
        for _ in range(steps):
            step()

    def make() -> Callable[[], None]:
        return call

    return make
