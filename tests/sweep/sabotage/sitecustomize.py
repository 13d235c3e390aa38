"""Ruins chosen members of a sweep from within its child processes.

Python imports this module at its start if its folder is in PYTHONPATH. A member is chosen by its
learning rate; what happens to it is real: an exception, an exit, a kill, memory that runs out.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn


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


class Saboteur(importlib.abc.MetaPathFinder):
    """Waits for the steps to be imported and spoils them."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != "dltrain.train.steps":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.loader is not None
        loader: Any = spec.loader
        load = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            load(module)
            spoil(module)

        loader.exec_module = exec_module
        return spec


def spoil(steps: Any) -> None:
    epoch = steps.Steps.epoch

    def spoiled(self: Any, *arguments: Any) -> Iterator[int]:
        for done in epoch(self, *arguments):
            if self.taken == STEP:
                for lr in self.stack.optimizer.lr.tolist():
                    DEEDS.get(round(lr, 10), int)()
            yield done

    steps.Steps.epoch = spoiled


sys.meta_path.insert(0, Saboteur())
