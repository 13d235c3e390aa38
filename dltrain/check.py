"""From plain values to a checked ``RunConfig``: types, bounds, unknown keys, combinations.

Every check returns all the problems it finds; none stops at the first.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from dltrain.schema import (
    KINDS,
    CsvConfig,
    FashionMnistConfig,
    Knob,
    LeastSquaresConfig,
    LinearConfig,
    ModelConfig,
    RunConfig,
    SgdConfig,
    SoftmaxConfig,
    SyntheticConfig,
    Task,
)
from dltrain.suggest import closest


@dataclass(frozen=True)
class Problem:
    """One thing the user can mend: the key it is about and what to do."""

    key: str
    message: str


def shown(value: object) -> str:
    """Write a value as it would stand on the command line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "[" + ",".join(shown(element) for element in value) + "]"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)


@functools.cache
def knobs(cls: Any) -> dict[str, tuple[Any, Knob]]:
    """List the fields of a config class: name -> (type, knob)."""
    hints = typing.get_type_hints(cls)
    return {
        field.name: (hints[field.name], field.metadata["knob"]) for field in dataclasses.fields(cls)
    }


def class_of(group: str, node: Mapping[str, Any]) -> type | None:
    """Return the config class a composed group belongs to, by its ``kind``."""
    if group in KINDS:
        return KINDS[group].get(str(node.get("kind")))
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


def unknown_key(key: str, config: Mapping[str, Any]) -> Problem:
    """Explain a key that the composed config does not have."""
    group, _, name = key.partition(".")
    if group in KINDS and name:
        kind = config[group].get("kind")
        if name == "kind":
            return Problem(key, f"is chosen with {group}=NAME, not set")
        owners = [choice for choice, cls in KINDS[group].items() if name in knobs(cls)]
        if owners:
            return Problem(
                key, f"{group}={kind} has no {name}; {group}={' or '.join(owners)} has one"
            )
    return Problem(key, f"unknown key{closest(key, known_keys(config))}")


def convert(value: Any, annotation: Any, knob: Knob, key: str, problems: list[Problem]) -> Any:
    """Turn a composed value into the type a field asks for, or note a problem."""
    if isinstance(value, str) and "${" in value:
        problems.append(Problem(key, "interpolations are not supported; write the value itself"))
        return None
    expected, result = _convert(value, annotation, key, problems)
    if expected:
        hint = f" ({knob.unit})" if knob.unit else ""
        problems.append(Problem(key, f"must be {expected}{hint}: {knob.meaning}"))
        return None
    complaint = knob.complaint(result)
    if complaint:
        problems.append(Problem(key, f"{complaint}: {knob.meaning}"))
    return result


def _convert(value: Any, annotation: Any, key: str, problems: list[Problem]) -> tuple[str, Any]:
    """Return (what was expected, None) for a wrong type, else ("", the converted value)."""
    origin = typing.get_origin(annotation)
    if origin in (types.UnionType, typing.Union):
        inner = [option for option in typing.get_args(annotation) if option is not type(None)]
        if value is None:
            return "", None
        expected, result = _convert(value, inner[0], key, problems)
        return (f"{expected} or null" if expected else ""), result
    if origin is list:
        return _convert_list(value, typing.get_args(annotation)[0], key, problems)
    if dataclasses.is_dataclass(annotation):
        if not isinstance(value, dict):
            return "a mapping", None
        return "", _instance(value, annotation, key, problems)  # type: ignore[arg-type]
    return _convert_scalar(value, annotation)


def _convert_list(value: Any, inner: Any, key: str, problems: list[Problem]) -> tuple[str, Any]:
    if not isinstance(value, list):
        return f"a list, such as {key}=[{shown(value)}]", None
    pairs = [_convert(item, inner, f"{key}[{i}]", problems) for i, item in enumerate(value)]
    wrong = next((expected for expected, _ in pairs if expected), "")
    return (f"a list of {wrong.removeprefix('a ')}" if wrong else ""), [item for _, item in pairs]


def _convert_scalar(value: Any, annotation: Any) -> tuple[str, Any]:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if annotation is float:
        if not number:
            return "a number", None
        return ("", float(value)) if abs(value) < 1e308 or value != value else ("a number", None)
    if annotation is int:
        return ("", value) if number and isinstance(value, int) else ("a whole number", None)
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


def run_config(
    config: Mapping[str, Any], *, fitting: bool = True
) -> tuple[RunConfig | None, list[Problem]]:
    """Turn a composed mapping into a ``RunConfig``; with problems there is no config.

    Args:
        config: Plain values, as composed.
        fitting: Whether the model must fit the data.
    """
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
        elif name in KINDS:
            choices = ", ".join(KINDS[name])
            problems.append(Problem(f"{name}.kind", f"must be one of {choices}"))
        elif name not in config:
            problems.append(Problem(name, f"has no value: {entry.meaning}"))
        else:
            values[name] = convert(node, annotation, entry, name, problems)
    if problems:
        return None, problems
    run = RunConfig(**values)
    rules = [rule for rule in COMBINATIONS if fitting or rule is not _model_and_data]
    problems = [problem for rule in rules for problem in rule(run)]
    return (None if problems else run), problems


