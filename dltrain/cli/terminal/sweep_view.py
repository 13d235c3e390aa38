"""The live view of a sweep: its leading members and a bar; every failure as it happens."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import rich.console
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from dltrain.cli.terminal.console import dim, lasting, safe, show, table
from dltrain.metrics import higher_is_better
from dltrain.runs.compare.repeats import SPLITS
from dltrain.text import duration, figure

if TYPE_CHECKING:
    from dltrain.sweep.plan import Member

LEADERS = 8
# In a pipe, how often a line says how far it is.
LINE_SECONDS = 10.0


class SweepView:
    """Shows a sweep."""

    def __init__(
        self,
        console: rich.console.Console,
        *,
        members: Sequence[Member],
        finished: int = 0,
        steps: float,
        metric: str,
    ) -> None:
        self._console, self._stream = console, lasting(console)
        self._members, self._metric = members, metric
        self._sign = -1 if higher_is_better(metric) else 1
        if set(members[0].setting) & set(SPLITS):  # on other rows none leads, it is but luckier
            self._sign = 0
        self._trained, self._failed = finished, 0
        self._values: Mapping[int, tuple[int, float | None]] = {}
        self._next_line = time.monotonic() + LINE_SECONDS
        self._bar = Progress(
            BarColumn(bar_width=None),
            TextColumn("{task.percentage:.0f} %", markup=False),
            TimeRemainingColumn(),
            TextColumn("{task.fields[counts]}", markup=False),
            console=console,
        )
        self._task = self._bar.add_task("", total=steps, counts=self._counts())
        self._live: Live | None = None

    def show(self, *things: object) -> None:
        """Print one below the other."""
        show(self._console, things)

    def check(self) -> None:
        """Say what became of the terminal, which the sweep did not wait for.

        Raises:
            OSError: If it failed meanwhile.
        """
        self._stream.check()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Draw the leaders and the bar while the block runs; nothing in a pipe."""
        if not self._console.is_terminal:
            yield
            return
        with Live(
            get_renderable=self._picture,
            console=self._console,
            transient=True,
            refresh_per_second=5,
        ) as self._live:
            yield

    def progress(self, steps: float, values: Mapping[int, tuple[int, float | None]]) -> None:
        """See ``engine.View``."""
        self._values = values
        self._bar.update(self._task, completed=steps, counts=self._counts())
        if self._live is None and time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + LINE_SECONDS
            best = self._leaders()[:1] if self._sign else []
            leader = f"; leading: {self._line(*best[0])}" if best else ""
            share = self._bar.tasks[0].percentage
            self.show(Text(safe(f"{share:3.0f} %  {self._counts()}{leader}", limit=1000)))

    def trained(self, members: Sequence[Member], seconds: float) -> None:
        """See ``engine.View``."""
        self._trained += len(members)
        together = " together" if len(members) > 1 else ""
        self.show(dim(f"trained {_plural(members)}{together} in {duration(seconds)}"))

    def failed(self, members: Sequence[Member], reason: str) -> None:
        """See ``engine.View``."""
        self._failed += len(members)
        setting = _setting(members[0]) if len(members) == 1 else ""
        which = f"{_plural(members)}{f' ({setting})' if setting else ''}"
        self.show(Text(safe(f"FAILED {which}: {reason}", limit=1000), style="bold red"))

    def note(self, text: str) -> None:
        """See ``engine.View``."""
        self.show(dim(f"note: {text}"))

    def _counts(self) -> str:
        failed = f", {self._failed:,} failed" if self._failed else ""
        return f"{self._trained:,}/{len(self._members):,} trained{failed}"

    def _leaders(self) -> list[tuple[Member, int, float]]:
        """Sort the members by where they stand, if that says anything: (member, epoch, value)."""
        standing = [
            (self._members[index], epoch, value)
            for index, (epoch, value) in self._values.items()
            if value is not None
        ]
        return sorted(standing, key=lambda entry: (self._sign * entry[2], entry[0].index))

    def _line(self, member: Member, epoch: int, value: float) -> str:
        return f"{self._metric} {figure(value)} at epoch {epoch}, {_setting(member)}"

    def _picture(self) -> rich.console.Group:
        keys = list(self._members[0].setting)
        rows = [
            [member.index, *member.setting.values(), epoch, figure(value)]
            for member, epoch, value in self._leaders()[:LEADERS]
        ]
        columns = ["member", *keys, "epoch", self._metric]
        leaders = table(columns, rows, right=["member", "epoch", self._metric], wrapping=keys)
        return rich.console.Group(*([leaders] if rows else []), self._bar)


def _setting(member: Member) -> str:
    return " ".join(f"{key}={text}" for key, text in member.setting.items())


def _plural(members: Sequence[Member]) -> str:
    return f"{'members' if len(members) > 1 else 'member'} {_numbers(members)}"


def _numbers(members: Sequence[Member]) -> str:
    """Name members by number, runs of numbers as 3-7.

    Example:
        >>> from types import SimpleNamespace
        >>> _numbers([SimpleNamespace(index=i, setting={}) for i in (0, 1, 2, 5)])
        '0-2, 5'
    """
    numbers = sorted(member.index for member in members)
    starts = [n for n in numbers if n - 1 not in numbers]
    ends = [n for n in numbers if n + 1 not in numbers]
    parts = [str(a) if a == b else f"{a}-{b}" for a, b in zip(starts, ends, strict=True)]
    return ", ".join(parts[:12]) + (", ..." if len(parts) > 12 else "")
