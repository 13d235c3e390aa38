"""Training time of a run or a sweep, and its wall time.

Training time is that of all processes that trained it, without the pauses between them. Members
that are trained together each have an equal share of that time, so that members add up; a sweep has
the sum of its members.

A record has the ``seconds`` of the processes that have ended, by their monotonic clock, and
``since`` when the one under way works on it. One that was killed counts the epochs that it left in
``timing.csv``.
"""

from __future__ import annotations

import datetime

from dltrain.runs.find import members
from dltrain.runs.layout import TIMING
from dltrain.runs.metrics_file import as_number
from dltrain.runs.metrics_file import rows as rows_of
from dltrain.runs.run import Run


def seconds_of(run: Run) -> float | None:
    """Return how long a run was trained, so far if it is under way; None if that is not known."""
    before = as_number(run.info.get("seconds"))
    if before is None or run.info.get("status") != "running":
        return before
    if run.is_sweep:  # what it says is of an earlier time
        return sum(seconds_of(member) or 0.0 for member in members(run))
    return before + (since(run) if run.status == "running" else _left_by(run))


def wall_seconds_of(run: Run) -> float | None:
    """Return the time between the start and the end of a run, pauses and all, if it has ended."""
    begun, ended = moment(run.info.get("started")), moment(run.info.get("finished"))
    return None if begun is None or ended is None else ended - begun


def since(run: Run) -> float:
    """Return how long the current process, or one that has just ended, has trained a run."""
    begun = moment(run.info.get("since"))
    now = datetime.datetime.now().timestamp()
    return 0.0 if begun is None else max(now - begun, 0.0) / _together(run)


def _together(run: Run) -> int:
    """Return how many members share the time of a run's process."""
    return max(len(run.texts("sweep", "stack")), 1)


def _left_by(run: Run) -> float:
    """Add up the epochs that a process has recorded which was killed."""
    resumed = run.part("resumed")
    last = resumed[-1] if isinstance(resumed, list) and resumed else {}
    first = as_number(last.get("epoch")) if isinstance(last, dict) else None
    try:
        rows = rows_of(run.folder / TIMING)
    except ValueError:  # no plain file, or longer than any: nothing is known
        return 0.0
    pairs = [[as_number(row.get(name)) for name in ("epoch", "seconds")] for row in rows]
    total = sum(max(s, 0.0) for epoch, s in pairs if epoch and s and epoch > (first or 0))
    return total / _together(run)


def moment(text: object) -> float | None:
    """Return the seconds since 1970 of a moment as a record writes it; None if it is none."""
    try:
        return datetime.datetime.fromisoformat(str(text)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
