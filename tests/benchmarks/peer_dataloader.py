"""A plain torch loop over ``DataLoader(TensorDataset)``, shuffled, without workers."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.utils.data import DataLoader, TensorDataset

from tests.benchmarks.peer_torch import network, step
from tests.benchmarks.rounds import Making
from tests.benchmarks.task import BATCH, Task, pictures


def prepare(task: Task) -> Making:
    """Load the data as float32 tensors in memory."""
    torch.set_num_threads(task.threads)
    split = pictures()[0]
    rows = TensorDataset(torch.from_numpy(split.floats), torch.from_numpy(split.targets))
    loader = DataLoader(rows, batch_size=BATCH, shuffle=True)

    def make() -> Callable[[], None]:
        model = network(task.sizes).to(task.device)
        parameters = list(model.parameters())

        def call() -> None:
            for _ in range(task.epochs):
                for inputs, targets in loader:
                    step(model, parameters, inputs.to(task.device), targets.to(task.device))

        return call

    return make
