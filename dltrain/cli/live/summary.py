"""The summary of a run that has ended."""

from __future__ import annotations

from dltrain.cli.terminal.console import bold, pairs, published
from dltrain.runs.run import Run
from dltrain.runs.run_time import seconds_of
from dltrain.runs.summary import SPLITS, result_lines
from dltrain.text import duration


def summary(run: Run) -> list[object]:
    """Return what is shown after training."""
    parts: list[tuple[str, object]] = []
    message = run.part("result", "message")
    if message and run.part("status") == "done":
        parts.append(("note", message))
    parts += stressed(run)
    parts.append(("time", f"{duration(seconds_of(run) or 0.0)} of training"))
    lines: list[object] = ["", pairs(parts)]
    expectations = run.part("result", "expectations")
    return [*lines, "", published(expectations)] if expectations else lines


def stressed(run: Run) -> list[tuple[str, object]]:
    """Return what a run came to, its figures stressed."""
    return [(name, bold(text) if name in SPLITS else text) for name, text in result_lines(run)]
