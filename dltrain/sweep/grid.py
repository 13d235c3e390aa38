"""Which settings a sweep runs through: every combination, pairs, repeats, and lists of sweeps."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dltrain.config.compose import Sources, compose_groups
from dltrain.config.grammar.functions import MAX_VALUES, Value
from dltrain.config.load import sweep_settings
from dltrain.config.overrides import Words, read_words
from dltrain.config.schema import MAX_SEED, SweepConfig
from dltrain.config.yaml_file import ConfigFileError, Written, build, read_yaml
from dltrain.system.paths import expanded, problem_with


@dataclass(frozen=True)
class Setting:
    """One point of the grid.

    Attributes:
        words: Group choices and values, none of them a list.
        typed: Key -> text: what a person would type for this point alone.
    """

    words: Words
    typed: Mapping[str, str]


@dataclass(frozen=True)
class Grid:
    """Every combination of some lists of values.

    Attributes:
        typed: Key -> text of everything that was typed, in order.
        words: The same, read.
        told: ``zip`` and ``repeat`` of this grid.
        place: Where it stands, if not on the command line.
    """

    typed: Mapping[str, str]
    words: Words
    told: SweepConfig
    place: str = ""


def expand(
    overrides: Sequence[str], sources: Sources, *, base: Sequence[Sequence[str]] = ()
) -> tuple[list[Setting], SweepConfig | None, list[str]]:
    """Read a sweep's command line.

    Args:
        overrides: Words as typed.
        sources: Where their groups are found.
        base: Words of members that the overrides are made to, if it begins with such.

    Returns:
        The settings in order, the last key varying fastest; what the sweep is told; and one line
        for each problem.
    """
    words = read_words(overrides, sources.groups, sweeping=True)
    told, problems = sweep_settings(words, sources)
    if told is None:  # what else is wrong is said as well
        first = {key: values[0] for key, values in words.lists.items()}
        return [_setting({}, words, first, sources)], None, problems
    if base:
        grids = [_based(member, overrides, told, sources) for member in base]
    elif told.file is None:
        grids = [Grid(_typed(overrides), words, told)]
    else:
        grids, complaints = read_file(told, overrides, sources)
        problems += complaints
    settings: list[Setting] = []
    for grid in grids:
        found = _listed(grid, sources)
        if isinstance(found, str):
            problems.append(f"{grid.place}{found}")
        elif len(settings) + len(found) > MAX_VALUES:
            problems.append(f"{grid.place}with it the sweep has more than {MAX_VALUES:,} members")
        else:
            settings += found
    return settings, told, problems


def _based(
    member: Sequence[str], changes: Sequence[str], told: SweepConfig, sources: Sources
) -> Grid:
    """Make the grid of one member of a sweep that is repeated with changes."""
    words = [*kept(member, changes), *changes]
    read = read_words(words, sources.groups, sweeping=True)
    for key in [key for key in read.values if key.startswith("sweep.")]:
        del read.values[key]
    return Grid(_typed(words), read, told)


def kept(words: Sequence[str], changes: Sequence[str]) -> list[str]:
    """Leave out the words that changes replace: the same key, or a group's with its values."""
    keys = {word.partition("=")[0] for word in changes}
    return [word for word in words if not is_replaced(word.partition("=")[0], keys)]


def is_replaced(key: str, changes: Collection[str]) -> bool:
    """Whether a key is told anew, or belongs to a group of which another file is chosen."""
    if {key, *changes} >= {"sweep.repeat", "seed"}:  # the one says the seeds, or the other
        return True
    return key in changes or key.partition(".")[0] in changes


def _typed(words: Sequence[str]) -> dict[str, str]:
    """Key -> text of each word that sets something of a member."""
    pairs = (word.partition("=") for word in words if "=" in word)
    return {key: text for key, _, text in pairs if not key.startswith("sweep.")}


def _listed(grid: Grid, sources: Sources) -> list[Setting] | str:
    """List the settings of one grid, or say what is wrong with it."""
    typed, words, told = grid.typed, grid.words, grid.told
    axes = _axes(words, told.zip)
    if isinstance(axes, str):
        return axes
    repeats = told.repeat
    if repeats > 1 and "seed" in words.lists:
        return f"sweep.repeat={repeats}: the seed is swept already; leave out one of the two"
    count = math.prod([len(axis) for axis in axes]) * repeats
    if count > MAX_VALUES:
        return f"this makes {count:,} members; at most {MAX_VALUES:,} are allowed"
    settings = []
    for choices in itertools.product(*axes):
        chosen = {key: value for choice in choices for key, value in choice.items()}
        setting = _setting(typed, words, chosen, sources)
        settings += list(_repeated(setting, repeats, sources)) if repeats > 1 else [setting]
    return settings


