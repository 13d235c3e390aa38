"""The loop. It trains M members at once, and one run is M = 1.

Letters: M members, S statistics of the loss, T steps, P parameters of the model. Nothing inside a
step reads from the device; what an epoch did is read once, at its end (or every ``log_interval``
steps).
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from dltrain.checkpoint import Keeper
from dltrain.data.loader import Loader, Rows
from dltrain.losses import Loss, Tally
from dltrain.models import Model
from dltrain.optim import ClipNorm, Optimizer, gradient_norms

Row = dict[str, float]
# Gradient norms are the mean over this many steps at the end of an epoch: a steady figure at a
# tenth of the cost of reading every step.
NORM_STEPS = 16
ADVICE = "try a smaller optimizer.lr, or trainer.max_grad_norm=1"


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

    def epoch(self, rows: Sequence[Row], *, seconds: float) -> None:
        """Show one epoch, a row per member."""
        ...

    def early(self, rows: Sequence[Row]) -> None:
        """Show the running training metrics of an epoch that is under way."""
        ...


@dataclass
class Outcome:
    """What became of one member.

    Attributes:
        status: ``running``, ``done``, ``diverged`` or ``interrupted``.
        message: One sentence if there is something to say.
        final: The last row.
        best: Metric, value and epoch of the best row.
        test: Metrics of the test split after the last epoch; empty if it has no rows.
        tested: Whether that has been done.
        gradient_norms: Mean over the last steps of the last epoch, by parameter; empty if the
            optimizer does not follow the gradient.
    """

    status: str = "running"
    message: str = ""
    final: Row = field(default_factory=dict)
    best: dict[str, float | str] = field(default_factory=dict)
    test: Row = field(default_factory=dict)
    tested: bool = False
    gradient_norms: Row = field(default_factory=dict)


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
        best_metric: What chooses the best epoch: the loss's metric on val, or on train without val.
        stop_signal: Set it to a signal's number to stop after the step under way.
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
        self._patience = patience
        self._first_step = 1  # of the epoch under way
        self._stale = [0] * stack.model.num_members  # validations since the best one
        split = "val" if len(stack.splits["val"]) else "train"
        self.best_metric = f"{split}/{stack.loss.best}"

    @property
    def higher_is_better(self) -> bool:
        """Which way ``best_metric`` chooses."""
        return self.stack.loss.higher_is_better

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

    @torch.inference_mode()
    def fit(self, recorders: Sequence[Recorder], view: View) -> list[Outcome]:
        """Train to the end, or until every member is done, or a signal asks to stop.

        Args:
            recorders: One per member.
            view: Shown every epoch.

        Returns:
            One outcome per member, none of them ``running``.

        Raises:
            StorageError: If a row or a checkpoint could not be kept.
        """
        keepers = [Keeper(recorder.folder / "checkpoints") for recorder in recorders]
        for epoch in range(1, self.epochs + 1):
            started = time.perf_counter()
            statistics, norms = self._train(epoch, view)
            self._find_divergence(epoch, statistics)
            seconds = time.perf_counter() - started
            if len(statistics) == len(self.stack.loader):  # a signal may have cut it short
                rows = self._rows(epoch, statistics)
                self._keep(epoch, rows, norms, recorders, keepers, seconds)
                view.epoch(rows, seconds=seconds)
            if self.stop_signal is not None or not self._running():
                break
        for keeper in keepers:
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
        model, loss, optimizer, clip = (
            self.stack.model,
            self.stack.loss,
            self.stack.optimizer,
            self.stack.clip,
        )
        like, loader = model.parameters[0], self.stack.loader
        tally = Tally(
            loss,
            steps=len(loader),
            members=model.num_members,
            rows=loader.batch_size,
            like=like,
        )
        norms = like.new_zeros(len(model.parameters), model.num_members)
        self._first_step = self.step + 1
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
            if self.stop_signal is not None:
                break
            due = self._log_interval and self.step % self._log_interval == 0 and i + 1 < len(loader)
            if due and not self._show_early(epoch, tally.statistics(), view):
                break
        return tally.statistics(), norms / min(NORM_STEPS, len(loader))

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
            outcome.status = "diverged"
            outcome.message = (
                f"diverged at epoch {epoch}, step {self._first_step + bad}: the loss is not finite "
                f"({last}); {ADVICE}"
            )

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
        epoch: int,
        rows: Sequence[Row],
        norms: Tensor,
        recorders: Sequence[Recorder],
        keepers: Sequence[Keeper],
        seconds: float,
    ) -> None:
        """Record the epoch of every member still running, and keep its state."""
        examples = len(self.stack.loader.rows)
        for member, outcome in enumerate(self.outcomes):
            if outcome.status != "running":
                continue
            losses = [value for name, value in rows[member].items() if name.endswith("/loss")]
            if not all(map(math.isfinite, losses)):
                outcome.status = "diverged"
                outcome.message = f"diverged at epoch {epoch}: its loss is not finite; {ADVICE}"
                continue
            outcome.final = rows[member]
            if self.stack.optimizer.follows_gradient:
                means = zip(self.stack.model.names, norms[:, member].tolist(), strict=True)
                outcome.gradient_norms = dict(means)
            self._judge(epoch, member)
            recorders[member].epoch(rows[member], seconds=seconds, examples=examples)
            keepers[member].take(
                *self._state(epoch, member), best=outcome.best.get("epoch") == epoch
            )
        self._test()

    def _judge(self, epoch: int, member: int) -> None:
        """Remember the best row, and settle whether the member has been trained to its end."""
        outcome, name = self.outcomes[member], self.best_metric
        if name in outcome.final:
            value, best = outcome.final[name], outcome.best.get("value")
            sign = 1 if self.higher_is_better else -1
            if best is None or sign * value > sign * float(best):
                outcome.best = {"metric": name, "value": value, "epoch": epoch}
                self._stale[member] = 0
            else:
                self._stale[member] += 1
        if epoch == self.epochs:
            outcome.status = "done"
        elif self._patience is not None and self._stale[member] >= self._patience:
            outcome.status = "done"
            outcome.message = (
                f"stopped at epoch {epoch}: {self._patience} validations without a better {name}"
            )

    def _state(self, epoch: int, member: int) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Collect what a member's checkpoint holds; the tensors are still the live ones."""
        tensors = {f"model.{n}": t for n, t in self.stack.model.state(member).items()}
        tensors |= {f"optimizer.{n}": t for n, t in self.stack.optimizer.state(member).items()}
        return tensors, {"epoch": epoch, "step": self.step, "best": self.outcomes[member].best}

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
