"""CUDA graphs: kernels that are launched again and again are captured and replayed as one.

A small model's step is twenty kernels of a few microseconds each, and launching one from Python
takes as long as running it. A graph is captured once and launched whole.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class _Captured:
    graph: torch.cuda.CUDAGraph
    result: Tensor  # where a replay leaves what the function returned


class Graphs:
    """Captures functions that only launch kernels on memory that stays where it is.

    The first run of a kind is a plain one, which lets memory grow and libraries settle; the second
    is captured, and from then on it is replayed.
    """

    def __init__(self) -> None:
        self.problem = ""  # why nothing is captured any more; empty while all goes well
        self._ran: set[Hashable] = set()
        self._captured: dict[Hashable, _Captured] = {}

    def run(self, kind: Hashable, function: Callable[[], Tensor]) -> Tensor:
        """Run the function, or replay its captured graph.

        Args:
            kind: Functions of one kind launch the same kernels on the same memory.
            function: Returns memory that holds until the next run of its kind.
        """
        if kind not in self._captured and kind in self._ran and not self.problem:
            self._capture(kind, function)
        self._ran.add(kind)
        if kind not in self._captured:
            return function()
        captured = self._captured[kind]
        captured.graph.replay()
        return captured.result

    def _capture(self, kind: Hashable, function: Callable[[], Tensor]) -> None:
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph):
                result = function()
        except RuntimeError as error:
            # Capturing runs nothing, so nothing is lost: the steps are launched one by one.
            torch.cuda.synchronize()
            self.problem = " ".join(str(error).split())
            return
        self._captured[kind] = _Captured(graph, result)
