"""The members of a sweep: every combination of values, pairs, repeats, and lists of sweeps."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dltrain.config.compose import Sources, compose_groups
from dltrain.config.data_schema import MAX_FOLDS
from dltrain.config.grammar.functions import MAX_VALUES, Value
from dltrain.config.load import sweep_settings
from dltrain.config.overrides import Override, Overrides
from dltrain.config.resolve import Resolved, resolve
from dltrain.config.schema import MAX_SEED, SweepConfig
from dltrain.config.yaml_file import ConfigFileError, Written, build, read_yaml
from dltrain.system.paths import expanded, problem_with


@dataclass(frozen=True)
class Grid:
    """Every combination of some lists of values."""

    overrides: Overrides  # all that is set, in order
    lists: Mapping[str, list[Value]]  # key -> its values; the last one varies fastest
    settings: SweepConfig  # ``zip`` and ``repeat`` of this grid
    location: str = ""  # where it stands, if not on the command line


def expand(
    overrides: Overrides, sources: Sources, *, base: Sequence[Overrides] = ()
) -> tuple[list[Overrides], SweepConfig | None, list[str]]:
    """List the members of a sweep; with ``base``, what overrides make of those members.

    Returns:
        What each member sets, in order, the last key varying fastest; the sweep's settings; and
        one line for each problem.
    """
    resolved = resolve(overrides, sources.groups, sweeping=True)
    settings, problems = sweep_settings(resolved, sources)
    problems += overrides.repeated(sweeping=True)
    if settings is None:  # what else is wrong is said as well
        first = {key: values[0] for key, values in _lists(resolved).items()}
        return [_of_members(resolved.overrides).with_values(first)], None, problems
    if base:
        changed = (member.updated(overrides) for member in base)
        grids = [_grid(resolve(c, sources.groups, sweeping=True), settings) for c in changed]
    elif settings.file is None:
        grids = [_grid(resolved, settings)]
    else:
        grids, lines = read_file(settings, overrides, sources)
        problems += lines
    members: list[Overrides] = []
    for grid in grids:
        listed = _listed(grid, sources)
        if isinstance(listed, str):
            problems.append(f"{grid.location}{listed}")
        elif len(members) + len(listed) > MAX_VALUES:
            line = f"with it the sweep has more than {MAX_VALUES:,} members"
            problems.append(f"{grid.location}{line}")
        else:
            members += listed
    return members, settings, problems


def _grid(resolved: Resolved, settings: SweepConfig) -> Grid:
    """Make a grid of what is set of members."""
    return Grid(_of_members(resolved.overrides), _lists(resolved), settings)


def _of_members(overrides: Overrides) -> Overrides:
    """Leave out the keys of the sweep itself."""
    return overrides.split("sweep.")[1]


def _lists(resolved: Resolved) -> dict[str, list[Value]]:
    return {k: values for k, values in resolved.lists.items() if not k.startswith("sweep.")}


def _listed(grid: Grid, sources: Sources) -> list[Overrides] | str:
    """List the members of one grid, or say what is wrong with it."""
    axes = _axes(grid.lists, grid.settings.zip)
    if isinstance(axes, str):
        return axes
    repeats = grid.settings.repeat
    if repeats > 1 and "seed" in grid.lists:
        return f"sweep.repeat={repeats}: the seed is swept already; leave out one of the two"
    count = math.prod([len(axis) for axis in axes]) * repeats
    if count > MAX_VALUES:
        return f"this makes {count:,} members; at most {MAX_VALUES:,} are allowed"
    members: list[Overrides] = []
    for choices in itertools.product(*axes):
        chosen = {key: value for choice in choices for key, value in choice.items()}
        members += _multiplied(grid.overrides.with_values(chosen), repeats, sources)
        if len(members) > MAX_VALUES:
            return f"with a member for each fold this makes more than {MAX_VALUES:,}; lower it"
    return members


def _axes(
    lists: Mapping[str, list[Value]], paired: Sequence[str]
) -> list[list[dict[str, Value]]] | str:
    """Put the swept keys into axes: key -> value at each step; paired keys share an axis."""
    for key in paired:
        if key not in lists:
            swept = ", ".join(lists) or "none"
            return f"sweep.zip: {key} has no list of values (those that have: {swept})"
    lengths = {key: len(lists[key]) for key in paired}
    if len(set(lengths.values())) > 1:
        counts = ", ".join(f"{key} {length}" for key, length in lengths.items())
        return f"sweep.zip: paired keys need equally many values, not {counts}"
    axes = []
    for key, values in lists.items():
        if key not in paired:
            axes.append([{key: value} for value in values])
        elif key == next(name for name in lists if name in paired):
            axes.append([{k: lists[k][i] for k in paired} for i in range(len(values))])
    return axes


def _multiplied(member: Overrides, repeats: int, sources: Sources) -> list[Overrides]:
    """Return a member for each fold, if it chooses none of them, and each seed, seed + 1, ..."""
    resolved = resolve(member, sources.groups)
    composed = compose_groups(resolved.groups, sources.folders, sources.config_name)

    data = composed.get("data") or {}

    def value(key: str, before: Any) -> Any:
        typed = resolved.values.get(key)
        return typed.parsed if typed else before

    # What is no such number stays as it is; checking the config says so.
    choices: list[dict[str, Value]] = [{}]
    seed = value("seed", composed.get("seed"))
    count, fold = (value(f"data.{name}", data.get(name, -1)) for name in ("folds", "fold"))
    if isinstance(count, int) and 2 <= count <= MAX_FOLDS and fold is None:
        choices = [{"data.fold": Value(str(fold), fold)} for fold in range(count)]
    if repeats > 1 and isinstance(seed, int):
        seeds = [(seed + i) % (MAX_SEED + 1) for i in range(repeats)]
        choices = [{**choice, "seed": Value(str(s), s)} for choice in choices for s in seeds]
    return [member.with_values(choice) for choice in choices]


def read_file(
    settings: SweepConfig, overrides: Overrides, sources: Sources
) -> tuple[list[Grid], list[str]]:
    """Read the sweeps of ``sweep.file``; what is typed beside it holds for each of them.

    Returns:
        A grid for each sweep, and one line for each problem.
    """
    assert settings.file is not None
    entries, problem = _entries(expanded(settings.file))
    if problem:
        return [], [f"sweep.file={settings.file}: {problem}"]
    typed = overrides.without("sweep.file")
    grids, problems = [], []
    for number, entry in enumerate(entries, start=1):
        location = f"sweep.file={settings.file}, sweep {number}"
        grid = _entry(entry, typed, settings, sources, location=location)
        if isinstance(grid, Grid):
            grids.append(grid)
        else:
            problems += [f"{location}: {line}" for line in grid]
    return grids, problems


def _entry(
    entry: Mapping[str, Any],
    typed: Overrides,
    settings: SweepConfig,
    sources: Sources,
    *,
    location: str,
) -> Grid | list[str]:
    """Build the grid of one entry of the file, or say what is wrong with it."""
    problems = [f"{key}: {text}" for key, value in entry.items() if (text := _unusable(key, value))]
    if problems:
        return problems
    overrides = {key: _override(key, value, location) for key, value in entry.items()}
    overrides |= {override.key: override for override in typed.entries}
    whole = Overrides(tuple(overrides.values()))
    resolved = resolve(whole, sources.groups, sweeping=True)
    of_entry, problems = sweep_settings(resolved, sources)
    if of_entry is None:
        return problems
    grid = _grid(resolved, replace(of_entry, metric=settings.metric))
    return replace(grid, location=f"{location}: ")


def _override(key: str, value: Any, location: str) -> Override:
    """Return what an entry of the file sets as if it were typed; a list is a sweep's."""
    if isinstance(value, list) and key != "sweep.zip":
        return Override(key, "", [_value(inner) for inner in value], location)
    return Override(key, _value(value).text, location=location)


