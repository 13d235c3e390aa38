"""Results of members of a sweep, or of compared runs, and their ranking.

Everything is read from run folders; neither the data nor a sweep's plan is needed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dltrain.config.overrides import Overrides
from dltrain.metrics import choosing, higher_is_better
from dltrain.runs import metrics_file
from dltrain.runs.compare import field_names
from dltrain.runs.compare.field_names import Numbers, counted_name
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
    value: float | None = None  # of the number that sorts; None if there is none that may be ranked
    so_far: float | None = None  # the same, of a member of which more may come
    epoch: int = 0  # of either
    # every number by name, as ``field_names`` has them
    metrics: Numbers = field(default_factory=dict)
    message: str = ""  # what there is to say
    name: str = ""  # which of its numbers sorts, as ``best/val/loss``


def numbers_of(run: Run) -> Numbers:
    """Return the numbers of a single run by name; of one that has not ended, those so far."""
    if isinstance(run.part("result", "final"), dict):
        return field_names.numbers_of(run.info["result"])
    try:
        rows = run.sample(EPOCHS) if "config" in run.info else []  # else it cannot be read
    except ValueError:  # `runs show` says what is wrong with it
        rows = []
    return _so_far(rows)


def _so_far(rows: Sequence[Mapping[str, str]]) -> Numbers:
    """Return the numbers of the recorded epochs, named as in a record."""
    if not rows:
        return {}
    metric = choosing(rows[-1])
    valued = [
        (value, row)
        for row in rows
        if (value := metrics_file.as_number(row.get(metric))) is not None
    ]
    best = {}
    if valued:
        choose = max if higher_is_better(metric) else min
        value, row = choose(valued, key=lambda pair: pair[0])
        epoch = metrics_file.as_number(row.get("epoch"))
        best = {"metric": metric, "value": value, "epoch": epoch}
    last = {name: metrics_file.as_number(cell) for name, cell in rows[-1].items()}
    return field_names.numbers_of({"best": best, "final": last})


def result_of(run: Run, *, index: int, setting: Mapping[str, str], metric: str) -> Result:
    """Read a member's result from its record."""
    numbers, status = numbers_of(run), run.status
    name = counted_name(metric, numbers)
    value = numbers.get(name)
    return Result(
        index=index,
        setting=setting,
        words=tuple(run.texts("overrides")),
        status=status,
        name=name,
        value=value if status == "done" else None,
        so_far=value if status in UNFINISHED else None,
        epoch=int(numbers.get(field_names.epoch_name(name), 0)),
        metrics=numbers,
        message=str(run.part("result", "message") or ""),
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


def shown_name(results: Sequence[Result], metric: str) -> str:
    """Return what the number that sorts is called; without its epoch if they are of both kinds."""
    names = {r.name for r in results if r.value is not None or r.so_far is not None}
    return names.pop() if len(names) == 1 else metric


def counts(results: Sequence[Result]) -> dict[str, int]:
    """Count the members of each status."""
    statuses = [result.status for result in results]
    return {status: statuses.count(status) for status in dict.fromkeys(statuses)}
