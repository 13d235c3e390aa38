"""Cells of a table of runs: how a field is written."""

from __future__ import annotations

from typing import Any

from dltrain.config.plain import Fields, shown
from dltrain.runs.compare.field_names import is_metric, tests
from dltrain.runs.compare.fields import Reached
from dltrain.runs.find import members
from dltrain.runs.run import Run
from dltrain.text import age, duration, figure, whole_number


def cell(name: str, value: Any) -> str:
    """Write a field for people."""
    if value is None:
        return "-"
    if name in ("age", "duration"):
        return age(value) if name == "age" else duration(value)
    return figure(value) if is_metric(name) else shown(value)


def measured(text: str | None) -> str:
    """Write a cell of ``metrics.csv``; a dash where nothing was measured."""
    try:
        return figure(float(text or "nan"))
    except ValueError:
        return str(text)


def result(reached: Reached | None, *, mean_of: object = None) -> str:
    """Write the metric that chooses, and its value, which may be a mean of so many."""
    mean = f" (mean of {mean_of})" if mean_of else ""
    return f"{reached[0]} {figure(reached[1])}{mean}" if reached else "-"


def test(known: Fields) -> str:
    """Write what a run came to on the rows kept for the end; of a sweep its best member."""
    name = next((name for name in tests() if name in known), None)
    if name is None:
        return "-"
    whose = f" (member {known['member']})" if "member" in known else ""
    whose = f" (mean of {known['mean_of']})" if "mean_of" in known else whose
    return f"{name.rpartition('/')[2]} {figure(known[name])}{whose}"


def status(run: Run) -> str:
    """Write how a run stands; of a sweep also how many members are done, and of how many."""
    if not run.is_sweep:
        return run.status
    done = run.part("counts", "done")
    if run.status in ("running", "crashed"):  # it has not counted them yet
        done = sum(member.status == "done" for member in members(run))
    return f"{run.status} {whole_number(done or 0)}/{whole_number(run.part('members'))}"
