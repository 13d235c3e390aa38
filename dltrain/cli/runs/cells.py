"""How what is known of a run is written into a table."""

from __future__ import annotations

from typing import Any

from dltrain.check import shown
from dltrain.console import age, duration, figure, number_or_dash
from dltrain.fields import Best, is_metric
from dltrain.runs import Run, members


def cell(name: str, value: Any) -> str:
    """Write a field for people."""
    if value is None:
        return "-"
    if name in ("age", "duration"):
        return age(value) if name == "age" else duration(value)
    return figure(value) if is_metric(name) else shown(value)


def best(found: Best | None) -> str:
    """Write the metric that chose, and its best value."""
    return f"{found[0]} {figure(found[1])}" if found else "-"


def test(run: Run) -> str:
    """Write what a run came to on the rows kept for the end."""
    tests = run.part("result", "test")
    if not isinstance(tests, dict):
        return "-"
    name = next((n for n in ("test/accuracy", "test/rmse") if n in tests), None)
    return f"{name.removeprefix('test/')} {number_or_dash(tests[name])}" if name else "-"


def status(run: Run) -> str:
    """Write how a run stands; of a sweep also how many members are done, and of how many."""
    if not run.is_sweep:
        return run.status
    done = run.part("counts", "done")
    if run.status in ("running", "crashed"):  # it has not counted them yet
        done = sum(member.status == "done" for member in members(run))
    return f"{run.status} {done or 0}/{run.part('members')}"
