"""A run has the same bytes alone, as a member of any stack, and on any number of threads."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from dltrain.nn import products
from dltrain.train.steps import Stack, Steps
from dltrain.train.trainer import Trainer
from tests.stacked import dataset, stack, state, train

ROWS = {"train": 33, "val": 21, "test": 5}
PERCEPTRON = ["data=fashion_mnist", "data.source=sample", "device=cpu", "model=mlp"]
MODELS: Mapping[str, Sequence[str]] = {
    "linear": ["device=cpu", "model=linear"],
    "softmax": ["data=fashion_mnist", "data.source=sample", "device=cpu", "model=softmax"],
    "relu": [*PERCEPTRON, "model.hidden=[16]"],
    "sigmoid": [*PERCEPTRON, "model.hidden=[7,5]", "model.activation=sigmoid"],
    "gelu": [*PERCEPTRON, "model.hidden=[9]", "model.activation=gelu"],
    "tanh and dropout": ["device=cpu", "model=mlp", "model.hidden=[6]", "model.activation=tanh"],
}
OPTIMIZERS: Mapping[str, Sequence[str]] = {
    "sgd": [],
    "momentum": ["optimizer.momentum=0.9", "optimizer.nesterov=true"],
    "decay and clipping": ["optimizer.weight_decay=0.01", "trainer.max_grad_norm=0.5"],
    "adam": ["optimizer=adam", "device.dtype=float64"],
    "adamw": ["optimizer=adamw", "optimizer.weight_decay=0.1"],
}
BATCHES = ("1", "7", "8", "null")
STACKS, THREADS = (1, 2, 3, 7, 64), (1, 2, 4)
# Of a stack, the members that are held against their single runs.
WATCHED = (0, 1, 2, 6, 31, 63)


def members(model: str, *, seeds: str) -> list[Mapping[str, Any]]:
    """Describe 64 members that differ in numbers; ``seeds`` tells how they share their batches."""
    seed_of = {"one": lambda m: 0, "pairs": lambda m: m // 2, "all": lambda m: m}[seeds]
    dropout = "dropout" in model
    return [
        {"optimizer.lr": 0.01 + 0.003 * m, "seed": seed_of(m)}
        | ({"model.dropout": 0.1 + 0.01 * m} if dropout else {})
        for m in range(64)
    ]


@pytest.fixture(autouse=True)
def same_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@functools.cache
def data_of(model: str, features: int) -> Any:
    classes = "data=fashion_mnist" in MODELS[model]
    return dataset(classes=classes, rows=ROWS, features=features)


def outcome(trained: Stack, epochs: int = 2) -> list[list[bytes]]:
    """Train a stack; return all that it came to, for each member, as bytes."""
    with torch.inference_mode():
        seen: list[Tensor] = train(Steps(trained), epochs)
    trainer = Trainer(trained, epochs=epochs)
    rows = [str(trainer.evaluate(split)) for split in ()]
    assert not rows
    metrics = [[str(row) for row in trainer.evaluate(split)] for split in ROWS]
    count = trained.model.num_members
    return [
        [
            *(tensor[..., m].contiguous().numpy().tobytes() for tensor in seen),
            *(tensor[m].contiguous().numpy().tobytes() for tensor in state(trained).values()),
            *(split[m].encode() for split in metrics),
        ]
        for m in range(count)
    ]


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("features", [1, 30])
def test_members_of_any_stack_on_any_threads_are_their_single_runs(
    model: str, optimizer: str, batch: str, features: int
) -> None:
    words = [*MODELS[model], *OPTIMIZERS[optimizer], f"trainer.batch_size={batch}"]
    data = data_of(model, features)
    seeds = ("one", "pairs", "all")[(len(model) + len(optimizer) + len(batch)) % 3]
    every = members(model, seeds=seeds)
    torch.set_num_threads(1)
    alone = {m: outcome(stack(words, [every[m]], data=data))[0] for m in WATCHED}
    for threads in THREADS:
        torch.set_num_threads(threads)
        for size in STACKS:
            found = outcome(stack(words, every[:size], data=data))
            for m in WATCHED:
                if m < size:
                    assert found[m] == alone[m], (threads, size, m)


def test_a_library_that_is_not_told_is_found_out() -> None:
    assert products.WAYS
