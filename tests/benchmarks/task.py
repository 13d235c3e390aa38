"""What every contestant of a case trains: softmax regression or an MLP on the same pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

BATCH = 256
LR = 0.1
FASHION = ("data=fashion_mnist", "data.source=full")


@dataclass(frozen=True)
class Task:
    """Plain SGD in batches of 256 rows, in an order drawn anew for each epoch.

    Attributes:
        hidden: Widths of the hidden layers; empty: softmax regression.
        epochs: Passes over the training rows per round.
        device: ``cpu`` or ``cuda``.
        threads: Processor threads.
        rates: Learning rates, one per member.
        orders: 1: all members see the same batches; else one order per member.
    """

    hidden: tuple[int, ...]
    epochs: int
    device: str
    threads: int
    rates: tuple[float, ...] = (LR,)
    orders: int = 1

    @property
    def sizes(self) -> tuple[int, ...]:
        """Widths from the pixels to the classes."""
        return 784, *self.hidden, 10

    def model_words(self) -> list[str]:
        """Choose the same model for ``dltrain``."""
        if not self.hidden:
            return ["model=softmax"]
        return ["model=mlp", f"model.hidden=[{','.join(map(str, self.hidden))}]"]


@dataclass(frozen=True)
class Pictures:
    """One split: inputs [N, 784], bytes as in the files; targets [N], int64."""

    inputs: npt.NDArray[np.uint8]
    targets: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def floats(self) -> npt.NDArray[np.float32]:
        """Grey values in [0, 1]."""
        return self.inputs.astype(np.float32) / np.float32(255)


def pictures() -> tuple[Pictures, Pictures]:
    """Load the 55,000 rows that train and the 5,000 that validate, as dltrain splits them."""
    from dltrain.config.load import load
    from dltrain.train import build

    data = build.dataset(load(["model=softmax", *FASHION]))
    return _split(data.train), _split(data.val)


def _split(split: Any) -> Pictures:
    inputs = split.inputs
    if inputs.dtype != np.uint8:
        inputs = np.rint(inputs * 255).astype(np.uint8)
    return Pictures(inputs, split.targets.astype(np.int64))
