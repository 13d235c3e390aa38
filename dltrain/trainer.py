"""The loop. It trains M members at once, and one run is M = 1.

Letters: M members, S statistics of the loss, T steps, P parameters of the model. Nothing inside a
step reads from the device; what an epoch did is read once, at its end (or every ``log_interval``
steps).
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from dltrain.checkpoint import Keeper
from dltrain.data.loader import Loader, Rows
from dltrain.losses import Loss, Tally
from dltrain.models import Model
from dltrain.optim import ClipNorm, Optimizer, gradient_norms
from dltrain.outcomes import Outcome, Row, Rules

# Gradient norms are the mean over this many steps at the end of an epoch: a steady figure at a
# tenth of the cost of reading every step.
NORM_STEPS = 16
# Steps before a pace is measured.
WARM_STEPS = 5


@dataclass
class Stack:
    """M members of equal shape, ready to be trained together.

    Attributes:
        loader: Training batches.
        splits: Rows to evaluate, by name: ``train``, ``val``, ``test``; the last two may be empty.
        clip: Bounds the gradient's norm; None: no member asks for it.
    """

    model: Model
    loss: Loss
    optimizer: Optimizer
    loader: Loader
    splits: Mapping[str, Rows]
    clip: ClipNorm | None = None


class Recorder(Protocol):
    """Where the rows of one member go."""

    folder: Path

    def epoch(self, row: Row, *, seconds: float, examples: int) -> None:
        """Keep one epoch."""
        ...


class View(Protocol):
    """Who watches. A view may also read ``Trainer.step`` whenever it likes."""

    def epoch(self, rows: Sequence[Row], outcomes: Sequence[Outcome], *, seconds: float) -> None:
        """Show one epoch: a row per member, and what each has come to."""
        ...

    def early(self, rows: Sequence[Row]) -> None:
        """Show the running training metrics of an epoch that is under way."""
        ...


class Trainer:
    """Trains a stack, records every member, and stops where it should.

    Args:
        stack: What to train.
        epochs: Passes over the training rows.
        eval_interval: Validate every this many epochs, and after the last.
        log_interval: Read the running metrics every this many steps; None: once per epoch.
        patience: Stop after this many validations without a new best; None: never.

    Attributes:
        step: Updates so far.
        rules: What chooses a member's best epoch (the loss's metric on val, or on train without
            val) and when it is through.
        stop_signal: The signal that asked to stop, if one did.
    """

    def __init__(
        self,
        stack: Stack,
        *,
        epochs: int,
        eval_interval: int = 1,
        log_interval: int | None = None,
        patience: int | None = None,
    ) -> None:
        self.stack = stack
        self.epochs = epochs
        self.step = 0
        self.stop_signal: int | None = None
        self.outcomes = [Outcome() for _ in range(stack.model.num_members)]
        self._eval_interval = eval_interval
        self._log_interval = log_interval
        self._first_step = 1  # of the epoch under way
        split = "val" if len(stack.splits["val"]) else "train"
        self.rules = Rules(
            epochs=epochs,
            patience=patience,
            metric=f"{split}/{stack.loss.best}",
            higher_is_better=stack.loss.higher_is_better,
        )

    @property
    def columns(self) -> list[str]:
        """What a row may hold, in order."""
        splits = ["train", "val"] if len(self.stack.splits["val"]) else ["train"]
        metrics = [f"{split}/{name}" for split in splits for name in self.stack.loss.names]
        return ["epoch", "step", "lr", *metrics]

    @property
    def num_steps(self) -> int:
        """Updates in all."""
        return self.epochs * len(self.stack.loader)

    def stop(self, number: int) -> None:
        """Stop after the step under way, for a signal of this number."""
        self.stop_signal = number

    @torch.inference_mode()
    def fit(self, recorders: Sequence[Recorder | None], view: View) -> list[Outcome]:
        """Train to the end, or until every member is done, or a signal asks to stop.

        Args:
            recorders: One per member; None: nothing is kept of that member.
            view: Shown every epoch.

        Returns:
            One outcome per member, none of them ``running``.

        Raises:
            StorageError: If a row or a checkpoint could not be kept.
        """
        keeper = Keeper([None if own is None else own.folder / "checkpoints" for own in recorders])
        for epoch in range(1, self.epochs + 1):
            started = time.perf_counter()
            statistics, norms = self._train(epoch, view)
            self._find_divergence(epoch, statistics)
            seconds = time.perf_counter() - started
            if len(statistics) == len(self.stack.loader):  # a signal may have cut it short
                rows = self._rows(epoch, statistics)
                self._keep(rows, norms, recorders, keeper, seconds)
                view.epoch(rows, self.outcomes, seconds=seconds)
            if self.stop_signal is not None or not self._running():
                break
        keeper.close()
        for outcome in self.outcomes:
            if outcome.status == "running":
                outcome.status = "interrupted"
        return self.outcomes

    @torch.inference_mode()
    def evaluate(self, split: str) -> list[Row]:
        """Compute a split's metrics, a dict per member; empty dicts if the split has no rows."""
        rows, model, loss = self.stack.splits[split], self.stack.model, self.stack.loss
        if not len(rows):
            return [{} for _ in self.outcomes]
        sums = sum(
            (
                loss.evaluation(model.forward(inputs), targets)
                for inputs, targets in rows.in_order()
            ),
            start=torch.zeros((), dtype=torch.float64, device=model.parameters[0].device),
        )
        return loss.metrics(sums, len(rows), split)

    def _train(self, epoch: int, view: View) -> tuple[Tensor, Tensor]:
        """Train one epoch; return statistics [T, S, M] and mean gradient norms [P, M]."""
        tally, norms = self._tally(), self._no_norms()
        self._first_step = self.step + 1
        for taken in self._updates(epoch, tally, norms):
            if self.stop_signal is not None:
                break
            due = self._log_interval and self.step % self._log_interval == 0
            is_last = taken == len(self.stack.loader)
            if due and not is_last and not self._show_early(epoch, tally.statistics(), view):
                break
        return tally.statistics(), norms / min(NORM_STEPS, len(self.stack.loader))

    def _tally(self) -> Tally:
        model, loader = self.stack.model, self.stack.loader
        return Tally(
            self.stack.loss,
            steps=len(loader),
            members=model.num_members,
            rows=loader.batch_size,
            like=model.parameters[0],
        )

    def _no_norms(self) -> Tensor:
        parameters = self.stack.model.parameters
        return parameters[0].new_zeros(len(parameters), self.stack.model.num_members)

    def _updates(self, epoch: int, tally: Tally, norms: Tensor) -> Iterator[int]:
        """Train one epoch, yielding the steps taken after each; add to the tally and the norms."""
        model, loss, optimizer, clip = (
            self.stack.model,
            self.stack.loss,
            self.stack.optimizer,
            self.stack.clip,
        )
        loader = self.stack.loader
        for i, (inputs, targets) in enumerate(loader.epoch(epoch)):
            outputs = model.forward(inputs, step=self.step)  # [M, O, B]
            gradient = loss.training(outputs, targets, tally.records(outputs.shape[2]))
            model.backward(gradient)
            if i >= len(loader) - NORM_STEPS:
                norms += gradient_norms(model.gradients)
            if clip is not None:
                clip(model.gradients)
            optimizer.step(model.gradients)
            self.step += 1
            yield i + 1

    @torch.inference_mode()
    def pace(self, seconds: float) -> float:
        """Train for a while and throw it away; return the seconds a step takes."""
        started, warm = 0.0, self.step + WARM_STEPS
        for epoch in itertools.count(1):
            for _ in self._updates(epoch, self._tally(), self._no_norms()):
                if self.step == warm:
                    started = self._clock()
                if self.step > warm and time.perf_counter() - started > seconds:
                    return (self._clock() - started) / (self.step - warm)
        raise AssertionError("an epoch has steps")

    def _clock(self) -> float:
        """Return the time when all that was asked for is done."""
        if self.stack.model.parameters[0].is_cuda:
            torch.cuda.synchronize()
        return time.perf_counter()

    def _show_early(self, epoch: int, statistics: Tensor, view: View) -> bool:
        """Show the running metrics; reads from the device. False if no loss is finite any more."""
        examples = len(statistics) * self.stack.loader.batch_size
        metrics = self.stack.loss.metrics(statistics.double().sum(dim=0), examples, "train")
        head = {"epoch": float(epoch), "step": float(self.step)}
        view.early([head | _named("train", row) for row in metrics])
        return any(math.isfinite(row["loss"]) for row in metrics)

    def _find_divergence(self, epoch: int, statistics: Tensor) -> None:
        """Mark members whose loss or weights are not finite any more; reads from the device."""
        losses = statistics[:, 0].isfinite().cpu()  # [T, M]
        parameters = self.stack.model.parameters
        weights = torch.stack([p.flatten(1).isfinite().all(dim=1) for p in parameters])
        intact = weights.all(dim=0).tolist()
        for member, outcome in enumerate(self.outcomes):
            finite = losses[:, member].tolist()
            if outcome.status != "running" or (all(finite) and intact[member]):
                continue
            # The last step may have spoilt the weights without a loss that shows it.
            bad = finite.index(False) if False in finite else len(finite) - 1
            last = self._last_finite(statistics, member, bad)
            where = f"epoch {epoch}, step {self._first_step + bad}"
            outcome.diverge(f"{where}: the loss is not finite ({last})")

    def _last_finite(self, statistics: Tensor, member: int, bad: int) -> str:
        if bad == 0:
            loss = self.outcomes[member].final.get("train/loss")
            return "it never was" if loss is None else f"mean of the epoch before {loss:.3g}"
        sums = statistics[bad - 1].double()
        metrics = self.stack.loss.metrics(sums, self.stack.loader.batch_size, "train")
        return f"last finite {metrics[member]['loss']:.3g}"

    def _rows(self, epoch: int, statistics: Tensor) -> list[Row]:
        """Put together what the epoch's metrics are, a row per member."""
        if len(statistics) == 1:
            # The mean over an epoch's steps would describe only the weights before its one step.
            train = self.evaluate("train")
        else:
            sums = statistics.double().sum(dim=0)  # [S, M]
            train = self.stack.loss.metrics(sums, len(self.stack.loader.rows), "train")
        time = {"epoch": float(epoch), "step": float(self.step)}
        heads = [time if math.isnan(lr) else time | {"lr": lr} for lr in self.stack.optimizer.lr]
        rows = [head | _named("train", row) for head, row in zip(heads, train, strict=True)]
        if epoch % self._eval_interval == 0 or epoch == self.epochs:
            val = self.evaluate("val")
            rows = [row | _named("val", metrics) for row, metrics in zip(rows, val, strict=True)]
        return rows

    def _keep(
        self,
        rows: Sequence[Row],
        norms: Tensor,
        recorders: Sequence[Recorder | None],
        keeper: Keeper,
        seconds: float,
    ) -> None:
        """Record the epoch of every member still running, and keep its state."""
        metas: list[dict[str, Any] | None] = [None] * len(rows)
        means = norms.t().tolist()  # [M][P]
        for member, (outcome, row) in enumerate(zip(self.outcomes, rows, strict=True)):
            if outcome.status != "running":
                continue
            outcome.take(row, self.rules)
            if outcome.status == "diverged":
                continue
            if self.stack.optimizer.follows_gradient:
                named = zip(self.stack.model.names, means[member], strict=True)
                outcome.gradient_norms = dict(named)
            metas[member] = {"epoch": int(row["epoch"]), "step": self.step, "best": outcome.best}
            recorder = recorders[member]
            if recorder is not None:
                recorder.epoch(row, seconds=seconds, examples=len(self.stack.loader.rows))
        model, optimizer = self.stack.model, self.stack.optimizer
        tensors = {f"model.{name}": tensor for name, tensor in model.state().items()}
        tensors |= {f"optimizer.{name}": tensor for name, tensor in optimizer.state().items()}
        keeper.take(tensors, metas, best=[outcome.improved for outcome in self.outcomes])
        self._test()

    def _running(self) -> bool:
        return any(outcome.status == "running" for outcome in self.outcomes)

    def _test(self) -> None:
        """Test the members that have just been trained to their end, as they are now."""
        done = [o for o in self.outcomes if o.status == "done"]
        if all(outcome.tested for outcome in done):
            return
        for outcome, test in zip(self.outcomes, self.evaluate("test"), strict=True):
            if outcome.status == "done" and not outcome.tested:
                outcome.test, outcome.tested = _named("test", test), True


def _named(split: str, metrics: Mapping[str, float]) -> Row:
    return {f"{split}/{name}": value for name, value in metrics.items()}
