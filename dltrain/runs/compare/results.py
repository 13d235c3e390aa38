"""Results of members of a sweep, or of compared runs, and their ranking.

Everything is read from run folders; neither the data nor a sweep's plan is needed.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dltrain.config.overrides import Overrides
from dltrain.metrics import better, higher_is_better
from dltrain.runs import metrics_file
from dltrain.runs.compare import field_names
from dltrain.runs.compare.field_names import Numbers
from dltrain.runs.find import members
from dltrain.runs.run import Run

# Of a run that has more, some are looked at.
EPOCHS = 5_000
# Of these members something may come yet; of those nothing will.
UNFINISHED, LOST = ("running", "interrupted", "crashed", "missing"), ("diverged", "failed")


@dataclass(frozen=True)
class Result:
    """The result of one member."""

    index: int  # the member's number
    setting: Mapping[str, str]  # what tells it from the others: key -> text
    words: tuple[str, ...]  # what to type to train it alone
    # ``done``, ``diverged``, ``failed``, ``interrupted``, ``crashed``, ``running``, or
    # ``missing`` if it has not begun
    status: str
    value: float | None = None  # of the metric that sorts; None if there is none that may be ranked
    so_far: float | None = None  # the same, of a member of which more may come
    epoch: int = 0  # of either
    # every number by name, as ``field_names`` has them
    metrics: Numbers = field(default_factory=dict)
    message: str = ""  # what there is to say
    run: Run | None = field(default=None, repr=False)  # of one that has begun, its folder

    def as_plain(self) -> dict[str, object]:
        """Return it for programs."""
        return {name: value for name, value in vars(self).items() if name != "run"}


def numbers_of(run: Run) -> Numbers:
    """Return the numbers of a single run by name; of one that has not ended, those so far."""
    if isinstance(run.part("result", "kept"), dict):
        return field_names.numbers_of(run.info["result"])
    try:
        rows = run.sample(EPOCHS) if "config" in run.info else []  # else it cannot be read
    except ValueError:  # `runs show` says what is wrong with it
        rows = []
    return _so_far(run, [_numbers(row) for row in rows])


def _so_far(run: Run, rows: Sequence[Numbers]) -> Numbers:
    """Return the numbers of the recorded epochs, named as in a record."""
    if not rows:
        return {}
    metric, best = str(run.part("metric")), {}
    last = kept = rows[-1]
    valued = [row for row in rows if metric in row]
    if valued:
        first = functools.reduce(lambda a, b: b if better(b, a, metric=metric) else a, valued)
        best = {"metric": metric, "value": first[metric], "epoch": first.get("epoch")}
        kept = first if run.part("keep") == "best" else last
    return field_names.numbers_of({"best": best, "final": last, "kept": kept})


def _numbers(row: Mapping[str, str]) -> Numbers:
    """Return the cells that hold numbers."""
    pairs = ((name, metrics_file.as_number(cell)) for name, cell in row.items())
    return {name: value for name, value in pairs if value is not None}


def result_of(run: Run, *, index: int, setting: Mapping[str, str], metric: str) -> Result:
    """Read a member's result from its record."""
    numbers, status = numbers_of(run), run.status
    value = numbers.get(metric)
    return Result(
        index=index,
        setting=setting,
        words=tuple(run.texts("overrides")),
        status=status,
        value=value if status == "done" else None,
        so_far=value if status in UNFINISHED else None,
        epoch=int(numbers.get(field_names.EPOCH, 0)),
        metrics=numbers,
        message=str(run.part("result", "message") or ""),
        run=run,
    )


def numbered_members(sweep: Run) -> dict[int, Run]:
    """Read the members of a sweep that have begun, by number; other folders are none."""
    runs = [run for run in members(sweep) if re.fullmatch(r"[0-9]{1,9}", run.folder.name)]
    return {int(run.folder.name): run for run in runs}


def results_of(sweep: Run, runs: Mapping[int, Run], *, metric: str) -> list[Result]:
    """Read the results of a sweep's members, in order of their numbers."""
    results = []
    for index, run in runs.items():
        typed = Overrides.parse(run.texts("overrides")).texts
        setting = {key: typed.get(key, "-") for key in sweep.texts("varying")}
        results.append(result_of(run, index=index, setting=setting, metric=metric))
    return results


def rank(metric: str, *, status: str, value: float | None) -> tuple[int, float]:
    """Sort key of a run, best first: finished ones, those under way, and all others."""
    tier = 0 if status == "done" else 1 if status in UNFINISHED else 2
    if value is None or tier == 2:  # what diverged has no value that counts
        return 2, 0.0
    return tier, -value if higher_is_better(metric) else value


def ranking(results: Sequence[Result], metric: str) -> list[Result]:
    """Sort all members, best first; equal ones by number."""

    def key(result: Result) -> tuple[int, float, int]:
        value = result.so_far if result.value is None else result.value
        return *rank(metric, status=result.status, value=value), result.index

    return sorted(results, key=key)


def ranked(results: Sequence[Result], metric: str) -> list[Result]:
    """Sort the members that have a value, best first."""
    return [result for result in ranking(results, metric) if result.value is not None]


def leading(results: Sequence[Result], metric: str) -> list[Result]:
    """Sort unfinished members by their metric so far, those without a value last."""
    return [result for result in ranking(results, metric) if result.status in UNFINISHED]


def counts(results: Sequence[Result]) -> dict[str, int]:
    """Count the members of each status."""
    statuses = [result.status for result in results]
    return {status: statuses.count(status) for status in dict.fromkeys(statuses)}
