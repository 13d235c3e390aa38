"""The updates of a stack of members, window by window.

Letters: M members, S statistics of the loss, T steps, P parameters of the model. Nothing inside a
step reads from the device.
"""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from dltrain.nn.losses import Loss
from dltrain.nn.model import Model
from dltrain.nn.optim import ClipNorm, Optimizer, gradient_norms
from dltrain.nn.scores import Scores
from dltrain.train.batches import WINDOW_STEPS, Batches, Rows
from dltrain.train.cuda_graphs import Graphs
from dltrain.train.device import time_when_done
from dltrain.train.tally import Tally
from dltrain.train.threads import Threads

# Gradient norms are the mean over this many steps at the end of an epoch: a steady figure at a
# tenth of the cost of reading every step.
NORM_STEPS = 16
# Steps before a pace is measured.
WARM_STEPS = 5


@dataclass
class Stack:
    """M members of equal shape, ready to be trained together."""

    model: Model
    loss: Loss
    optimizer: Optimizer
    batches: Batches  # of the training rows
    # rows to evaluate, by name: ``train``, ``val``, ``test``; the last two may be empty
    splits: Mapping[str, Rows]
    scores: Callable[[], Scores]  # what collects outputs for metrics that no epoch has
    clip: ClipNorm | None = None  # bounds the gradient's norm; None: no member asks for it


