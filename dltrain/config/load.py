"""``load(overrides)``: from the command line and ``conf/`` to a checked ``RunConfig``.

Composition and grammar are Hydra's. Only the group choices (``model=mlp``) are composed; plain
values (``optimizer.lr=0.1``) are set on the composed mapping afterwards, which is what lets all
problems be reported at once and lets many variants share one composition. No torch is imported.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dltrain.config.compose import (
    PRIMARY,
    ConfigError,
    Sources,
    compose_groups,
    config_files,
)
from dltrain.config.grammar.scalars import quoted, read_scalar
from dltrain.config.knob import Knob, Problem, knobs
from dltrain.config.locations import location_of, locations_of
from dltrain.config.overrides import Overrides
from dltrain.config.plain import shown
from dltrain.config.resolve import Resolved, resolve
from dltrain.config.schema import RunConfig, SweepConfig
from dltrain.config.validate import instance, known_keys, run_config, unknown_key
from dltrain.text import clipped, closest

COMMAND_LINE = "command line"


def load(
    overrides: Overrides | Sequence[str] = (),
    *,
    config_dir: Path | None = None,
    config_name: str = PRIMARY,
    fitting: bool = True,
) -> RunConfig:
    """Compose and check one run.

    Args:
        overrides: ``group=choice`` and ``key=value``, as typed.
        config_dir: A folder whose files join ``conf/`` (Hydra's ``--config-dir``).
        config_name: The primary config (Hydra's ``--config-name``).
        fitting: Refuse a model that does not fit the data; who only looks at data need not mind.

    Returns:
        The checked config; every file it names exists, every value is within its bounds.

    Raises:
        ConfigError: With one line for each problem found.

    Example:
        >>> load(["model=mlp", "trainer.epochs=3"]).trainer.epochs
        3
    """
    sources = Sources.of(config_dir, config_name)
    if not isinstance(overrides, Overrides):
        overrides = Overrides.parse(overrides)
    run, lines = compose_run(resolve(overrides, sources.groups), sources, fitting=fitting)
    if run is None:
        raise ConfigError(lines)
    return run


def compose_run(
    resolved: Resolved, sources: Sources, *, fitting: bool = True, ready: bool = True
) -> tuple[RunConfig | None, list[str]]:
    """Compose and check one run from what a command line sets.

    Args:
        resolved: With the choices that the sources have.
        sources: Where values come from.
        fitting: Whether the model must fit the data.
        ready: Whether what training needs must be there, such as the data.

    Returns:
        The config, or None and one line for each problem.
    """
    folders, config_name = sources.folders, sources.config_name
    config = copy.deepcopy(compose_groups(resolved.groups, folders, config_name))
    config.pop("sweep", None)
    keys = known_keys(config)
    _keep_written(config, keys, resolved, sources)
    lines = [*resolved.problems, *_without_package(config, resolved, sources)]
    for key, value in resolved.values.items():
        if key.split(".")[0] in resolved.broken:
            continue
        if key in keys:
            set_value(config, key, value.read(raw=keys[key][1].raw))
        elif key.startswith("sweep."):
            lines.append(f"{key} ({COMMAND_LINE}): {_without_sweep(key)}")
        else:
            problem = unknown_key(key, config)
            lines.append(line_of(problem, config, {key: resolved.locations.get(key, COMMAND_LINE)}))
    run, problems = run_config(config, fitting=fitting, check_files=ready, training=ready)
    if problems:
        lines += _problem_lines(problems, config, resolved, sources)
    return (None if lines else run), list(dict.fromkeys(lines))


def _without_package(config: dict[str, Any], resolved: Resolved, sources: Sources) -> list[str]:
    """Take out what files set below a group that is no part of a run, and say what they lack."""
    lines = []
    strange = [name for name in config if name in sources.groups and name not in knobs(RunConfig)]
    for file in config_files(resolved.groups, sources)[0] if strange else []:
        if file.package.partition(".")[0] in strange:
            advice = "add the line `# @package _global_` at its top"
            lines.append(f"{file.path}: sets {file.package}.*, which nothing reads; {advice}")
    for name in strange:
        del config[name]
    return lines


def _keep_written(
    config: dict[str, Any],
    keys: Mapping[str, tuple[Any, Knob]],
    resolved: Resolved,
    sources: Sources,
) -> None:
    """Where text is asked for, let a value of a file be what is written there, such as 1.50."""
    for key in (key for key, (_, knob) in keys.items() if knob.raw and key not in resolved.values):
        node: Any = config
        for part in key.split("."):
            node = node.get(part) if isinstance(node, Mapping) else None
        if isinstance(node, int | float):
            set_value(config, key, locations_of(key, resolved.groups, sources)[-1].text)


def sweep_settings(resolved: Resolved, sources: Sources) -> tuple[SweepConfig | None, list[str]]:
    """Compose and check the ``sweep.`` keys of what a command line sets."""
    composed = compose_groups(resolved.groups, sources.folders, sources.config_name)
    node = dict(composed.get("sweep") or {})
    entries = knobs(SweepConfig)
    lines = [
        f"{key} ({COMMAND_LINE}): a sweep takes one value"
        for key in resolved.lists
        if key.partition(".")[0] == "sweep"
    ]
    typed = {key: value for key, value in resolved.values.items() if key.startswith("sweep.")}
    for key, value in typed.items():
        name = key.partition(".")[2]
        if name in entries:
            node[name] = value.read(raw=entries[name][1].raw)
        else:
            hint = closest(key, [f"sweep.{entry}" for entry in entries])
            lines.append(f"{key} ({COMMAND_LINE}): unknown key{hint}")
    settings, problems = instance(node, SweepConfig, "sweep")
    only = Resolved(groups=resolved.groups, values=typed)
    lines += _problem_lines(problems, {"sweep": node}, only, sources)
    return (None if lines else settings), lines


def _without_sweep(key: str) -> str:
    known = [f"sweep.{name}" for name in knobs(SweepConfig)]
    return (
        "has an effect in a sweep only; add -m"
        if key in known
        else f"unknown key{closest(key, known)}"
    )


def _problem_lines(
    problems: Sequence[Problem], config: Mapping[str, Any], resolved: Resolved, sources: Sources
) -> list[str]:
    """Write problems as lines, each with the place its value came from."""
    locations = dict.fromkeys(resolved.values, COMMAND_LINE) | resolved.locations
    for problem in problems:  # expect[0].low is placed where expect is
        whole = problem.key.partition("[")[0]
        if whole in locations:
            locations[problem.key] = locations[whole]
    locations |= {
        problem.key: location
        for problem in problems
        if problem.key not in locations
        and (location := location_of(problem.key, resolved.groups, sources))
    }
    typed = {key: value.text for key, value in resolved.values.items()}
    return [line_of(problem, config, locations, written=typed) for problem in problems]


def set_value(config: dict[str, Any], key: str, value: Any) -> None:
    """Set one dotted key of a composed mapping."""
    *path, name = key.split(".")
    node = config
    for part in path:
        node = node[part]
    node[name] = value


def line_of(
    problem: Problem,
    config: Mapping[str, Any],
    locations: Mapping[str, str],
    *,
    written: Mapping[str, str] | None = None,
) -> str:
    """Write a problem as one line: key, value (as ``written``), place, what is allowed."""
    node: Any = config
    for part in problem.key.split("."):
        node = node.get(part) if isinstance(node, Mapping) else None
    if written and problem.key in written:
        text = written[problem.key] or "''"
    elif isinstance(node, str) and (not node.strip() or read_scalar(node) != node):
        text = quoted(node)  # text that without quotes would be something else
    else:
        text = "" if isinstance(node, Mapping) or node is None else shown(node)
    value = f"={clipped(text)}" if text else ""
    location = f" ({locations[problem.key]})" if problem.key in locations else ""
    if problem.message.startswith(f"{problem.key.partition('.')[0]}="):
        return problem.message
    return f"{clipped(problem.key)}{value}{location}: {problem.message}"
