"""Repeats: members that differ in seeds, splits of the rows or folds are averaged, never ranked."""

from __future__ import annotations

from collections.abc import Sequence

from dltrain.runs.compare.results import Result

# Keys in which repeats differ; SPLITS also change which rows train and which judge.
SPLITS = ("data.seed", "data.fold")
REPEATS = ("seed", *SPLITS)


def is_repeated(results: Sequence[Result]) -> bool:
    """Whether settings were run several times, with other seeds or other splits of the rows."""
    return any(key in result.setting for result in results for key in REPEATS)


def is_split(results: Sequence[Result]) -> bool:
    """Whether members learned from, and were judged by, different splits of the rows."""
    return any(key in result.setting for result in results for key in SPLITS)


def setting_keys(results: Sequence[Result]) -> list[str]:
    """Return the keys in which settings differ: all but those of repeats."""
    return [key for key in (results[0].setting if results else ()) if key not in REPEATS]
