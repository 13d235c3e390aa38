"""Lightning's Trainer over ``DataLoader(TensorDataset)``, without workers.

Logger, checkpoints, progress bar and summary are off; it validates after each epoch and logs what
validation says, no training metrics.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import lightning
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

from tests.benchmarks.peer_torch import network
from tests.benchmarks.rounds import Making
from tests.benchmarks.task import BATCH, LR, Pictures, Task, pictures


class Classifier(lightning.LightningModule):
    """A network with cross-entropy and SGD, as Lightning's guide writes it."""

    def __init__(self, sizes: tuple[int, ...]) -> None:
        super().__init__()
        self.network = network(sizes)

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        inputs, targets = batch
        return cross_entropy(self.network(inputs), targets)

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int) -> None:
        inputs, targets = batch
        logits = self.network(inputs)
        self.log("val_loss", cross_entropy(logits, targets))
        self.log("val_accuracy", (logits.argmax(dim=1) == targets).float().mean())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=LR)


def prepare(task: Task) -> Making:
    """Load the data as float32 tensors in memory."""
    torch.set_num_threads(task.threads)
    for name in ("lightning", "lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    train, val = (_loader(split, shuffle=i == 0) for i, split in enumerate(pictures()))

    def make() -> Callable[[], None]:
        model = Classifier(task.sizes)
        trainer = lightning.Trainer(
            max_epochs=task.epochs,
            accelerator="gpu" if task.device == "cuda" else "cpu",
            devices=1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
        )
        return lambda: trainer.fit(model, train, val)

    return make


def _loader(split: Pictures, *, shuffle: bool) -> DataLoader[Any]:
    rows = TensorDataset(torch.from_numpy(split.floats), torch.from_numpy(split.targets))
    return DataLoader(rows, batch_size=BATCH, shuffle=shuffle, num_workers=0)