def _unusable(key: str, value: Any) -> str | None:
    """Say why an entry of the file cannot be used, or return None."""
    if key == "sweep.file":
        return "cannot stand in a sweep of such a file"
    if key.startswith("sweep.") and key not in ("sweep.zip", "sweep.repeat"):
        return "stands for all sweeps of the file; type it on the command line"
    if value == []:
        return "has no values"
    elements = value if isinstance(value, list) else [value]
    odd = next((element for element in elements if not _is_plain(element)), None)
    if odd is not None:
        return "holds a mapping; give a value, or a list of values"
    return None


def _entries(path: Path) -> tuple[list[dict[str, Any]], str | None]:
    """Read the list of sweeps in a YAML file, or say what is wrong with it."""
    problem = problem_with(path) or (None if path.is_file() else "no such file")
    if problem:
        return [], "is a folder" if os.path.isdir(path) else problem
    try:
        entries = build(read_yaml(path, most_values=4 * MAX_VALUES), path, written=True)
    except ConfigFileError as error:
        return [], error.reason
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return [], "must be a list of sweeps, each with its keys: `- optimizer.lr: [0.1, 0.3]`"
    if not entries:
        return [], "lists no sweeps"
    return [{str(key): value for key, value in entry.items()} for entry in entries], None


def _is_plain(value: Any) -> bool:
    """Whether it can be typed: mappings cannot."""
    return all(map(_is_plain, value)) if isinstance(value, list) else isinstance(value, Written)


def _value(value: Written | list[Any]) -> Value:
    """Return a value of a YAML file as if it were typed."""
    if isinstance(value, Written):
        return Value(value.text, value.parsed)
    inner = [_value(element) for element in value]
    return Value(f"[{','.join(v.text for v in inner)}]", [v.parsed for v in inner])
