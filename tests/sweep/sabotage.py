"""Ruins chosen members of a sweep from within its child processes.

A member is chosen by its learning rate; what happens to it is real: an exception, an exit, a kill,
memory that runs out.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

from dltrain.train.steps import Steps


def fail() -> NoReturn:
    raise RuntimeError("sabotaged")


def run_out_of_memory() -> None:
    import torch

    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 2**28, resource.RLIM_INFINITY))
    torch.ones(2**30)


# The learning rate that a member is known by -> what becomes of it.
DEEDS: dict[float, Callable[[], object]] = {
    0.0511: fail,
    0.0512: lambda: sys.exit(3),
    0.0513: lambda: os._exit(0),
    0.0514: lambda: os.kill(os.getpid(), signal.SIGKILL),
    0.0515: run_out_of_memory,
}
STEP = 5


def install() -> None:
    """Spoil the steps of all trainings that this process, or a fork of it, will do."""
    honest = Steps.epoch

    def spoiled(self: Steps, epoch: int) -> Iterator[int]:
        optimizer: Any = self.stack.optimizer
        for done in honest(self, epoch):
            if self.taken == STEP:
                for lr in optimizer.lr.tolist():
                    DEEDS.get(round(lr, 10), int)()
            yield done

    Steps.epoch = spoiled  # type: ignore[method-assign]
