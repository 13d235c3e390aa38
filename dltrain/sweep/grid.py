"""Which settings a sweep runs through: every combination, pairs, repeats, and lists of sweeps."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from hydra.core.override_parser.types import Transformer

from dltrain.compose import Sources, compose_groups
from dltrain.config import sweep_settings
from dltrain.paths import expanded, problem_with
from dltrain.schema import MAX_SEED, SweepConfig
from dltrain.words import MAX_VALUES, Value, Words, read_words

MAX_FILE_BYTES = 2**20


@dataclass(frozen=True)
class Setting:
    """One point of the grid.

    Attributes:
        words: Group choices and values, none of them a list.
        typed: Key -> text: what a person would type for this point alone.
    """

    words: Words
    typed: Mapping[str, str]


def expand(
    overrides: Sequence[str], sources: Sources
) -> tuple[list[Setting], SweepConfig | None, list[str]]:
    """Read a sweep's command line.

    Args:
        overrides: Words as typed.
        sources: Where their groups are found.

    Returns:
        The settings in order, the last key varying fastest; what the sweep is told; and one line
        for each problem.
    """
    words = read_words(overrides, sources.groups, sweeping=True)
    told, problems = sweep_settings(words, sources)
    if told is None:
        return [], None, [*words.problems, *problems]
    if told.file is None:
        grids = [(_typed(overrides), words, told, "")]
    else:
        entries, complaint = _read_file(expanded(told.file))
        if complaint:
            return [], None, [*words.problems, f"sweep.file={told.file}: {complaint}"]
        grids = []
        for number, entry in enumerate(entries, start=1):
            place = f"sweep.file={told.file}, sweep {number}: "
            both = [*entry, *(word for word in overrides if not word.startswith("sweep.file="))]
            inner = read_words(both, sources.groups, sweeping=True)
            own, complaints = sweep_settings(inner, sources)
            problems += [f"{place}{line}" for line in complaints]
            if own is not None and own.file is not None:
                problems.append(f"{place}sweep.file cannot stand in a sweep of such a file")
            elif own is not None:
                grids.append((_typed(both), inner, own, place))
    settings: list[Setting] = []
    for typed, inner, own, place in grids:
        found = _grid(typed, inner, own, sources)
        if isinstance(found, str):
            problems.append(f"{place}{found}")
        elif len(settings) + len(found) > MAX_VALUES:
            problems.append(f"{place}with it the sweep has more than {MAX_VALUES:,} members")
        else:
            settings += found
    return settings, told, problems


def _typed(words: Sequence[str]) -> dict[str, str]:
    """Key -> text of each word; of two for the same key the later one holds."""
    pairs = (word.partition("=") for word in words if "=" in word)
    return {key: text for key, _, text in pairs if not key.startswith("sweep.")}


def _grid(
    typed: Mapping[str, str], words: Words, told: SweepConfig, sources: Sources
) -> list[Setting] | str:
    """List the settings of one grid, or say what is wrong with it."""
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


def _read_file(path: Path) -> tuple[list[list[str]], str | None]:
    """Read the sweeps of a YAML file as lists of words, or say what is wrong with it."""
    complaint = problem_with(path) or (None if path.is_file() else "no such file")
    if complaint:
        return [], complaint
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            return [], f"is larger than {MAX_FILE_BYTES:,} bytes"
        entries = yaml.safe_load(content.decode())
    except OSError as error:
        return [], str(error.strerror)
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        return [], f"is no YAML ({' '.join(str(error).split())[:200]})"
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return [], "must be a list of sweeps, each with its keys: `- optimizer.lr: [0.1, 0.3]`"
    if not entries:
        return [], "lists no sweeps"
    return [[_word(str(key), value) for key, value in entry.items()] for entry in entries], None


def _word(key: str, value: Any) -> str:
    """Write an entry of the file as a word; a list stands for several values."""
    if isinstance(value, list) and key != "sweep.zip":
        return f"{key}=choice({','.join(_element(inner) for inner in value)})"
    return f"{key}={value if isinstance(value, str) else _element(value)}"


def _element(value: Any) -> str:
    return Transformer.str(value) if value is None or _is_plain(value) else repr(value)


def _is_plain(value: Any) -> bool:
    """Whether Hydra's grammar can write it: dates, which YAML has, it cannot."""
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, str | int | float | bool)
