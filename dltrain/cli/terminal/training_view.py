"""The live view of a training: a row per epoch, and on a terminal a bar below."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import rich.console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from dltrain.cli.terminal.console import lasting, show
from dltrain.text import duration, figure

if TYPE_CHECKING:
    from dltrain.train.outcome import Outcome
    from dltrain.train.trainer import Trainer

# Of more epochs than this about so many are shown, the first and the last among them, and where
# they take long one every so many seconds.
MOST_ROWS, SHOWN_ROWS, SECONDS = 100, 20, 5.0


class TrainingView:
    """Shows a training: a row per epoch, of many some, and on a terminal a live bar below.

    The bar asks the trainer how far it is, ten times a second; the trainer never calls the bar.
    """

    def __init__(self, console: rich.console.Console) -> None:
        self._console, self._stream = console, lasting(console)
        self._epochs, self._shown = 0, time.monotonic()
        self._columns: list[str] = []

    def show(self, *things: object) -> None:
        """Print one below the other."""
        show(self._console, things)

    def check(self) -> None:
        """Say what became of the terminal, which the training did not wait for.

        Raises:
            OSError: If it failed meanwhile.
        """
        self._stream.check()

    @contextmanager
    def working(self, what: str) -> Iterator[None]:
        """Show that something takes a while; nothing in a pipe."""
        if not self._console.is_terminal:
            yield
            return
        with self._console.status(Text(what, style="dim")):
            yield

    @contextmanager
    def watching(self, training: Trainer) -> Iterator[None]:
        """Draw the live bar while the block runs; new records of the best metric get a star."""
        self._epochs = training.rules.epochs
        self._columns = [name for name in training.columns if "/" in name]
        header = "  ".join(f"{name:>{_width(name)}}" for name in self._columns)
        self.show(Text(f"{'epoch':>11}  {header}  {'time':>10}", style="bold"))
        if not self._console.is_terminal:
            yield
            return
        with _PullingProgress(training, console=self._console):
            yield

    def epoch(
        self, rows: Sequence[Mapping[str, float]], outcomes: Sequence[Outcome], *, seconds: float
    ) -> None:
        """Show one epoch of the first member; its name stands in the header."""
        number, now = int(rows[0]["epoch"]), time.monotonic()
        every = -(-self._epochs // SHOWN_ROWS) if self._epochs > MOST_ROWS else 1
        waits = now < self._shown + SECONDS and outcomes[0].status == "running"
        if number % every and number != 1 and waits:
            return
        self._shown = now
        row = {n: x if _is_measured(n, rows[0]) else math.nan for n, x in rows[0].items()}
        cells = [f"{_metric(row.get(name)):>{_width(name)}}" for name in self._columns]
        epoch = f"{number}/{self._epochs}"
        line = f"{epoch:>11}  {'  '.join(cells)}  {duration(seconds):>10}"
        self.show(Text(line + (" *" if outcomes[0].improved else "")))

    def early(self, rows: Sequence[Mapping[str, float]]) -> None:
        """Show the running metrics of an epoch under way."""
        row = rows[0]
        metrics = "  ".join(f"{name} {_metric(v)}" for name, v in row.items() if "/" in name)
        self.show(Text(f"{'step':>4} {row['step']:.0f}  {metrics}", style="dim"))


class _PullingProgress(Progress):
    def __init__(self, training: Trainer, *, console: rich.console.Console) -> None:
        self._training = training
        super().__init__(
            BarColumn(bar_width=None),
            TextColumn("{task.completed:,.0f}/{task.total:,.0f} steps", markup=False),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._bar = self.add_task("", total=training.num_steps)

    def get_renderables(self):  # type: ignore[no-untyped-def]
        """Ask before each drawing."""
        if self.tasks:
            self.update(self._bar, completed=self._training.step)
        return super().get_renderables()


def _is_measured(name: str, row: Mapping[str, float]) -> bool:
    """Whether a number says something: outputs of no finite loss are none that can be judged."""
    return name.endswith("/loss") or math.isfinite(row.get(f"{name.partition('/')[0]}/loss", 0.0))


def _metric(value: float | None) -> str:
    return "" if value is None else figure(value)


def _width(name: str) -> int:
    return max(len(name), 9)
