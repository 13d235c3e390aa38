"""Fields of a run that lists show, filter and sort by: words and numbers. No torch.

A field is known by a name: ``status``, ``optimizer.lr``, ``val/accuracy``. Those with a dot
are keys of the config, numbers are named in ``field_names``, and the few others in ``fields``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from dltrain.config.overrides import Overrides
from dltrain.config.plain import Fields, flat
from dltrain.runs.compare import field_names
from dltrain.runs.compare.field_names import Numbers
from dltrain.runs.compare.repeats import is_split
from dltrain.runs.compare.results import numbered_members, numbers_of, results_of
from dltrain.runs.compare.settings import best_setting, leader, mean_numbers
from dltrain.runs.metrics_file import as_number
from dltrain.runs.run import Run
from dltrain.runs.run_time import seconds_of

Reached = tuple[str, float]  # the metric that chooses between epochs (or members), and its value
_LEADING_ZERO, _WHOLE = re.compile(r"[+-]?0\d", re.ASCII), re.compile(r"[+-]?\d{1,18}", re.ASCII)
_GROUPS = ("data", "model", "optimizer")  # these have fields of their own


class Id(str):
    """A run's id; also equal to its short form."""

    short: str

    def __new__(cls, run: Run) -> Id:
        """Create the id of a run."""
        made = super().__new__(cls, run.id)
        made.short = run.short
        return made

    def __eq__(self, other: object) -> bool:
        return str(self) == other or self.short == other

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(str(self))

    def __str__(self) -> str:
        return str.__str__(self)


def fields(run: Run) -> Fields:
    """Return all fields of a run or a sweep; unknown ones are left out."""
    return fields_and_reached(run)[0]


@dataclass(frozen=True)
class Standing:
    """The metric that a run or a sweep has reached."""

    numbers: Numbers  # by name; of a sweep those of its best member
    reached: Reached | None = None  # the one that chooses between epochs, or between members
    member: int | None = None  # the number of that member, if it is a sweep
    mean_of: int | None = None  # of how many members they are means, if those are of several splits


def standing_of(run: Run) -> Standing:
    """Return the metric that a run or a sweep has reached, so far if it is under way."""
    if not run.is_sweep:
        numbers, metric = numbers_of(run), str(run.part("metric"))
        return Standing(numbers, (metric, numbers[metric]) if metric in numbers else None)
    metric = str(run.part("metric"))
    if run.status in ("running", "crashed"):  # its record is of an earlier time
        numbers, member, mean_of = _so_far(run, metric)
    else:
        member, mean_of = (
            run.part("result", *path) for path in (("best", "member"), ("mean", "count"))
        )
        numbers = field_names.finite(run.mapping("result", "metrics"))
    best = (metric, numbers[metric]) if metric in numbers else None
    counts = [each if isinstance(each, int) else None for each in (member, mean_of)]
    return Standing(numbers, best, *counts)


def _so_far(sweep: Run, metric: str) -> tuple[Numbers, int | None, int | None]:
    """Return the numbers of the member that leads, and which that is; or means, and of how many."""
    results = results_of(sweep, numbered_members(sweep), metric=metric)
    if is_split(results):
        setting = best_setting(results, metric)
        return (mean_numbers(setting), None, len(setting.results)) if setting else ({}, None, None)
    first = leader(results, metric)
    return (first.metrics, first.index, None) if first else ({}, None, None)


def fields_and_reached(run: Run) -> tuple[Fields, Reached | None]:
    """Return all fields of a run or a sweep, and the result of ``reached_by``.

    ``started`` is text, ``age`` and ``duration`` are seconds; ``stack`` says how many members
    were trained together. A sweep has the keys it was given, as they were typed, and the numbers of
    its best ``member``.
    """
    config, standing, stack = run.part("config"), standing_of(run), run.texts("sweep", "stack")
    known: Fields = {
        "id": Id(run),
        "status": run.status,
        "label": run.label or None,
        "started": run.info.get("started"),
        "age": as_number(run.age_seconds),
        "duration": seconds_of(run),
        "stack": len(stack) or None,
        "data": run.part("data", "name"),
        "model": run.part("model", "name"),
        "optimizer": run.part("config", "optimizer", "kind"),
        "parameters": run.part("model", "parameters"),
        "member": standing.member,
        "mean_of": standing.mean_of,
        "message": run.part("result", "message") or None,
        **(flat(config) if isinstance(config, dict) else _typed(run)),
        **standing.numbers,
    }
    for key, text in _words(run).items():  # choices of groups that have no field, as experiment
        known.setdefault(key, text)
    return {name: value for name, value in known.items() if value is not None}, standing.reached


def _words(run: Run) -> dict[str, str]:
    """Return the typed values of a run, by key."""
    return Overrides.parse(run.texts("overrides")).texts


def _typed(run: Run) -> Fields:
    """Return the typed values of a sweep, by key: numbers, and text where there are several."""
    return {key: _read(text) for key, text in _words(run).items() if key not in _GROUPS}


def _read(text: str) -> int | float | str:
    """Read what was typed: a number as one, whole if it is; 007 and the like are text."""
    number = as_number(text)
    if number is None or _LEADING_ZERO.match(text):
        return text
    return int(text) if _WHOLE.fullmatch(text) else number


def typed_keys(run: Run) -> list[str]:
    """List the keys that were typed for a run, group choices among them."""
    return [key for key in _words(run) if key != "output_dir"]


def reached_by(run: Run) -> Reached | None:
    """Return the number that chose between epochs (or members), by name."""
    return standing_of(run).reached
