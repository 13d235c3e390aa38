"""Saving and restoring a training: which states are written, and when.

Letters: M members. A member's state is all that the rest of its training depends on: parameters,
the optimizer's memory, the step, what it has come to, and what is known of an epoch under way. No
generator is in it, since what is drawn depends on seed, purpose and epoch or step alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from dltrain.runs.layout import CHECKPOINTS
from dltrain.system import disk
from dltrain.train.checkpoints import checkpoint_file
from dltrain.train.checkpoints.checkpoint_file import CheckpointError, Keeper, Meta
from dltrain.train.outcome import Outcome, Row
from dltrain.train.steps import Steps

# What is known of an epoch under way has names of its own in a checkpoint.
_UNDERWAY = "epoch."


class Recorder(Protocol):
    """Interface of what records the rows of one member."""

    folder: Path

    def epoch(self, row: Row, *, seconds: float, examples: int) -> None:
        """Record one epoch."""

    def mark(self) -> Mapping[str, Any]:
        """Return what a checkpoint must know of the run folder it belongs to."""

    def sync(self) -> None:
        """Make durable what ``mark`` refers to."""


@dataclass(frozen=True)
class Interval:
    """How often a checkpoint is written: every so many epochs or steps."""

    count: int  # of epochs or steps
    steps: bool  # whether they are steps

    @classmethod
    def read(cls, text: str) -> Interval:
        """Read ``5``, ``5 epochs`` or ``200 steps``.

        Example:
            >>> Interval.read("200steps")
            Interval(count=200, steps=True)
        """
        match = re.fullmatch(r"(\d+) ?(?:epochs?|(steps?))?", text, re.ASCII)
        assert match is not None, f"the schema lets no {text!r} through"
        return cls(int(match[1]), match[2] is not None)


@dataclass(frozen=True)
class State:
    """The content of a member's checkpoint."""

    # parameters and the optimizer's memory by name; and of an epoch under way
    tensors: Mapping[str, Tensor]
    meta: Meta  # ``epoch`` (whole ones), ``step``, ``underway`` (steps of the next one), and more
    outcome: Outcome  # what the member has come to

    @classmethod
    def load(cls, path: Path, *, limit: int = checkpoint_file.MAX_BYTES) -> State:
        """Read a checkpoint of at most ``limit`` bytes.

        Raises:
            CheckpointError: If it is not what was written.
        """
        tensors, meta = checkpoint_file.load(path, limit=limit)
        try:
            return cls(tensors, meta, Outcome.from_plain(meta["outcome"]))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise CheckpointError(f"{path}: is no state of a training ({error!r})") from None

    @property
    def step(self) -> int:
        """Number of updates so far."""
        return int(self.meta["step"])

    @property
    def best_epoch(self) -> int:
        """The epoch of the best row; 0 before the first."""
        return int(self.outcome.best.get("epoch", 0))


class Saver:
    """Takes the states of a stack's members and has them written when it is time.

    Nothing is kept of a member without a recorder.
    """

    def __init__(
        self,
        steps: Steps,
        outcomes: Sequence[Outcome],
        recorders: Sequence[Recorder | None],
        interval: Interval | None,
    ) -> None:
        self._steps, self._outcomes = steps, outcomes
        self._recorders = list(recorders)
        self._interval = interval
        self._keeper = Keeper(
            [None if recorder is None else recorder.folder / CHECKPOINTS for recorder in recorders],
            bests=[int(outcome.best.get("epoch", 0)) for outcome in outcomes],
        )

    def take(self, epoch: int, members: Sequence[int]) -> None:
        """Take these members' states after a whole epoch."""
        metas = self._metas(members, epoch=epoch)
        best = [outcome.improved for outcome in self._outcomes]
        self._keeper.take(state_of(self._steps), metas, best=best)

    def take_underway(self, epoch: int, done: int, members: Sequence[int]) -> None:
        """Take these members' states within an epoch, if the numbers of all are finite."""
        finite = self._steps.losses().isfinite().all(dim=0) & self._steps.stack.model.intact()
        if not finite[list(members)].all():
            return  # the end of the epoch tells what happened; the state before it stays
        extra = {f"{_UNDERWAY}{name}": t for name, t in self._steps.underway().items()}
        metas = self._metas(members, epoch=epoch - 1, underway=done)
        tensors = state_of(self._steps) | extra
        self._keeper.take(tensors, metas, best=[False] * len(self._outcomes))

    def restore_best(self, member: int) -> None:
        """Put the weights of a member's best epoch into the model; its state is written before."""
        best = self._keeper.reached_by(member, limit=size_limit(self._steps))
        for name, tensor in self._steps.stack.model.state().items():
            tensor[member].copy_(best[f"model.{name}"])

    def is_due(self, *, before: int, ended: int | None = None) -> bool:
        """Tell whether to write: after the updates ``before``, and with the epoch ``ended``."""
        if self._interval is None:
            return self._keeper.is_due(underway=ended is None)
        if self._interval.steps:
            return self._steps.taken // self._interval.count > before // self._interval.count
        return ended is not None and ended % self._interval.count == 0

    def write(self, members: Sequence[int], *, ended: bool = False) -> None:
        """Write these members' waiting states durably."""
        recorders = [each for m in members if (each := self._recorders[m]) is not None]
        disk.side_by_side(lambda recorder: recorder.sync(), recorders)
        self._keeper.write(members, ended=ended)

    def _metas(self, members: Sequence[int], **position: int) -> list[Meta | None]:
        metas: list[Meta | None] = [None] * len(self._outcomes)
        for member in members:
            recorder = self._recorders[member]
            metas[member] = {
                **position,
                "step": self._steps.taken,
                "outcome": self._outcomes[member].as_plain(),
                **({} if recorder is None else recorder.mark()),
            }
        return metas


