"""Show the composed values; --describe says what each key is."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from enum import EnumType
from typing import Any

from dltrain.cli.arguments import Parser, UsageError, refusing
from dltrain.cli.terminal.console import output, table
from dltrain.config.compose import Sources
from dltrain.config.load import load, sweep_settings
from dltrain.config.overrides import read_words
from dltrain.config.plain import shown, to_yaml
from dltrain.config.schema import RunConfig, SweepConfig
from dltrain.config.validate import knobs

USAGE = "dltrain config show [--describe] [OVERRIDE ...]"


def main(words: Sequence[str]) -> None:
    """Print the config that ``dltrain`` would train with."""
    parser = Parser("config show", __doc__ or "", USAGE).composing()
    parser.add_argument(
        "--describe", action="store_true", help="meaning, unit and bounds of each key"
    )
    arguments = parser.read(words)
    with refusing():
        run = load(
            arguments.overrides, config_dir=arguments.config_dir, config_name=arguments.config_name
        )
    if arguments.describe:
        sources = Sources.of(arguments.config_dir, arguments.config_name)
        told, lines = sweep_settings(read_words([], sources.groups), sources)
        if told is None:
            raise UsageError(lines)
        describe(run, told)
    else:
        sys.stdout.write(to_yaml(run))


def describe(run: RunConfig, told: SweepConfig) -> None:
    """Print every key with its value, its bounds and what it means."""
    rows = [*_rows(run), *_inner_rows("sweep", told)]
    output().print(table(["key", "value", "allowed", "meaning"], rows))


def _rows(run: RunConfig) -> list[list[str]]:
    rows = []
    for name, (_, entry) in knobs(RunConfig).items():
        node = getattr(run, name)
        if not dataclasses.is_dataclass(node):
            rows.append([name, shown(node), entry.allowed(), entry.meaning])
        else:
            rows += _inner_rows(name, node)
    return rows


def _inner_rows(name: str, node: Any) -> list[list[str]]:
    rows = []
    cls: Any = type(node)
    for key, (annotation, knob) in knobs(cls).items():
        enum = isinstance(annotation, EnumType)
        allowed = ", ".join(annotation) if enum else f"{knob.allowed()} {knob.unit}".strip()
        rows.append([f"{name}.{key}", shown(getattr(node, key)), allowed, knob.meaning])
    return rows
