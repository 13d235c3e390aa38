"""A run has the same bytes alone, as a member of any stack, and on any number of threads."""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from dltrain.train.steps import Stack, Steps
from dltrain.train.trainer import Trainer
from tests.conftest import thinned
from tests.stacked import dataset, rules, stack, state, train

ROWS = {"train": 17, "val": 21, "test": 5}
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
    sharing = {"one": 64, "pairs": 2, "all": 1}[seeds]
    dropout = "dropout" in model
    return [
        {"optimizer.lr": 0.01 + 0.003 * m, "seed": m // sharing}
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
    trainer = Trainer(trained, rules=rules(trained, epochs))
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


@pytest.mark.parametrize(("model", "optimizer", "batch"), thinned(MODELS, OPTIMIZERS, BATCHES))
def test_members_of_any_stack_on_any_threads_are_their_single_runs(
    model: str, optimizer: str, batch: str
) -> None:
    words = [*MODELS[model], *OPTIMIZERS[optimizer], f"trainer.batch_size={batch}"]
    number = len(model) + len(optimizer) + len(batch)
    data = data_of(model, (1, 30)[number % 2])
    seeds = ("one", "pairs", "all")[number % 3]
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


@pytest.mark.parametrize("told", ["AUTO", pytest.param("COMPATIBLE", marks=pytest.mark.proof)])
def test_a_library_that_sums_otherwise_in_a_stack_is_found_out(told: str) -> None:
    """Told otherwise by the user, it changes its kernels with the width and the threads."""
    case = "test_members_of_any_stack_on_any_threads_are_their_single_runs"
    line = [sys.executable, "-m", "pytest", "-q", "-n", "0", f"{__file__}::{case}"]
    line += ["-m", "proof or not proof", "-k"]
    environment = {**os.environ, "MKL_CBWR": told}
    ended = subprocess.run(
        [*line, "softmax-sgd-8 or linear-momentum-7 or gelu-adam-8"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert ended.returncode == 0, ended.stdout[-3000:]
    assert re.search(r"^\.\.\. +\[100%\]", ended.stdout, re.M), ended.stdout
