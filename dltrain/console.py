"""What is shown on the terminal: tables, the live view of a training, safe text.

The only place that imports rich. Text from outside (column names, paths, run folders) is data: it
is never read as markup and its control characters are shown, not obeyed.
"""

from __future__ import annotations

import math
import os
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, Protocol

import rich.console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

MAX_TEXT = 300
# A pipe has no edge to wrap at; tables are as wide as their content.
PIPE_WIDTH = 4096
# Invisible marks that change the direction or the joining of the text around them.
_MARKS = {*range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x2070), 0xFEFF}


def safe(text: object, *, limit: int = MAX_TEXT) -> str:
    r"""Escape whatever a terminal would obey, and bound the length.

    Example:
        >>> safe("red \x1b[31m")
        'red \\x1b[31m'
    """
    shown = "".join(_escaped(character) for character in str(text)[: limit + 1])
    return shown if len(str(text)) <= limit else f"{shown[:limit]}..."


def _escaped(character: str) -> str:
    code = ord(character)
    if unicodedata.category(character) in ("Cc", "Cs", "Cf", "Co", "Cn") or code in _MARKS:
        return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
    return character


class _Console(rich.console.Console):
    """A console that tells when its reader has gone, where rich would exit by itself."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def output(file: IO[str] | None = None) -> rich.console.Console:
    """Return the console to print on: plain in a pipe, coloured on a terminal."""
    console = _Console(file=file, markup=False, emoji=False, highlight=False, soft_wrap=True)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PIPE_WIDTH
    reconfigure = getattr(console.file, "reconfigure", None)
    if reconfigure is not None:  # a character the terminal cannot show is no reason to stop
        reconfigure(errors="backslashreplace")
    return console


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    right: Sequence[str] = (),
    wrapping: Sequence[str] | None = None,
) -> Table:
    """Lay out rows of foreign text.

    Args:
        columns: Their names.
        rows: Cells.
        right: Columns of numbers, which stand on the right.
        wrapping: Columns that give way on a narrow terminal; None: all of them.
    """
    result = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    for name in columns:
        side = "right" if name in right else "left"
        stiff = wrapping is not None and name not in wrapping
        result.add_column(
            Text(safe(name)),
            justify=side,  # type: ignore[arg-type]
            overflow="ellipsis" if stiff else "fold",
            no_wrap=stiff,
        )
    for row in rows:
        result.add_row(*(cell if isinstance(cell, Text) else Text(safe(cell)) for cell in row))
    return result


def published(rows: Sequence[Mapping[str, object]]) -> Table:
    """Lay out results beside published ones, as ``run.json`` has them."""
    cells = [
        [
            row.get("metric"),
            number_or_dash(row.get("value")),
            number_or_dash(row.get("published")),
            f"{number_or_dash(row.get('low'))} to {number_or_dash(row.get('high'))}",
            "yes" if row.get("inside") is True else "NO",
            row.get("source"),
        ]
        for row in rows
    ]
    columns = ["result", "yours", "published", "band", "inside", "source"]
    return table(columns, cells, right=["yours", "published"])


def number_or_dash(value: object) -> str:
    """Write whatever a record holds where a number should stand."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    try:
        return figure(float(value)) if number else "-"  # type: ignore[arg-type]
    except OverflowError:
        return "-"


def pairs(items: Sequence[tuple[str, object]]) -> rich.console.Group:
    """Lay out names and what they are, one per line, the names in a column."""
    width = max((len(name) for name, _ in items), default=0)
    return rich.console.Group(
        *(
            Text.assemble(
                (f"{safe(name):<{width}}  ", "dim"),
                value if isinstance(value, Text) else safe(value, limit=2000),
            )
            for name, value in items
        )
    )


def bold(text: str) -> Text:
    """Stress a text."""
    return Text(safe(text), style="bold")


def dim(text: str) -> Text:
    """Put a text into the background."""
    return Text(safe(text, limit=1000), style="dim")


def warning(text: str) -> Text:
    """Make a text hard to overlook."""
    return Text(f"WARNING: {safe(text, limit=1000)}", style="bold yellow")


