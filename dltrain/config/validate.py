"""From plain values to a checked ``RunConfig``: types, bounds, unknown keys.

Every check returns all the problems it finds; none stops at the first.
"""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from dltrain.config import plugins, rules
from dltrain.config.grammar.scalars import bracketed, read_scalar
from dltrain.config.kinds import TABLE
from dltrain.config.knob import Knob, Problem, knobs
from dltrain.config.plain import shown
from dltrain.config.schema import RunConfig, SweepConfig
from dltrain.text import closest

# Why ${...} is refused, also where it would fetch a variable of the environment.
INTERPOLATED = (
    "interpolations are not supported: a run records what it was told, and nothing may enter "
    "unseen; "
    'write the value itself, or let the shell fill it in: "$NAME"'
)


def class_of(group: str, node: Mapping[str, Any]) -> type | None:
    """Return the config class a composed group belongs to, by its ``kind``."""
    if group in TABLE:
        kind = TABLE[group].get(str(node.get("kind")))
        return None if kind is None else kind.config
    annotation = knobs(RunConfig)[group][0]
    return annotation if dataclasses.is_dataclass(annotation) else None  # type: ignore[return-value]


def known_keys(config: Mapping[str, Any]) -> dict[str, tuple[Any, Knob]]:
    """List every key of a composed config that a user may set: dotted name -> (type, knob)."""
    keys: dict[str, tuple[Any, Knob]] = {}
    for name, (annotation, entry) in knobs(RunConfig).items():
        node = config.get(name)
        cls = class_of(name, node) if isinstance(node, Mapping) else None
        if cls is None:
            keys[name] = (annotation, entry)
            continue
        inner = {f"{name}.{key}": pair for key, pair in knobs(cls).items() if key != "kind"}
        keys.update(inner)
    return keys


LISTED = "; dltrain config show lists the keys there are"


def every_key() -> frozenset[str]:
    """List the keys of all choices: what may be set, whatever is chosen."""
    classes: list[tuple[str, Any]] = [
        (group, kind.config) for group, kinds in TABLE.items() for kind in kinds.values()
    ]
    classes += [("sweep", SweepConfig)]
    for name, (annotation, _) in knobs(RunConfig).items():
        if dataclasses.is_dataclass(annotation):
            classes.append((name, annotation))
    names = {f"{group}.{name}" for group, cls in classes for name in knobs(cls) if name != "kind"}
    return frozenset({*names, *(name for name in knobs(RunConfig) if name not in TABLE)})


def unknown_key(key: str, config: Mapping[str, Any]) -> Problem:
    """Explain a key that the composed config does not have."""
    group, _, name = key.partition(".")
    if group in TABLE and name:
        kind = config[group].get("kind")
        if name == "kind":
            return Problem(key, f"is chosen with {group}=NAME, not set")
        owners = [n for n, kind in TABLE[group].items() if name in knobs(kind.config)]
        if owners:
            return Problem(
                key, f"{group}={kind} has no {name}; {group}={' or '.join(owners)} has one"
            )
    groups = ["experiment", *(name for name, node in config.items() if isinstance(node, Mapping))]
    hint = closest(key, [*known_keys(config), *groups])
    return Problem(key, f"unknown key{hint or LISTED}")


def convert(value: Any, annotation: Any, knob: Knob, key: str, problems: list[Problem]) -> Any:
    """Turn a composed value into the type a field asks for, or note a problem."""
    if _interpolates(value):
        problems.append(Problem(key, INTERPOLATED))
        return None
    expected, result = _convert(value, annotation, key, problems)
    if expected:
        hint = f" ({knob.unit})" if knob.unit else ""
        if isinstance(value, str) and not isinstance(read_scalar(value), str):
            hint += ", and this is text in quotes; take the quotes off"
        problems.append(Problem(key, f"must be {expected}{hint}: {knob.meaning}"))
        return None
    problem = "must not be empty" if result == "" else knob.problem(result)
    if problem:
        problems.append(Problem(key, f"{problem}: {knob.meaning}"))
    return result


def _interpolates(value: object) -> bool:
    if isinstance(value, list):
        return any(map(_interpolates, value))
    return isinstance(value, str) and "${" in value


def _convert(value: Any, annotation: Any, key: str, problems: list[Problem]) -> tuple[str, Any]:
    """Return (what was expected, None) for a wrong type, else ("", the converted value)."""
    origin = typing.get_origin(annotation)
    if origin in (types.UnionType, typing.Union):
        if value is None:
            return "", None
        options = [option for option in typing.get_args(annotation) if option is not type(None)]
        tried = [_convert(value, option, key, problems) for option in options]
        result = next((result for expected, result in tried if not expected), None)
        return ("" if result is not None else " or ".join([*(t for t, _ in tried), "null"])), result
    if origin is list:
        return _convert_list(value, typing.get_args(annotation)[0], key, problems)
    if dataclasses.is_dataclass(annotation):
        if not isinstance(value, dict):
            return "a mapping", None
        return "", _instance(value, annotation, key, problems)  # type: ignore[arg-type]
    return _convert_scalar(value, annotation)


