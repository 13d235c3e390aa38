"""Repeats: members that differ in seeds, splits of the rows or folds are averaged, never ranked."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from dltrain.runs.compare.results import Result

# Keys in which repeats differ; SPLITS also change which rows train and which judge.
SPLITS = ("data.seed", "data.fold")
REPEATS = ("seed", *SPLITS)
_CALLED = {"seed": "seeds", "data.seed": "splits", "data.fold": "folds"}


def is_repeated(results: Sequence[Result]) -> bool:
    """Whether settings were run several times, with other seeds or other splits of the rows."""
    return any(key in result.setting for result in results for key in REPEATS)


def is_split(results: Sequence[Result]) -> bool:
    """Whether members learned from, and were judged by, different splits of the rows."""
    return any(key in result.setting for result in results for key in SPLITS)


def repeats_called(results: Sequence[Result]) -> str:
    """Say what the members differ in that is averaged: ``seeds and folds``."""
    keys = [key for key in REPEATS if len({result.setting.get(key) for result in results}) > 1]
    return " and ".join(_CALLED[key] for key in keys)


def setting_keys(results: Sequence[Result]) -> list[str]:
    """Return the keys in which settings differ: all but those of repeats."""
    return [key for key in (results[0].setting if results else ()) if key not in REPEATS]


def repeat_of(result: Result, keys: Sequence[str]) -> tuple[str, ...]:
    """Return which repeat a result is of: what it has of the keys of repeats."""
    return tuple(result.setting.get(key, "-") for key in keys)


def split_values(results: Sequence[Result]) -> list[float]:
    """Return the value on each split of the rows, the mean of those that share one."""
    values: dict[tuple[str, ...], list[float]] = {}
    for result in results:
        if result.value is not None:
            values.setdefault(repeat_of(result, SPLITS), []).append(result.value)
    return [statistics.fmean(each) for each in values.values()]


def split_ratio(results: Sequence[Result]) -> float:
    """Return how many rows validate for each that trains; 0 if no record tells."""
    for result in results:
        rows = result.run.mapping("data", "rows") if result.run is not None else {}
        train, val = rows.get("train"), rows.get("val")
        if isinstance(train, int) and isinstance(val, int) and train > 0:
            return val / train
    return 0.0
