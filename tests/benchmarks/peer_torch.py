"""A bare torch loop: tensors in memory, index batches, autograd, the update written out.

    python -m tests.benchmarks.peer_torch INPUTS.npy TARGETS.npy EPOCHS

It neither validates nor logs nor reads a loss. As a command it is the whole process that dltrain's
is compared with: import torch, read arrays, train.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from tests.benchmarks.rounds import Making
from tests.benchmarks.task import BATCH, LR, Task, pictures


def network(sizes: tuple[int, ...]) -> nn.Sequential:
    """Build linear layers with ReLU between them."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def train(model: nn.Module, inputs: Tensor, targets: Tensor, epochs: int) -> None:
    """Train with plain SGD; the update is the textbook's, quicker here than ``torch.optim``."""
    parameters = list(model.parameters())
    for _ in range(epochs):
        order = torch.randperm(len(inputs), device=inputs.device)
        for rows in torch.split(order, BATCH):
            step(model, parameters, inputs[rows], targets[rows])


def step(model: nn.Module, parameters: list[nn.Parameter], inputs: Tensor, targets: Tensor) -> None:
    """Take one step."""
    loss = cross_entropy(model(inputs), targets)
    for parameter in parameters:
        parameter.grad = None
    loss.backward()  # type: ignore[no-untyped-call]
    with torch.no_grad():
        for parameter in parameters:
            assert parameter.grad is not None
            parameter.sub_(parameter.grad, alpha=LR)


def prepare(task: Task) -> Making:
    """Load the data as float32 tensors on the device."""
    torch.set_num_threads(task.threads)
    split = pictures()[0]
    inputs = torch.from_numpy(split.floats).to(task.device)
    targets = torch.from_numpy(split.targets).to(task.device)

    def make() -> Callable[[], None]:
        model = network(task.sizes).to(task.device)
        return lambda: train(model, inputs, targets, task.epochs)

    return make


def main() -> None:
    """Train softmax regression on arrays from files, as a whole process."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    inputs = torch.from_numpy(np.load(sys.argv[1])).to(device).float() / 255
    targets = torch.from_numpy(np.load(sys.argv[2])).to(device)
    train(network((784, 10)).to(device), inputs, targets, int(sys.argv[3]))
    if device == "cuda":
        torch.cuda.synchronize()


if __name__ == "__main__":
    main()
