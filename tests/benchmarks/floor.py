"""The floor: an epoch's matrix products alone, of the same shapes, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch

from tests.benchmarks.rounds import Making
from tests.benchmarks.task import BATCH, Task, pictures


def prepare(task: Task) -> Making:
    """Prepare the products, the usual way round.

    Forward [B, I] @ [I, O], backward [I, B] @ [B, O] for the weights, and [B, O] @ [O, I] for the
    inputs of every layer but the first: the floor as a plain program has it. The last batch of an
    epoch is counted as a full one.
    """
    steps = task.epochs * -(-len(pictures()[0]) // BATCH)
    tensors = [
        (
            torch.randn(BATCH, inputs, device=task.device),
            torch.randn(inputs, outputs, device=task.device),
            torch.randn(BATCH, outputs, device=task.device),
            torch.empty(BATCH, outputs, device=task.device),
            torch.empty(inputs, outputs, device=task.device),
            torch.empty(BATCH, inputs, device=task.device),
        )
        for inputs, outputs in pairwise(task.sizes)
    ]

    def call() -> None:
        for _ in range(steps):
            for inputs, weight, _, outputs, _, _ in tensors:
                torch.mm(inputs, weight, out=outputs)
            for i, (inputs, weight, gradient, _, of_weight, of_inputs) in enumerate(tensors):
                torch.mm(inputs.t(), gradient, out=of_weight)
                if i:
                    torch.mm(gradient, weight.t(), out=of_inputs)

    def make() -> Callable[[], None]:
        return call

    return make
