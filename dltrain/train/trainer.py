"""The training loop, for M members at once; one run is M = 1.

Letters: M members, S statistics of the loss, T steps, P parameters of the model. What an epoch did
is read from the device once, at its end (or every ``log_interval`` steps).
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from dltrain.metrics import names_of
from dltrain.train.checkpoints.saver import Interval, Recorder, Saver, State, restore, state_of
from dltrain.train.judgement import evaluate, judge, named, scored
from dltrain.train.outcome import Outcome, Row, Rules, View
from dltrain.train.steps import Stack, Steps
from dltrain.train.threads import Threads


class Trainer:
    """Trains a stack, records every member, and stops where it should.

    Args:
        stack: What to train.
        rules: How long to train, and what counts in the end.
        eval_interval: Validate every this many epochs, and after the last.
        log_interval: Read the running metrics every this many steps; None: once per epoch.
        checkpoint_interval: How often a state is written; None: as often as costs little.
        threads: What chooses on how many a step is computed; None: as many as there are.
    """

    def __init__(
        self,
        stack: Stack,
        *,
        rules: Rules,
        eval_interval: int = 1,
        log_interval: int | None = None,
        checkpoint_interval: Interval | None = None,
        threads: Threads | None = None,
    ) -> None:
        self.stack = stack
        self.rules = rules
        self.steps = Steps(stack, threads)  # what takes the updates
        self.stop_signal: int | None = None  # the signal that asked to stop, if one did
        self.outcomes = [Outcome() for _ in range(stack.model.num_members)]
        self._eval_interval = eval_interval
        self._log_interval = log_interval
        self._checkpoint_interval = checkpoint_interval
        self._epoch = 0  # whole ones so far
        rows = {split: len(stack.splits[split]) for split in ("train", "val")}
        metrics = names_of(stack.loss.task, rows=rows)
        names = ["epoch", "step", "lr", *metrics, rules.metric]
        self.columns = list(dict.fromkeys(names))  # what a row may hold, in order

    @property
    def step(self) -> int:
        """Number of updates so far."""
        return self.steps.taken

    @property
    def num_steps(self) -> int:
        """Number of updates in all."""
        return self.rules.epochs * len(self.stack.batches)

    def stop(self, number: int) -> None:
        """Stop after the step under way, as a signal of this number asks to."""
        self.stop_signal = number

    def restore(self, states: Sequence[State | None]) -> None:
        """Restore members' states, to go on from them instead of from the start.

        Args:
            states: One per member, all of one step but those of members that have come to their
                end; None: a member that begins, as do all then that have not come to their end.
        """
        for member, state in enumerate(states):
            if state is not None:
                self.outcomes[member] = state.outcome
                state.outcome.extend(self.rules)
                if state.outcome.status == "running":
                    self._epoch = int(state.meta["epoch"])
        restore(self.steps, states)

    @torch.inference_mode()
    def narrowed(self, stack: Stack, members: Sequence[int], *, threads: Threads | None) -> Trainer:
        """Return what goes on with some of the members.

        Args:
            stack: Of these members, as it is in the beginning.
            members: Their indices.
            threads: See ``Trainer``.
        """
        other = copy.copy(self)  # of the same settings, at the same epoch
        other.stack, other.steps = stack, Steps(stack, threads)
        other.outcomes = [self.outcomes[member] for member in members]
        underway = self.steps.underway() if self.steps.resumes_within else None
        kept = {name: tensor[list(members)] for name, tensor in (underway or {}).items()}
        other.steps.restore(self.steps.taken, kept or None)
        for name, tensor in state_of(self.steps).items():
            state_of(other.steps)[name].copy_(tensor[list(members)])
        return other

    @torch.inference_mode()
    def fit(
        self, recorders: Sequence[Recorder | None], view: View, *, few: int = 0
    ) -> Iterator[list[int]]:
        """Train until every member has come to its end, or a signal asks to stop.

        Args:
            recorders: One per member; None: nothing is kept of that member.
            view: Shown every epoch.
            few: Return when no more members than these are running, for a narrower stack to go on
                with them (``narrowed``); their states are written.

        Yields:
            Members that have just come to their end; their states are written.

        Raises:
            StorageError: If a row or a checkpoint could not be kept.
        """
        saver = Saver(self.steps, self.outcomes, recorders, self._checkpoint_interval)
        running = list(range(len(self.outcomes)))
        ended = [m for m in running if self.outcomes[m].status != "running"]
        saver.write(ended, ended=True)  # a kill may have come before all of that was done
        self._keep(saver, ended)
        while True:
            if ended:
                yield ended
            running = [m for m in running if self.outcomes[m].status == "running"]
            if len(running) <= few or self.stop_signal is not None:
                break
            self._train(saver, running, recorders, view)
            ended = [m for m in running if self.outcomes[m].status != "running"]
        saver.write(running)
        if running and self.stop_signal is not None:
            for member in running:
                self.outcomes[member].status = "interrupted"
            yield running

    def evaluate(self, split: str) -> list[Row]:
        """Compute a split's metrics, a dict per member; empty dicts if the split has no rows."""
        return evaluate(self.stack, split)

    def _train(
        self, saver: Saver, running: Sequence[int], recorders: Sequence[Recorder | None], view: View
    ) -> None:
        """Train, evaluate and record one epoch, or as much of it as there is time for."""
        epoch, started = self._epoch + 1, time.perf_counter()
        whole, before = self._take_steps(epoch, saver, running, view)
        if not whole and self.stop_signal is not None:
            return saver.take_underway(
                epoch, self.step - self._epoch * len(self.stack.batches), running
            )
        statistics = self.steps.statistics()
        self._find_divergence(epoch, statistics)
        seconds = time.perf_counter() - started
        if whole:
            self._epoch = epoch
            rows = self._rows(epoch, statistics)
            self._record(rows, recorders, seconds)
        # Before the others' states take the place of theirs in memory.
        saver.write([m for m in running if self.outcomes[m].status == "diverged"], ended=True)
        if not whole:
            return None
        saver.take(epoch, [m for m in running if self.outcomes[m].status != "diverged"])
        done = [m for m in running if self.outcomes[m].status == "done"]
        saver.write(done, ended=True)
        self._keep(saver, done)
        if saver.is_due(before=before, ended=epoch):
            saver.write([m for m in running if self.outcomes[m].status == "running"])
        return view.epoch(rows, self.outcomes, seconds=seconds)

    def _take_steps(
        self, epoch: int, saver: Saver, running: Sequence[int], view: View
    ) -> tuple[bool, int]:
        """Take the steps of an epoch.

        Returns:
            Whether it came to its end, and the updates before its last step or window of steps.
        """
        before = self.step
        for taken in self.steps.epoch(epoch):
            if taken == len(self.stack.batches):
                return True, before
            if self.stop_signal is not None:
                break
            interval = self._log_interval
            early = interval and self.step // interval > before // interval
            if early and not self._show_early(epoch, view):
                break
            if saver.is_due(before=before):
                saver.take_underway(epoch, taken, running)
                saver.write(running)
            before = self.step
        return False, before

    def _show_early(self, epoch: int, view: View) -> bool:
        """Show the running metrics; reads from the device. False if no loss is finite any more."""
        statistics = self.steps.statistics()
        examples = len(statistics) * self.stack.batches.batch_size
        metrics = self.stack.loss.metrics(statistics.double().sum(dim=0), examples, "train")
        head = {"epoch": float(epoch), "step": float(self.step)}
        view.early([head | named("train", row) for row in metrics])
        return any(math.isfinite(row["loss"]) for row in metrics)

    def _find_divergence(self, epoch: int, statistics: Tensor) -> None:
        """Mark members whose loss or weights are not finite any more; reads from the device."""
        losses = statistics[:, 0].isfinite().cpu()  # [T, M]
        intact = self.stack.model.intact().tolist()
        for member, outcome in enumerate(self.outcomes):
            finite = losses[:, member].tolist()
            if outcome.status != "running" or (all(finite) and intact[member]):
                continue
            # The last step may have spoilt the weights without a loss that shows it.
            bad = finite.index(False) if False in finite else len(finite) - 1
            last = self._last_finite(statistics, member, bad)
            step = (epoch - 1) * len(self.stack.batches) + bad + 1
            outcome.diverge(f"epoch {epoch}, step {step}: the loss is not finite ({last})")

    def _last_finite(self, statistics: Tensor, member: int, bad: int) -> str:
        if bad == 0:
            loss = self.outcomes[member].final.get("train/loss")
            return "it never was" if loss is None else f"mean of the epoch before {loss:.3g}"
        sums = statistics[bad - 1].double()
        metrics = self.stack.loss.metrics(sums, self.stack.batches.batch_size, "train")
        return f"last finite {metrics[member]['loss']:.3g}"

    def _rows(self, epoch: int, statistics: Tensor) -> list[Row]:
        """Build the epoch's rows of metrics, one per member."""
        if len(statistics) == 1:
            # The mean over an epoch's steps would describe only the weights before its one step.
            train = self.evaluate("train")
        else:
            sums = statistics.double().sum(dim=0)  # [S, M]
            train = self.stack.loss.metrics(sums, len(self.stack.batches.rows), "train")
        time = {"epoch": float(epoch), "step": float(self.step)}
        rates = self.stack.optimizer.lr.tolist()
        heads = [time if math.isnan(lr) else time | {"lr": lr} for lr in rates]
        rows = [head | named("train", row) for head, row in zip(heads, train, strict=True)]
        if epoch % self._eval_interval == 0 or epoch == self.rules.epochs:
            val = self.evaluate("val")
            rows = [row | named("val", metrics) for row, metrics in zip(rows, val, strict=True)]
            rows = self._with_chosen(rows)
        return rows

    def _with_chosen(self, rows: Sequence[Row]) -> list[Row]:
        """Add the metric that chooses, if it is one that epochs do not have anyway."""
        metric = self.rules.metric
        if metric in rows[0]:
            return list(rows)
        values = scored(self.stack, *metric.split("/"))
        return [row | {metric: value} for row, value in zip(rows, values, strict=True)]

    def _record(
        self, rows: Sequence[Row], recorders: Sequence[Recorder | None], seconds: float
    ) -> None:
        """Record the epoch of every member still running."""
        means = self.steps.norms().t().tolist()  # [M][P]
        for member, (outcome, row) in enumerate(zip(self.outcomes, rows, strict=True)):
            if outcome.status != "running":
                continue
            outcome.take(row, self.rules)
            if outcome.status == "diverged":
                continue
            if self.stack.optimizer.follows_gradient:
                named = zip(self.stack.model.names, means[member], strict=True)
                outcome.gradient_norms = dict(named)
            recorder = recorders[member]
            if recorder is not None:
                recorder.epoch(row, seconds=seconds, examples=len(self.stack.batches.rows))

    def _keep(self, saver: Saver, members: Sequence[int]) -> None:
        """Put the kept weights of members that are done into the model, and test them."""
        done = [m for m in members if self.outcomes[m].status == "done"]
        for member in done:
            outcome = self.outcomes[member]
            if outcome.row_to_keep(self.rules) is not outcome.final and not outcome.improved:
                saver.restore_best(member)
        rows = [self.outcomes[member].row_to_keep(self.rules) for member in done]
        judged = judge(self.stack, done, rows, metric=self.rules.metric) if done else []
        for member, judgement in zip(done, judged, strict=True):
            self.outcomes[member].judgement = judgement