def state_of(steps: Steps) -> dict[str, Tensor]:
    """Return the live state of model and optimizer by name, [M, ...] each."""
    model, optimizer = steps.stack.model, steps.stack.optimizer
    tensors = {f"model.{name}": tensor for name, tensor in model.state().items()}
    return tensors | {f"optimizer.{name}": tensor for name, tensor in optimizer.state().items()}


def size_limit(steps: Steps) -> int:
    """Return an upper bound on the bytes of a checkpoint of one member."""
    numbers = sum(tensor[0].numel() for tensor in state_of(steps).values())
    # Of each step of an epoch under way a few statistics; of the last ones a number or two per row.
    return 8 * (numbers + 16 * len(steps.stack.batches)) + 2**24


def misfit(steps: Steps, state: State) -> str:
    """Say why a state cannot belong to a member of this stack; empty if it can."""
    live = state_of(steps)
    held = {n: t for n, t in state.tensors.items() if not n.startswith(_UNDERWAY)}
    if held.keys() != live.keys():
        return f"holds {', '.join(sorted(held)) or 'nothing'} instead of {', '.join(sorted(live))}"
    for name, tensor in sorted(held.items()):
        if (tensor.shape, tensor.dtype) != (live[name][0].shape, live[name].dtype):
            return f"{name} is {tensor.dtype} {list(tensor.shape)}"
    epoch, done = state.meta.get("epoch"), state.meta.get("underway", 0)
    per_epoch = len(steps.stack.batches)
    if not (type(epoch) is type(done) is int and epoch >= 0 and done >= 0):
        return "its epochs and steps are no numbers"
    if state.meta.get("step") != epoch * per_epoch + done:
        return f"an epoch has {per_epoch} steps"
    if state.outcome.final.get("epoch", 0) != epoch or not 0 <= state.best_epoch <= epoch:
        return "its last or its best row is of another epoch"
    if done and not steps.fits(_underway(state), done):
        return "what it holds of an epoch under way cannot be of this training"
    return ""


@torch.inference_mode()
def restore(steps: Steps, states: Sequence[State | None]) -> None:
    """Copy members' states, which all fit, into a stack that has not begun.

    One without a state keeps its initial weights; those that go on are all of one step.
    """
    live = state_of(steps)
    for member, state in enumerate(states):
        if state is not None:
            for name, tensor in live.items():
                tensor[member].copy_(state.tensors[name])
    going_on = [s for s in states if s is not None and s.outcome.status == "running"]
    if not going_on:
        return
    first = going_on[0]
    assert all(state.step == first.step for state in going_on)
    known = None
    if first.meta.get("underway"):
        # Of members that rest nothing is asked any more.
        resting = {name: torch.zeros_like(t) for name, t in _underway(first).items()}
        parts = [
            resting if s is None or s.outcome.status != "running" else _underway(s) for s in states
        ]
        known = {name: torch.stack([part[name] for part in parts]) for name in resting}
    steps.restore(first.step, known)


def _underway(state: State) -> dict[str, Tensor]:
    tensors = state.tensors.items()
    return {n.removeprefix(_UNDERWAY): t for n, t in tensors if n.startswith(_UNDERWAY)}
