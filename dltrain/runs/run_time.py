"""Working time of a run or a sweep, of all its processes, without the pauses between them.

A record has the ``seconds`` of the processes that have ended, by their monotonic clock, and
``since`` when the one under way works on it. One that was killed counts up to the last that it
left: epochs of ``timing.csv``, members that ended.
"""

from __future__ import annotations

import datetime

from dltrain.runs.find import members
from dltrain.runs.layout import TIMING
from dltrain.runs.metrics_file import as_number
from dltrain.runs.metrics_file import rows as rows_of
from dltrain.runs.run import Run


def seconds_of(run: Run) -> float | None:
    """Return how long a run took, or has taken so far; None if that is not known."""
    before = as_number(run.info.get("seconds"))
    if before is None or run.info.get("status") != "running":
        return before
    if run.status == "running":
        return before + since(run)
    return before + (_left_by_sweep(run) if run.is_sweep else _left_by_run(run))


def since(run: Run) -> float:
    """Return the seconds that the current process has worked on a run."""
    begun = moment(run.info.get("since"))
    return 0.0 if begun is None else max(datetime.datetime.now().timestamp() - begun, 0.0)


def _left_by_run(run: Run) -> float:
    """Add up the epochs that a process has recorded which was killed."""
    resumed = run.part("resumed")
    last = resumed[-1] if isinstance(resumed, list) and resumed else {}
    first = as_number(last.get("epoch")) if isinstance(last, dict) else None
    try:
        rows = rows_of(run.folder / TIMING)
    except ValueError:  # no plain file, or longer than any: nothing is known
        return 0.0
    pairs = [[as_number(row.get(name)) for name in ("epoch", "seconds")] for row in rows]
    return sum(max(s, 0.0) for epoch, s in pairs if epoch and s and epoch > (first or 0))


def _left_by_sweep(sweep: Run) -> float:
    """Return how long a sweep whose process was killed had lived when a member last gave a sign."""
    begun = moment(sweep.info.get("since"))
    if begun is None:
        return 0.0
    ends = [end for member in members(sweep) if (end := _last_sign(member)) is not None]
    return max([end - begun for end in ends if end > begun], default=0.0)


def _last_sign(member: Run) -> float | None:
    if member.info.get("status") != "running":
        return moment(member.info.get("finished"))
    begun = moment(member.info.get("since"))
    return None if begun is None else begun + _left_by_run(member)


def moment(text: object) -> float | None:
    """Return the seconds since 1970 of a moment as a record writes it; None if it is none."""
    try:
        return datetime.datetime.fromisoformat(str(text)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
