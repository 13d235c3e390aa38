"""Timed variants of a training: larger batches, more members, other products and threads."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from dltrain.config.choices import Matmul
from dltrain.config.kinds import OPTIMIZERS
from dltrain.config.schema import RunConfig
from dltrain.data.dataset import DataSummary
from dltrain.system.environment import free_memory, num_cores
from dltrain.train import build
from dltrain.train.cost import MEMORY_SHARE, Workload, member_bytes
from dltrain.train.device import has_bf16
from dltrain.train.job import Job
from dltrain.train.session import Training

# Each figure is the median of this many, of so many seconds each, in turn with what it is
# compared with.
ROUNDS, SECONDS = 3, 0.15
# Other ways are tried if a step of theirs takes less than this.
MAX_STEP_SECONDS = 0.5


@dataclass(frozen=True)
class Variant:
    """Another way to run the same training, and its speed."""

    words: str  # what to type for it
    members: int  # how many train at once
    rows: float  # of a step, per member; the mean, if the last one of an epoch is smaller
    seconds: float  # of a step

    @property
    def rows_per_second(self) -> float:
        """Training rows per second, of all members."""
        return self.members * self.rows / self.seconds


def other_ways(job: Job, plain: Variant, *, batch_size: int) -> tuple[list[Variant], list[str]]:
    """Measure variants that a user could type instead.

    Returns:
        The other ways, and the words of those that would take too much time or memory.
    """
    measured, left_out = [], []
    before, workload = torch.get_num_threads(), Workload(DataSummary.of(job.data), job.layers)
    for words, config, members in _ways(job, batch_size):
        size = config.trainer.batch_size or len(job.data.train)
        rows = len(job.data.train) / -(-len(job.data.train) // size)
        expected = plain.seconds * members * rows / plain.rows
        needed = members * member_bytes(config, workload)
        if expected > MAX_STEP_SECONDS or needed > MEMORY_SHARE * free_memory():
            left_out.append(words)
            continue
        training = Training([dataclasses.replace(job, config=config)] * members)
        paces = [training.trainer.steps.pace(SECONDS) for _ in range(ROUNDS)]
        measured.append(Variant(words, members, rows, statistics.median(paces)))
        torch.set_num_threads(before)
    return measured, left_out


def _ways(job: Job, rows: int) -> Iterator[tuple[str, RunConfig, int]]:
    """Yield each variant: the words to type, its config, and how many members it trains."""
    config = job.config
    for size in (2 * rows, 4 * rows, 8 * rows):
        if size <= len(job.data.train):
            trainer = dataclasses.replace(config.trainer, batch_size=size)
            yield f"trainer.batch_size={size}", dataclasses.replace(config, trainer=trainer), 1
    for kind in _faster_products(config):
        device = dataclasses.replace(config.device, matmul=kind)
        yield f"device.matmul={kind}", dataclasses.replace(config, device=device), 1
    if not OPTIMIZERS[config.optimizer.kind].exact:
        for members in (8, 64):
            yield f"-m, {members} values of optimizer.lr", config, members
    now = torch.get_num_threads()
    for threads in sorted({1, now // 2, num_cores()} - {0, now}):
        device = dataclasses.replace(config.device, threads=threads)
        yield f"device.threads={threads}", dataclasses.replace(config, device=device), 1


def _faster_products(config: RunConfig) -> list[Matmul]:
    """Return the kinds of products that may be faster here."""
    if build.dtype_name(config) == "float64" or config.device.matmul != Matmul.float32:
        return []
    if torch.cuda.is_available() and config.device.type != "cpu":
        return [Matmul.tf32, Matmul.bf16]
    return [Matmul.bf16] if has_bf16() else []
