"""d2l: the textbook's own Trainer, models and Fashion-MNIST with its four workers.

The pictures it reads are the same rows as the others', written into the folder that torchvision
expects; it decodes them one by one, validates on the same 5,000 after each epoch, and collects what
it would plot without drawing it.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from d2l import torch as d2l
from torch import nn

from tests.benchmarks.rounds import Making
from tests.benchmarks.task import BATCH, LR, Pictures, Task, pictures


class MLP(d2l.Classifier):
    """The multilayer perceptron as section 5.2 writes it, which d2l leaves out."""

    def __init__(self, num_outputs: int, num_hiddens: int, lr: float) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(
            nn.Flatten(), nn.LazyLinear(num_hiddens), nn.ReLU(), nn.LazyLinear(num_outputs)
        )


def prepare(task: Task) -> Making:
    """Let d2l read the pictures."""
    torch.set_num_threads(task.threads)
    data = _data()

    def model() -> Any:
        if task.hidden:
            return MLP(10, task.hidden[0], LR)
        return d2l.SoftmaxRegression(10, LR)

    def make() -> Callable[[], None]:
        network = model()
        network.board.display = False
        trainer = d2l.Trainer(max_epochs=task.epochs, num_gpus=int(task.device == "cuda"))
        return lambda: trainer.fit(network, data)

    return make


def _data() -> Any:
    """Write the pictures where d2l looks for them, ``../data`` and nowhere else, and read them."""
    with tempfile.TemporaryDirectory() as folder:
        raw, book = Path(folder, "data", "FashionMNIST", "raw"), Path(folder, "book")
        raw.mkdir(parents=True)
        book.mkdir()
        train, val = pictures()
        _write(raw, "train", train)
        _write(raw, "t10k", val)
        with contextlib.chdir(book):
            return d2l.FashionMNIST(batch_size=BATCH)


def _write(raw: Path, name: str, split: Pictures) -> None:
    """Write one split as two IDX files."""
    pixels = split.inputs.reshape(-1, 28, 28)
    _idx(raw / f"{name}-images-idx3-ubyte", pixels)
    _idx(raw / f"{name}-labels-idx1-ubyte", split.targets.astype(np.uint8))


def _idx(path: Path, array: npt.NDArray[np.uint8]) -> None:
    """Write an IDX file: two zeros, 8 for bytes, the number of axes, their lengths, the bytes."""
    head = bytes([0, 0, 8, array.ndim])
    path.write_bytes(head + np.asarray(array.shape, dtype=">u4").tobytes() + array.tobytes())