def figure(value: float) -> str:
    """Write a number for people: four significant digits."""
    if not math.isfinite(value):
        return "-" if math.isnan(value) else str(value)
    return f"{value:,.0f}" if abs(value) >= 10_000 and value == round(value) else f"{value:.4g}"


def duration(seconds: float) -> str:
    """Write a duration in its two largest units: ``0.15 s``, ``2 min 5 s``, ``3 h 20 min``."""
    if not math.isfinite(seconds):
        return "-"
    if seconds < 10:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 1:
        return f"{rest} s"
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 24 else f"{hours // 24} d {hours % 24} h"


def age(seconds: float) -> str:
    """Write how long ago something was: ``now``, ``25 s``, ``3 h 20 min``."""
    return "now" if seconds < 1 else f"{seconds:.0f} s" if seconds < 10 else duration(seconds)


class Training(Protocol):
    """The part of a trainer that a view reads."""

    step: int
    epochs: int
    best_metric: str

    @property
    def higher_is_better(self) -> bool:
        """Which way the best metric chooses."""
        ...

    @property
    def columns(self) -> list[str]:
        """Names of what a row may hold."""
        ...

    @property
    def num_steps(self) -> int:
        """Updates in all."""
        ...


class TrainingView:
    """Shows a training: a row per epoch, and on a terminal a live bar below.

    The bar asks the trainer how far it is, ten times a second; the trainer never calls the bar.
    """

    def __init__(self, console: rich.console.Console) -> None:
        self._console = console
        self._epochs = 0
        self._columns: list[str] = []
        self._best = ""
        self._sign = 1
        self._best_value = -math.inf

    def show(self, *things: object) -> None:
        """Print one below the other; a terminal that has gone does not stop the training."""
        try:
            for thing in things:
                self._console.print(thing)
        except OSError:
            self._console.quiet = True

    @contextmanager
    def working(self, what: str) -> Iterator[None]:
        """Show that something takes a while; nothing in a pipe."""
        if not self._console.is_terminal:
            yield
            return
        with self._console.status(Text(what, style="dim")):
            yield

    @contextmanager
    def watching(self, training: Training) -> Iterator[None]:
        """Draw the live bar while the block runs; new records of the best metric get a star."""
        self._epochs = training.epochs
        self._columns = [name for name in training.columns if "/" in name]
        self._best, self._sign = training.best_metric, 1 if training.higher_is_better else -1
        self._best_value = -math.inf * self._sign
        header = "  ".join(f"{name:>{_width(name)}}" for name in self._columns)
        self.show(Text(f"{'epoch':>11}  {header}  {'time':>10}", style="bold"))
        if not self._console.is_terminal:
            yield
            return
        with _PullingProgress(training, console=self._console):
            yield

    def epoch(self, rows: Sequence[Mapping[str, float]], *, seconds: float) -> None:
        """Show one epoch of the first member; its name stands in the header."""
        row = rows[0]
        cells = [f"{_metric(row.get(name)):>{_width(name)}}" for name in self._columns]
        epoch = f"{row['epoch']:.0f}/{self._epochs}"
        line = f"{epoch:>11}  {'  '.join(cells)}  {duration(seconds):>10}"
        self.show(Text(line + (" *" if self._is_record(row) else "")))

    def early(self, rows: Sequence[Mapping[str, float]]) -> None:
        """Show the running metrics of an epoch under way."""
        row = rows[0]
        metrics = "  ".join(f"{name} {_metric(v)}" for name, v in row.items() if "/" in name)
        self.show(Text(f"{'step':>4} {row['step']:.0f}  {metrics}", style="dim"))

    def _is_record(self, metrics: Mapping[str, float]) -> bool:
        value = metrics.get(self._best, math.nan)
        if math.isnan(value) or not self._sign * value > self._sign * self._best_value:
            return False
        self._best_value = value
        return True


class _PullingProgress(Progress):
    def __init__(self, training: Training, *, console: rich.console.Console) -> None:
        self._training = training
        super().__init__(
            BarColumn(bar_width=None),
            TextColumn("{task.completed:,.0f}/{task.total:,.0f} steps"),
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


def _metric(value: float | None) -> str:
    return "" if value is None else ("nan" if math.isnan(value) else f"{value:.4g}")


def _width(name: str) -> int:
    return max(len(name), 9)