def _axes(words: Words, paired: Sequence[str]) -> list[list[dict[str, Value]]] | str:
    """Put the swept keys into axes: key -> value at each place; paired keys share an axis."""
    for key in paired:
        if key not in words.lists:
            swept = ", ".join(words.lists) or "none"
            return f"sweep.zip: {key} has no list of values (those that have: {swept})"
    lengths = {key: len(words.lists[key]) for key in paired}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{key} {length}" for key, length in lengths.items())
        return f"sweep.zip: paired keys need equally many values, not {told}"
    axes = []
    for key, values in words.lists.items():
        if key not in paired:
            axes.append([{key: value} for value in values])
        elif key == next(name for name in words.lists if name in paired):
            axes.append([{k: words.lists[k][i] for k in paired} for i in range(len(values))])
    return axes


def _setting(
    typed: Mapping[str, str], words: Words, chosen: Mapping[str, Value], sources: Sources
) -> Setting:
    own = Words(
        groups=dict(words.groups),
        values=dict(words.values),
        broken=set(words.broken),
        problems=list(words.problems),
        places=words.places,
    )
    for key, value in chosen.items():
        own.take(key, value, sources.groups)
    return Setting(own, {**typed, **{key: value.text for key, value in chosen.items()}})


def _repeated(setting: Setting, repeats: int, sources: Sources) -> Iterator[Setting]:
    """Yield a setting with its seed, seed + 1, ..."""
    words = setting.words
    composed = compose_groups(words.groups, sources.folders, sources.config_name)
    given = words.values["seed"].parsed if "seed" in words.values else composed.get("seed")
    for i in range(repeats):
        # What is no seed stays as it is; checking the config says so.
        seed = (given + i) % (MAX_SEED + 1) if isinstance(given, int) else given
        values = {**words.values, "seed": Value(str(seed), seed)}
        yield Setting(replace(words, values=values), {**setting.typed, "seed": str(seed)})


def read_file(
    told: SweepConfig, overrides: Sequence[str], sources: Sources
) -> tuple[list[Grid], list[str]]:
    """Read the sweeps of ``sweep.file``; what is typed beside it holds for each of them.

    Returns:
        A grid for each sweep, and one line for each problem.
    """
    assert told.file is not None
    entries, complaint = _entries(expanded(told.file))
    if complaint:
        return [], [f"sweep.file={told.file}: {complaint}"]
    typed = [word for word in overrides if not word.startswith("sweep.file=")]
    grids, problems = [], []
    for number, entry in enumerate(entries, start=1):
        place = f"sweep.file={told.file}, sweep {number}"
        found = _entry(entry, typed, told, sources, place=place)
        if isinstance(found, Grid):
            grids.append(found)
        else:
            problems += [f"{place}: {line}" for line in found]
    return grids, problems


def _entry(
    entry: Mapping[str, Any],
    typed: Sequence[str],
    told: SweepConfig,
    sources: Sources,
    *,
    place: str,
) -> Grid | list[str]:
    """Make a grid of one entry of the file, or say what is wrong with it."""
    problems = [f"{key}: {text}" for key, value in entry.items() if (text := _unusable(key, value))]
    if problems:
        return problems
    over = _typed(typed)
    lists = {
        key: [_value(inner) for inner in value]
        for key, value in entry.items()
        if isinstance(value, list) and key not in (*over, "sweep.zip")
    }
    typed_keys = {word.partition("=")[0] for word in typed}
    plain = [
        f"{key}={_value(value).text}"
        for key, value in entry.items()
        if key not in lists and key not in typed_keys
    ]
    words = read_words([*plain, *typed], sources.groups, sweeping=True)
    own, problems = sweep_settings(words, sources)
    if own is None:
        return problems
    words.places |= {key: place for key in entry if key not in over}
    in_file = {
        key: lists.get(key) or words.lists[key] for key in entry if key in {**lists, **words.lists}
    }
    words.lists = {**in_file, **{k: v for k, v in words.lists.items() if k not in in_file}}
    # A list's text is what each member has of it; here it only keeps the key's place.
    texts = {**dict.fromkeys((key for key in entry if not key.startswith("sweep.")), ""), **over}
    texts |= {key: text for key, text in _typed(plain).items() if key not in over}
    return Grid(texts, words, replace(own, metric=told.metric), f"{place}: ")


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
    complaint = problem_with(path) or (None if path.is_file() else "no such file")
    if complaint:
        return [], "is a folder" if os.path.isdir(path) else complaint
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
    """Return what stands in a file as if it were typed."""
    if isinstance(value, Written):
        return Value(value.text, value.parsed)
    inner = [_value(element) for element in value]
    return Value(f"[{','.join(v.text for v in inner)}]", [v.parsed for v in inner])
