"""Lists of runs: which runs, in what order, with what columns. No torch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dltrain.config.plain import Fields
from dltrain.metrics import higher_is_better
from dltrain.runs.compare.field_names import Names, is_metric
from dltrain.runs.compare.fields import Reached, fields_and_reached, typed_keys
from dltrain.runs.compare.filters import condition
from dltrain.runs.compare.repeats import is_repeated, setting_keys
from dltrain.runs.compare.results import Result, numbered_members, rank, results_of
from dltrain.runs.compare.settings import grouped
from dltrain.runs.run import Run
from dltrain.text import clipped, closest

# Keys that get a column if nobody says which; more would not fit beside one another.
MAX_KEYS = 8
_FIXED_COLUMNS = ("data", "model")
_NO_MATTER = ("sweep", "tracking")  # what decides no number


@dataclass(frozen=True)
class Row:
    """A run in a list."""

    run: Run
    # its place in the whole list, from 1, by which ``@3`` names it; None for a member
    number: int | None
    fields: Fields  # what can be said of it
    # the metric that chose between epochs (or members), and its best value
    reached: Reached | None = None


def rows(runs: Iterable[Run], *, numbered: bool = True) -> list[Row]:
    """Turn runs into rows of a list, in order."""
    return [
        Row(run, number if numbered else None, *fields_and_reached(run))
        for number, run in enumerate(runs, start=1)
    ]


def known(listed: Sequence[Row]) -> Names:
    """Return the names of all fields of any run in the list."""
    return Names.of(row.fields for row in listed)


def resolve(option: str, name: str, names: Names) -> str:
    """Find a field by its name, by the last part of a key, or by a metric alone.

    Raises:
        ValueError: If none or several fit.
    """
    fits = names.fits(name)
    if len(fits) == 1:
        return fits[0]
    if fits:
        raise ValueError(f"{option}={clipped(name)}: is one of {', '.join(fits)}")
    hint = closest(name, names.full) or closest(name, names.short)
    raise ValueError(f"{option}={clipped(name)}: no listed run has such a field{hint}")


def selected(
    listed: Sequence[Row],
    *,
    where: str | None = None,
    sort: str | None = None,
    top: int | None = None,
) -> list[Row]:
    """Choose and sort the rows of a list.

    Args:
        listed: All of them.
        where: A filter (``filters.py``); None: all.
        sort: A field: metrics best first, all else ascending, ``-`` before it the other way round;
            runs without it come last. None: as they are.
        top: How many are left at most.

    Raises:
        ValueError: If the filter or the field cannot be used.
    """
    chosen, names = list(listed), known(listed)
    if where is not None and chosen:
        fits = condition(where, names)
        chosen = [row for row in chosen if fits(row.fields)]
    if sort is not None and listed:
        chosen = _sorted(chosen, resolve("--sort", sort.removeprefix("-"), names), sort[0] == "-")
    return chosen[:top]


def _sorted(chosen: Sequence[Row], name: str, turned: bool) -> list[Row]:
    """Sort by a field; numbers come before texts."""
    with_it = [row for row in chosen if name in row.fields]
    down = (is_metric(name) and higher_is_better(name)) != turned

    def key(row: Row) -> tuple[bool, Any]:
        value = row.fields[name]
        number = isinstance(value, int | float)
        return (number is down, value if number else str(value))

    order = sorted(with_it, key=key, reverse=down)
    return order + [row for row in chosen if name not in row.fields]


def best_first(listed: Sequence[Row], sweep: Run | None) -> list[Row]:
    """Put a sweep's members into order, best first, those without a result last; or leave all.

    Repeats are not ranked: they stand together, in order of their numbers, the best mean first.
    """
    if sweep is None:
        return list(listed)
    metric = str(sweep.part("metric"))
    results = results_of(sweep, numbered_members(sweep), metric=metric)
    if is_repeated(results):
        return _by_setting(listed, results, metric)

    def key(row: Row) -> tuple[int, float]:
        value = row.fields.get(metric)
        return rank(metric, status=row.run.status, value=value)

    return sorted(listed, key=key)


def _by_setting(listed: Sequence[Row], results: Sequence[Result], metric: str) -> list[Row]:
    keys = setting_keys(results)
    order = [each.setting for each in grouped(results, metric, keys=keys)]
    ranks = {
        result.run.folder: order.index({key: result.setting.get(key, "-") for key in keys})
        for result in results
        if result.run is not None
    }
    return sorted(listed, key=lambda row: ranks.get(row.run.folder, len(order)))


def varying(listed: Sequence[Row]) -> list[str]:
    """Return the keys typed for any of the runs whose values differ.

    What tells most of them apart comes first. Of a single run it is all that was typed.
    """
    counts: dict[str, int] = {}
    for row in listed:
        for key in dict.fromkeys(typed_keys(row.run)):
            counts[key] = counts.get(key, 0) + 1
    distinct = {
        key: _distinct(listed, key)
        for key in counts
        if key not in _FIXED_COLUMNS and key.partition(".")[0] not in _NO_MATTER
    }
    keys = [key for key, count in distinct.items() if len(listed) == 1 or count > 1]
    return sorted(keys, key=lambda key: (-distinct[key], -counts[key]))


def differs(listed: Sequence[Row], name: str) -> bool:
    """Whether a field is not the same in all of the runs."""
    return _distinct(listed, name) > 1


def _distinct(listed: Sequence[Row], key: str) -> int:
    return len({repr(row.fields.get(key)) for row in listed})
