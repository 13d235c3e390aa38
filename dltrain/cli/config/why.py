"""Show where a value came from and what the key means.

  dltrain config why optimizer.lr optimizer=adam
  dltrain config why model experiment=book/mlp

All that sets it is listed in the order of composition: the defaults, the files of the chosen
groups, the experiment, the command line; the last one holds. KEY may be a group, too.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Sequence
from dataclasses import replace
from enum import EnumType
from typing import Any

from dltrain.cli.arguments import Parser, UsageError, refusing
from dltrain.cli.terminal.console import bold, output, pairs, table
from dltrain.config.compose import Sources, compose_groups
from dltrain.config.knob import Knob, knobs
from dltrain.config.load import COMMAND_LINE, compose_run, sweep_settings
from dltrain.config.locations import choices_of, locations_of
from dltrain.config.plain import shown
from dltrain.config.resolve import Resolved, resolve
from dltrain.config.schema import NO_NUMBERS, RunConfig, SweepConfig
from dltrain.config.validate import known_keys, unknown_key
from dltrain.text import clipped, closest

USAGE = "dltrain config why KEY [OVERRIDE ...]"
HOLDS = "<- holds"
_MEANINGS = {
    "sweep": "what dltrain -m does beyond the grid of values",
    "experiment": "a file that chooses from the other groups and sets any value",
}
_TYPES = {float: "number", int: "whole number", str: "text"}

Link = tuple[object, str, str]  # a value or a choice, what set it, where


def main(words: Sequence[str]) -> None:
    """Explain a key or a group."""
    parser = Parser("config why", __doc__ or "", USAGE).composing()
    arguments = parser.read(words)
    names, overrides = arguments.overrides.split_names()
    if len(names) != 1:
        which = "which key? dltrain config show lists them" if not names else "one key at a time"
        raise UsageError([f"config why: {which}"])
    with refusing():
        sources = Sources.of(arguments.config_dir, arguments.config_name)
        resolved = resolve(overrides, sources.groups)
        _refuse(resolved, sources)
        if names[0] in sources.groups:
            return _explain_group(names[0], resolved, sources)
        return _explain(names[0], resolved, sources)


def _refuse(resolved: Resolved, sources: Sources) -> None:
    """Refuse what was typed and cannot be used; what else a run needs may be missing here."""
    _, lines = sweep_settings(resolved, sources)
    of_run = {k: value for k, value in resolved.values.items() if not k.startswith("sweep.")}
    _, problems = compose_run(replace(resolved, values=of_run), sources, fitting=False)
    typed = f"({COMMAND_LINE})"
    lines += [line for line in problems if typed in line or line in resolved.problems]
    if lines:
        raise UsageError(lines)


def _explain(key: str, resolved: Resolved, sources: Sources) -> None:
    config = dict(compose_groups(resolved.groups, sources.folders, sources.config_name))
    config.pop("sweep", None)
    known = known_keys(config)
    known |= {f"sweep.{name}": pair for name, pair in knobs(SweepConfig).items()}
    if key not in known:
        message = unknown_key(key, config).message
        if key.startswith("sweep."):
            message = f"unknown key{closest(key, known)}"
        raise UsageError([f"{clipped(key)}: {message}"])
    annotation, entry = known[key]
    chain: list[Link] = [
        (line.value, line.source, str(line)) for line in locations_of(key, resolved.groups, sources)
    ]
    if key in resolved.values:
        value = resolved.values[key]
        chain.append((value.read(raw=entry.raw), COMMAND_LINE, f"{key}={value.text}"))
    _show_chain(key, chain, len(chain) - 1, "value")
    facts = [("meaning", entry.meaning), ("allowed", allowed(annotation, entry))]
    facts += [("unit", entry.unit)] * bool(entry.unit)
    if not key.startswith("sweep."):
        facts.append(("sweeps", _in_sweeps(key, entry)))
    output().print(pairs(facts))


def _in_sweeps(key: str, entry: Knob) -> str:
    if key.partition(".")[0] in NO_NUMBERS:
        return "decides no number: members that differ in it alone are one and the same"
    if entry.optional:
        return "members that differ in it alone are trained together, but for those without any"
    if entry.stacks:
        return "members that differ in it alone are trained together, as one stack"
    return "each of its values makes a stack of its own"


def _explain_group(group: str, resolved: Resolved, sources: Sources) -> None:
    lines, holds = choices_of(group, resolved.groups, sources)
    chain: list[Link] = [(line.value, line.source, str(line)) for line in lines]
    if group in resolved.groups:
        choice = resolved.groups[group]
        chain.append((choice, COMMAND_LINE, f"{group}={choice}"))
    holding = [number for number, link in enumerate(chain) if link[0] == holds]
    _show_chain(group, chain, holding[-1] if holding else -1, "choice")
    keys = list(knobs(SweepConfig)) if group == "sweep" else _keys_of(group, resolved, sources)
    entry = knobs(RunConfig).get(group)
    facts = [
        ("meaning", entry[1].meaning if entry else _MEANINGS.get(group, "-")),
        ("choices", ", ".join(sources.groups[group])),
    ]
    facts += [("keys", ", ".join(f"{group}.{key}" for key in keys))] * bool(keys)
    output().print(pairs(facts))


def _keys_of(group: str, resolved: Resolved, sources: Sources) -> list[str]:
    config = compose_groups(resolved.groups, sources.folders, sources.config_name)
    known = known_keys({name: node for name, node in config.items() if name != "sweep"})
    return [key.partition(".")[2] for key in known if key.startswith(f"{group}.")]


def _show_chain(key: str, chain: Sequence[Link], holds: int, column: str) -> None:
    """Print what set a key, in order, after what it comes to."""
    console = output()
    console.print(bold(f"{key}={shown(chain[holds][0] if chain else None)}"))
    console.print("")
    rows = [
        [shown(value), source, location, HOLDS if number == holds else ""]
        for number, (value, source, location) in enumerate(chain)
    ]
    console.print(table([column, "set by", "where", ""], rows))
    console.print("")


def allowed(annotation: Any, entry: Knob) -> str:
    """Say in words what may stand for a key.

    Example:
        >>> allowed(float | None, Knob("", gt=0))
        'a number, greater than 0; or null'
    """
    if typing.get_origin(annotation) in (types.UnionType, typing.Union):
        options = [one for one in typing.get_args(annotation) if one is not type(None)]
        return "; or ".join([*(allowed(option, entry) for option in options), "null"])
    if isinstance(annotation, EnumType):
        return ", ".join(annotation)
    if annotation is bool:
        return "true or false"
    bounds = f", {entry.allowed()}" if entry.allowed() else ""
    if typing.get_origin(annotation) is list:
        [inner] = typing.get_args(annotation)
        what = "mapping" if dataclasses.is_dataclass(inner) else _TYPES[inner]
        amount = {0: "", 1: ", one or more of them", 2: ", two of them"}[entry.min_length]
        return f"a list of {what}s{amount}{bounds}"
    if annotation is str:
        return entry.example or "text"
    return f"a {_TYPES[annotation]}{bounds}"
