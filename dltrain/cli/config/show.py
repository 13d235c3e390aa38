"""Show the composed values; --describe says what each key is."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator, Mapping, Sequence
from enum import EnumType
from typing import Any

from dltrain.cli.arguments import Parser, UsageError, refusing
from dltrain.cli.terminal.console import output, table
from dltrain.config.compose import Sources, compose_groups
from dltrain.config.kinds import TABLE
from dltrain.config.knob import knobs
from dltrain.config.load import load, sweep_settings
from dltrain.config.plain import as_dict, shown, to_yaml
from dltrain.config.resolve import Resolved
from dltrain.config.schema import RunConfig, SweepConfig

USAGE = "dltrain config show [--describe] [OVERRIDE ...]"
COLUMNS = ["key", "value", "allowed", "meaning"]


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
        if not arguments.describe:
            sys.stdout.write(to_yaml(run))
            return
        sources = Sources.of(arguments.config_dir, arguments.config_name)
        settings, lines = sweep_settings(Resolved(), sources)
        if settings is None:
            raise UsageError(lines)
        output().print(
            table(COLUMNS, [*_rows(run), *_inner_rows("sweep", SweepConfig, as_dict(settings))])
        )
        output().print("")
        output().print(table(["choice", *COLUMNS], list(_rows_of_others(run, sources))))


def _rows(run: RunConfig) -> list[list[str]]:
    """Describe every key that this run has."""
    rows = []
    for name, (_, entry) in knobs(RunConfig).items():
        node = getattr(run, name)
        if not dataclasses.is_dataclass(node):
            rows.append([name, shown(node), entry.allowed(), entry.meaning])
        else:
            rows += _inner_rows(name, type(node), as_dict(node))
    return rows


def _rows_of_others(run: RunConfig, sources: Sources) -> Iterator[list[str]]:
    """Describe the keys that other choices have, one choice of each kind."""
    for group, kinds in TABLE.items():
        seen = {getattr(run, group).kind}
        for choice in sources.groups[group]:
            node = compose_groups({group: choice}, sources.folders, sources.config_name)[group]
            if node["kind"] in kinds and node["kind"] not in seen:
                seen.add(node["kind"])
                rows = _inner_rows(group, kinds[node["kind"]].config, node)
                for row in rows[1:]:  # the first is its kind
                    yield [f"{group}={choice}", *row]


def _inner_rows(name: str, cls: Any, values: Mapping[str, Any]) -> list[list[str]]:
    rows = []
    for key, (annotation, knob) in knobs(cls).items():
        enum = isinstance(annotation, EnumType)
        allowed = ", ".join(annotation) if enum else f"{knob.allowed()} {knob.unit}".strip()
        rows.append([f"{name}.{key}", shown(values[key]), allowed, knob.meaning])
    return rows
