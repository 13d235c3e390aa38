"""Small stacks of each kind, to be trained step by step."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import dltrain.train.batches
import dltrain.train.steps
from dltrain.config.load import load
from dltrain.config.schema import RunConfig
from dltrain.data.dataset import Dataset, Scale, Split
from dltrain.metrics import choosing
from dltrain.nn.random import Draws
from dltrain.train import build
from dltrain.train.outcome import Row, Rules
from dltrain.train.steps import Stack, Steps
from tests.conftest import thinned

CPU = torch.device("cpu")
FEATURES, CLASSES = 12, 3
ROWS = {"train": 90, "val": 40, "test": 50}  # 12 batches of 8, the last of 2

PICTURES = ["data=fashion_mnist", "data.source=sample", "device=cpu", "trainer.batch_size=8"]
PERCEPTRON = [*PICTURES, "model=mlp", "model.hidden=[16]"]
MODELS: dict[str, list[str]] = {
    "softmax": [*PICTURES, "model=softmax"],
    "mlp": PERCEPTRON,
    "dropout": [*PERCEPTRON, "model.dropout=0.3"],
    "linear": ["device=cpu", "trainer.batch_size=8"],
}
MOMENTUM = ["optimizer.momentum=0.9", "optimizer.nesterov=true", "optimizer.weight_decay=0.01"]
OPTIMIZERS: dict[str, list[str]] = {
    "sgd": ["optimizer=sgd"],
    "nesterov and weight decay": ["optimizer=sgd", *MOMENTUM],
    "adam": ["optimizer=adam"],
    "adamw with weight decay": ["optimizer=adamw", "optimizer.weight_decay=0.1"],
    "clipping": ["optimizer=sgd", "trainer.max_grad_norm=0.1"],
}
RATES = (0.01, 0.02, 0.005, 0.04)
Values = Mapping[str, Any]
MEMBERS: dict[str, list[Values]] = {
    "single": [{"optimizer.lr": 0.01}],
    "rates": [{"optimizer.lr": lr} for lr in RATES],
    "own batches": [
        {"optimizer.lr": lr, "seed": seed} for lr, seed in zip(RATES, (1, 2, 1, 3), strict=True)
    ],
    "neighbours": [
        {"optimizer.lr": lr, "seed": seed} for lr, seed in zip(RATES, (1, 1, 2, 2), strict=True)
    ],
}


def rules(stack: Stack, epochs: int, patience: int | None = None) -> Rules:
    """What ends the training of a stack that no config was told of."""
    rows = {name: len(split) for name, split in stack.splits.items()}
    return Rules(epochs, patience, choosing(stack.loss.task, rows=rows, balanced=True))


ALL = thinned(MODELS, OPTIMIZERS, MEMBERS)


def dataset(
    *, classes: bool, rows: dict[str, int] | None = None, features: int = FEATURES
) -> Dataset:
    """Make pictures of some classes, or a table of numbers."""
    random, splits = np.random.default_rng(0), dict[str, Split]()
    for name, count in (rows or ROWS).items():
        inputs = random.integers(256, size=(count, features), dtype=np.uint8)
        numbers = inputs / 255 - 0.5
        if classes:
            splits[name] = Split(inputs, random.integers(CLASSES, size=count))
        else:
            targets = numbers.sum(axis=1) + random.normal(size=count)
            splits[name] = Split(numbers, targets)
    return Dataset(
        name="small",
        task="classification" if classes else "regression",
        train=splits["train"],
        val=splits["val"],
        test=splits["test"],
        feature_names=tuple(f"x{i}" for i in range(features)),
        class_names=tuple("abc") if classes else (),
        target_name="y",
        source="generated",
        sha256="",
        feature_scale=Scale.identity(features),
        unit=1 / 255 if classes else 1.0,
    )


@functools.cache
def _loaded(words: tuple[str, ...]) -> RunConfig:
    return load(words)


def _changed(config: Any, values: Values) -> Any:
    """Set some values on a copy, which is faster than to compose a config for each member."""
    for key, value in values.items():
        first, _, rest = key.partition(".")
        new = _changed(getattr(config, first), {rest: value}) if rest else value
        config = dataclasses.replace(config, **{first: new})
    return config


def stack(
    words: Sequence[str],
    members: Sequence[Values] = ({},),
    *,
    data: Dataset | None = None,
    device: torch.device = CPU,
) -> Stack:
    """Build a stack whose members differ in some values."""
    configs = [_changed(_loaded(tuple(words)), own) for own in members]
    data = data or dataset(classes="data=fashion_mnist" in words)
    with torch.inference_mode():
        return build.stack(configs, data, device)


def of(
    model: str, optimizer: str = "sgd", members: str = "single", *, device: torch.device = CPU
) -> Stack:
    """Build a stack by the names in the tables."""
    return stack([*MODELS[model], *OPTIMIZERS[optimizer]], MEMBERS[members], device=device)


class Noise:
    """A transform from outside the package: 0.5 is added to about half of the numbers.

    Args:
        seeds: Of the batches of a step.
        width: I.
        device: Where they lie.
    """

    def __init__(self, seeds: Sequence[int], width: int, *, device: torch.device) -> None:
        self._draws = Draws(seeds, "noise", width, device=device)

    def __call__(self, inputs: Tensor, step: Tensor) -> Tensor:
        """Change inputs [B, I] or [S, B, I]; bytes become floats."""
        draws = self._draws(step, inputs.shape[-2])  # [S or 1, I, B]
        added = (draws > 0).mT * 0.5
        return inputs + (added if inputs.dim() == 3 else added[0])


def state(stack: Stack) -> dict[str, Tensor]:
    """Everything that lasts: parameters and the optimizer's memory."""
    return {
        **{f"model.{name}": tensor for name, tensor in stack.model.state().items()},
        **{f"optimizer.{name}": tensor for name, tensor in stack.optimizer.state().items()},
    }


def train(steps: Steps, epochs: int) -> list[Tensor]:
    """Take all steps of some epochs; return statistics and norms of each."""
    seen = []
    with torch.inference_mode():
        for epoch in range(1, epochs + 1):
            for _ in steps.epoch(epoch):
                pass
            seen += [steps.statistics().clone(), steps.norms().clone()]
    return seen


def assert_same_bytes(ours: Sequence[Tensor], theirs: Sequence[Tensor]) -> None:
    """Compare bit by bit: nan equals nan, and 0 is not -0."""
    for a, b in zip(ours, theirs, strict=True):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        assert a.cpu().contiguous().numpy().tobytes() == b.cpu().contiguous().numpy().tobytes()


def shorten(
    patch: pytest.MonkeyPatch, *, window: int | None = None, watched: int | None = None
) -> None:
    """Let windows be of so many steps, and gradient norms be taken in so many."""
    if window is not None:
        patch.setattr(dltrain.train.batches, "WINDOW_STEPS", window)
        patch.setattr(dltrain.train.steps, "WINDOW_STEPS", window)
    if watched is not None:
        patch.setattr(dltrain.train.steps, "NORM_STEPS", watched)


@dataclass
class Kept:
    """A recorder that remembers."""

    folder: Path
    rows: list[Row] = field(default_factory=list)

    def epoch(self, row: Row, *, seconds: float, examples: int) -> None:
        self.rows.append(row)

    def mark(self) -> dict[str, Any]:
        return {"rows": len(self.rows)}

    def sync(self) -> None:
        pass