class Steps:
    """Takes the updates of a stack, an epoch at a time, and adds up their statistics.

    On a GPU the steps of a window are captured as one graph, which is replayed from then on: so
    the host launches a window, not each of the twenty operations of a step.
    """

    def __init__(self, stack: Stack, threads: Threads | None = None) -> None:
        self.taken = 0  # updates so far
        self._threads = threads  # chooses on how many a step is computed; None: as it is
        self._done = 0  # steps of the next epoch that an earlier process took
        self.stack = stack  # what is trained
        model, batches, like = stack.model, stack.batches, stack.model.parameters[0]
        # What a GPU replays is handed no numbers, it finds them in memory: the number of each step
        # of a window, and what gradients are multiplied by to get their mean, or a step down it.
        self._numbers = torch.arange(WINDOW_STEPS, dtype=torch.int32, device=like.device)
        self._number = self._numbers.unbind()
        # [M], float64: the learning rates of the windows to come
        self.lr = stack.optimizer.lr.clone()
        self._slope = like.new_empty(model.num_members, 1, 1)  # -lr
        self._scales: dict[int, tuple[Tensor, Tensor]] = {}  # by the rows of a batch
        self._descends = stack.optimizer.plain_descent and stack.clip is None and model.can_descend
        self._tally = Tally(
            stack.loss,
            steps=min(WINDOW_STEPS, len(batches)),
            members=model.num_members,
            rows=batches.batch_size,
            like=like,
        )
        self._first_watched = len(batches) - NORM_STEPS  # the first step that adds to the norms
        self._windows: list[Tensor] = []  # statistics of the epoch's windows so far
        self._norms = like.new_zeros(len(model.parameters), model.num_members)
        # what captures and replays; None on the processor
        self.graphs = Graphs() if like.is_cuda and stack.optimizer.capturable else None

    def epoch(self, epoch: int) -> Iterator[int]:
        """Train one epoch; yield the number of steps so far after each step or window.

        Args:
            epoch: Counted from 1. Of the first one after ``restore`` what is left of it is trained.
        """
        done, self._done = self._done, 0
        for window in self.windows(epoch, done=done):
            if self.graphs is None or window.start < done:
                for step in range(max(window.start, done), window.stop):
                    if self._threads is not None:
                        self._threads.begin()
                    for _ in self.phases(step, window):
                        pass
                    if self._threads is not None:
                        self._threads.end()
                    self.taken += 1
                    yield step + 1
                self._close_window()
            else:
                kind = (len(window), window.stop == len(self.stack.batches), self._watched(window))
                statistics = self.graphs.run(kind, functools.partial(self._whole, window))
                self._windows.append(statistics.clone())
                self._tally.clear()
                self.taken += len(window)
                yield window.stop

    def windows(self, epoch: int, *, done: int = 0) -> Iterator[range]:
        """Yield the windows of an epoch, each ready for the ``phases`` of its steps.

        Args:
            epoch: Counted from 1.
            done: Steps of it that were taken before; windows that are all done are left out.
        """
        if not done:
            self._windows = []
            self._norms.zero_()
            self._tally.clear()
        for window in self.stack.batches.windows(epoch):
            if window.stop <= done:
                continue
            if window.start >= done:
                self._close_window()
            first = self.taken - max(0, done - window.start)
            torch.arange(first, first + WINDOW_STEPS, out=self._numbers)
            self._write_lr()
            yield window

    def phases(self, step: int, window: range) -> Iterator[str]:
        """Take one update, yielding the name of each part of it when that is done.

        Args:
            step: Of the epoch, counted from 0.
            window: The one it is in, the last that ``windows`` yielded.
        """
        stack, model, optimizer = self.stack, self.stack.model, self.stack.optimizer
        index = step - window.start
        number = self._number[index]
        inputs, targets, weights = stack.batches.batch(index, step=number)
        yield "gather"
        outputs = model.forward(inputs, step=number)  # [M, O, B]
        yield "forward"
        rows = outputs.shape[2]
        watched = step >= self._first_watched
        descend = self._descends and not watched
        mean, descent = self._scales_of(rows)
        scale = descent if descend else mean
        records = self._tally.records(rows)
        gradient = stack.loss.training(outputs, targets, records, scale=scale, weights=weights)
        yield "loss"
        model.backward(gradient, descend=descend)
        yield "backward and update" if descend else "backward"
        if descend:
            return
        if watched:
            self._norms += gradient_norms(model.gradients)
        if stack.clip is not None:
            stack.clip(model.gradients)
        optimizer.step(model.gradients)
        yield "update"

    def statistics(self) -> Tensor:
        """Return the sums of each step of the epoch so far, [T, S, M]."""
        return torch.cat([*self._windows, self._tally.statistics()])

    def losses(self) -> Tensor:
        """Return each step's loss, summed over its rows, as ``statistics`` has it: [T, M].

        Nothing is added up for it that has not been, so looking changes nothing.
        """
        added, records = self._tally.parts()
        parts = [*self._windows, added]
        if len(records):
            parts.append(self.stack.loss.statistics(records.clone()))
        return torch.cat(parts)[:, 0]

    @property
    def resumes_within(self) -> bool:
        """Whether an earlier process left the next epoch under way."""
        return self._done > 0

    def underway(self) -> dict[str, Tensor]:
        """Return the state of an epoch under way, [M, ...] each, for ``restore``."""
        added, records = self._tally.parts()
        windows = torch.cat([*self._windows, added[:0]])
        return {
            "windows": windows.movedim(2, 0),
            "added": added.movedim(2, 0),
            "records": records.movedim(2, 0),
            "norms": self._norms.t(),
        }

    def fits(self, underway: Mapping[str, Tensor], done: int) -> bool:
        """Tell whether a member's share of ``underway`` can be that of an epoch of this stack.

        Args:
            underway: Without the leading axis for members.
            done: The steps it is of.
        """
        expected = {name: tensor[0] for name, tensor in self.underway().items()}  # of no steps
        if any(n not in underway or underway[n].dtype != t.dtype for n, t in expected.items()):
            return False
        windows, added, records, norms = (underway[name] for name in expected)
        if [windows.dim(), added.dim(), records.dim()] != [2, 2, 3]:
            return False
        counts, size = [len(windows), len(added), len(records)], self.stack.batches.window_steps
        return (
            {windows.shape[1], added.shape[1]} == {expected["windows"].shape[1]}
            and records.shape[1] == expected["records"].shape[1]
            and records.shape[2] <= expected["records"].shape[2]
            and norms.shape == expected["norms"].shape
            and sum(counts) == done < len(self.stack.batches)
            and len(windows) % size == 0
            and len(added) + len(records) <= size
            and len(records) <= self._tally.capacity
        )

    def restore(self, taken: int, underway: Mapping[str, Tensor] | None) -> None:
        """Continue after so many updates, within an epoch if its ``underway`` is passed."""
        self.taken = taken
        if underway is not None:
            windows, added, records = (
                underway[name].movedim(0, 2).to(self._norms.device)
                for name in ("windows", "added", "records")
            )
            self._done = len(windows) + len(added) + len(records)
            self._windows = [windows.contiguous()] if len(windows) else []
            self._tally.restore(added, records)
            self._norms.copy_(underway["norms"].t())

    def _close_window(self) -> None:
        """Put what the tally has added up to the windows of the epoch, and begin a new one."""
        statistics = self._tally.statistics()
        if len(statistics):
            self._windows.append(statistics.clone())
        self._tally.clear()

    def norms(self) -> Tensor:
        """Return each parameter's gradient norm, mean over the epoch's last steps, [P, M]."""
        return self._norms / min(NORM_STEPS, len(self.stack.batches))

    @torch.inference_mode()
    def pace(self, seconds: float) -> float:
        """Train for a while and discard the result; return the seconds a step takes."""
        # What a GPU replays was taken once plainly and once captured before.
        first = WARM_STEPS if self.graphs is None else 2 * len(self.stack.batches)
        started, warm = 0.0, self.taken + first
        for epoch in itertools.count(1):
            for _ in self.epoch(epoch):
                settled = self._threads is None or self._threads.chosen is not None
                if self.taken >= warm and settled and not started:
                    started, warm = time_when_done(self._norms.device), self.taken
                if started and time.perf_counter() - started > seconds and self.taken > warm:
                    return (time_when_done(self._norms.device) - started) / (self.taken - warm)
        raise AssertionError("an epoch has steps")

    def _watched(self, window: range) -> int:
        """Count the steps at the end of a window whose gradients are looked at."""
        return max(0, window.stop - max(window.start, self._first_watched))

    def _write_lr(self) -> None:
        """Write the learning rates of a window's steps to where the optimizer reads them."""
        self.stack.optimizer.lr.copy_(self.lr)
        self._slope.copy_(self.lr.view(-1, 1, 1)).neg_()
        for mean, descent in self._scales.values():
            torch.mul(self._slope, mean, out=descent)

    def _scales_of(self, rows: int) -> tuple[Tensor, Tensor]:
        """Return 1 / B [1, 1, 1], and -lr / B [M, 1, 1] for layers that do the step themselves."""
        if rows not in self._scales:
            mean = self._norms.new_full((1, 1, 1), 1 / rows)
            self._scales[rows] = mean, self._slope * mean
        return self._scales[rows]

    def _whole(self, window: range) -> Tensor:
        """Take all steps of a window; return their statistics, [T, S, M]."""
        self._tally.clear()
        for step in window:
            for _ in self.phases(step, window):
                pass
        return self._tally.statistics()