def _convert_list(value: Any, inner: Any, key: str, problems: list[Problem]) -> tuple[str, Any]:
    if isinstance(value, str) and inner is str:
        value = bracketed(value) or value
    if not isinstance(value, list):
        return f"a list, such as {key}={_example(value, inner)}", None
    pairs = [_convert(item, inner, f"{key}[{i}]", problems) for i, item in enumerate(value)]
    wrong = next((expected for expected, _ in pairs if expected), "")
    return (f"a list of {wrong.removeprefix('a ')}s" if wrong else ""), [item for _, item in pairs]


def _example(value: Any, inner: Any) -> str:
    """Write a list that could have been meant, of what was typed if that fits."""
    expected, _ = _convert_scalar(value, inner) if inner in (int, float) else ("text", None)
    if isinstance(value, str) and inner is str and set(value) & set("[]"):
        return "['a,b',c] with quotes around text that holds commas or brackets"
    bare = isinstance(value, str) and re.fullmatch(r"[^\s,'\"\\]+", value) and inner is str
    if value is not None and (bare or not expected):
        return f"[{shown(value)}]"
    return {int: "[64,32]", float: "[0.9,0.999]"}.get(inner, "[a,b]")


def _convert_scalar(value: Any, annotation: Any) -> tuple[str, Any]:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if annotation is float:
        if not number:
            return "a number", None
        return ("", float(value)) if abs(value) < 1e308 else ("a finite number", None)
    if annotation is int:
        # 1e1 and 10.0 are whole numbers, too.
        whole = number and (isinstance(value, int) or value.is_integer())
        return ("", int(value)) if whole else ("a whole number", None)
    if annotation is bool:
        return ("", value) if isinstance(value, bool) else ("true or false", None)
    if annotation is str:
        return (
            ("", value if isinstance(value, str) else shown(value))
            if (number or isinstance(value, str))
            else ("text", None)
        )
    assert issubclass(annotation, StrEnum)
    names = [choice.value for choice in annotation]
    if value in names:
        return "", annotation(value)
    return f"one of {', '.join(names)}", None


def _instance(node: Mapping[str, Any], cls: type, key: str, problems: list[Problem]) -> Any:
    """Make a config object from a mapping, noting unknown, missing and wrong entries."""
    prefix = f"{key}." if key else ""
    entries = knobs(cls)
    for name in node:
        if name not in entries:
            hint = closest(str(name), entries)
            problems.append(Problem(f"{prefix}{name}", f"unknown key{hint}"))
    values = {}
    for name, (annotation, entry) in entries.items():
        if name not in node:
            problems.append(Problem(f"{prefix}{name}", f"has no value: {entry.meaning}"))
            continue
        values[name] = convert(node[name], annotation, entry, f"{prefix}{name}", problems)
    return cls(**values) if len(values) == len(entries) else None


def instance(node: Mapping[str, Any], cls: type, key: str) -> tuple[Any, list[Problem]]:
    """Make a config object of a mapping that stands at ``key``; with problems there is none."""
    problems: list[Problem] = []
    made = _instance(node, cls, key, problems)
    return (None if problems else made), problems


def run_config(
    config: Mapping[str, Any],
    *,
    fitting: bool = True,
    check_files: bool = True,
    training: bool = True,
) -> tuple[RunConfig | None, list[Problem]]:
    """Turn a composed mapping into a ``RunConfig``; with problems there is no config."""
    if unloaded := plugins.needed(config.get("plugins")):
        return None, [Problem("plugins", unloaded)]  # without them nothing else can be judged
    problems: list[Problem] = []
    values: dict[str, Any] = {}
    for name in config:
        if name not in knobs(RunConfig):
            problems.append(Problem(name, f"unknown key{closest(name, known_keys(config))}"))
    for name, (annotation, entry) in knobs(RunConfig).items():
        node = config.get(name)
        cls = class_of(name, node) if isinstance(node, Mapping) else None
        if cls is not None and isinstance(node, Mapping):
            values[name] = _instance(node, cls, name, problems)
        elif name in TABLE:
            choices = ", ".join(TABLE[name])
            problems.append(Problem(f"{name}.kind", f"must be one of {choices}"))
        elif name not in config:
            problems.append(Problem(name, f"has no value: {entry.meaning}"))
        else:
            values[name] = convert(node, annotation, entry, name, problems)
    if problems:
        return None, problems
    run = RunConfig(**values)
    problems = rules.problems(run, fits=fitting, check_files=check_files, training=training)
    return (None if problems else run), problems