def models_for(task: Task) -> str:
    """Name the models that fit a task, as choices to type."""
    return {
        Task.regression: "model=linear or model=mlp",
        Task.classification: "model=softmax or model=mlp",
        Task.auto: "model=linear, model=softmax or model=mlp",
    }[task]


def model_fits(model: ModelConfig, task: Task, *, data: str) -> Problem | None:
    """Refuse a model that does not predict what the data asks for."""
    wanted = {LinearConfig: Task.regression, SoftmaxConfig: Task.classification}.get(type(model))
    if task == Task.auto or wanted in (None, task):
        return None
    what = {Task.regression: "numbers", Task.classification: "classes"}
    assert wanted is not None
    return Problem(
        "model",
        f"model={model.kind} predicts {what[wanted]}, but data={data} asks for {what[task]}; "
        f"use {models_for(task)}",
    )


def _model_and_data(run: RunConfig) -> Iterable[Problem]:
    task = {SyntheticConfig: Task.regression, FashionMnistConfig: Task.classification}
    stated = run.data.task if isinstance(run.data, CsvConfig) else task[type(run.data)]
    problem = model_fits(run.model, stated, data=run.data.name or run.data.kind)
    return [problem] if problem else []


def _least_squares(run: RunConfig) -> Iterable[Problem]:
    if not isinstance(run.optimizer, LeastSquaresConfig):
        return
    if not isinstance(run.model, LinearConfig):
        yield Problem(
            "optimizer",
            f"optimizer=least_squares solves model=linear only, not model={run.model.kind}; "
            "use optimizer=sgd, adam or adamw",
        )
    if run.trainer.epochs != 1 or run.trainer.batch_size is not None:
        yield Problem(
            "optimizer",
            "optimizer=least_squares takes one step over all rows; "
            "leave out trainer.epochs and trainer.batch_size",
        )
    if run.trainer.max_grad_norm is not None:
        yield Problem(
            "trainer.max_grad_norm",
            "has no effect with optimizer=least_squares, which follows no gradient; leave it out",
        )


def _nesterov(run: RunConfig) -> Iterable[Problem]:
    optimizer = run.optimizer
    if isinstance(optimizer, SgdConfig) and optimizer.nesterov and optimizer.momentum == 0:
        yield Problem("optimizer.nesterov", "needs optimizer.momentum greater than 0")


def _table(run: RunConfig) -> Iterable[Problem]:
    data = run.data
    if not isinstance(data, CsvConfig):
        return
    if data.path is None:
        yield Problem("data.path", "which table? Add data.path=FILE")
    elif "://" in data.path:
        yield Problem("data.path", "only local files are read; download it first")
    elif not data.path.startswith("package:") and not Path(data.path).expanduser().is_file():
        yield Problem("data.path", f"no such file{_neighbours(data.path)}")
    if data.target is None:
        yield Problem("data.target", "which column is to be predicted? Add data.target=COLUMN")
    if data.val_fraction + data.test_fraction >= 1:
        total = data.val_fraction + data.test_fraction
        yield Problem(
            "data.val_fraction",
            f"data.val_fraction and data.test_fraction add up to {total:g}; "
            "they must leave rows to train on (less than 1)",
        )
    if data.target in data.drop or data.target in (data.features or []):
        yield Problem("data.target", "cannot also be in data.drop or data.features")
    if len(data.delimiter.replace("\\t", "\t")) != 1:
        yield Problem("data.delimiter", "must be one character, or \\t for a tab")


def _neighbours(path: str) -> str:
    """Suggest a file of nearly the same name in the same folder."""
    folder = Path(path).expanduser().parent
    if not folder.is_dir():
        return f" (and no folder {folder})"
    names = [entry.name for entry in folder.iterdir() if entry.is_file()]
    return closest(Path(path).name, names)


def _files(run: RunConfig) -> Iterable[Problem]:
    data = run.data
    root = data.root if isinstance(data, FashionMnistConfig) else None
    if root is not None and not Path(root).expanduser().is_dir():
        yield Problem("data.root", "no such folder")
    output = Path(run.output_dir).expanduser()
    existing = next(folder for folder in [output, *output.absolute().parents] if folder.exists())
    if not existing.is_dir():
        yield Problem("output_dir", f"{existing} is a file; give a folder")


def _expectations(run: RunConfig) -> Iterable[Problem]:
    for i, expectation in enumerate(run.expect):
        if not expectation.low <= expectation.high:
            yield Problem(f"expect[{i}].low", "must not be above high")


COMBINATIONS: list[Callable[[RunConfig], Iterable[Problem]]] = [
    _model_and_data,
    _least_squares,
    _nesterov,
    _table,
    _files,
    _expectations,
]
