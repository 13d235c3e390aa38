"""Configs as plain values: nested mappings, dotted keys, YAML, and values as they are typed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import yaml

from dltrain.config.schema import RunConfig
from dltrain.text import obeyed


def as_dict(config: Any) -> Any:
    """Turn a config object into plain dicts, lists, strings and numbers."""
    if dataclasses.is_dataclass(config):
        fields = dataclasses.fields(config)
        return {field.name: as_dict(getattr(config, field.name)) for field in fields}
    if isinstance(config, list):
        return [as_dict(element) for element in config]
    return config.value if isinstance(config, StrEnum) else config


Fields = dict[str, Any]


def flat(node: Mapping[str, Any], prefix: str = "") -> Fields:
    """Write a nested mapping with dotted keys.

    Example:
        >>> flat({"optimizer": {"kind": "sgd", "lr": 0.1}, "seed": 0})
        {'optimizer.kind': 'sgd', 'optimizer.lr': 0.1, 'seed': 0}
    """
    fields: Fields = {}
    for key, value in node.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            fields |= flat(value, f"{name}.")
        else:
            fields[name] = value
    return fields


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


# libyaml writes ten times faster, which a sweep's many members notice.
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def to_yaml(run: RunConfig) -> str:
    """Write a config as YAML, for people; the same text ``config.yaml`` of a run folder holds."""
    config = as_dict(run)
    text = str(yaml.dump(config, Dumper=_DUMPER, sort_keys=False, allow_unicode=True))
    if text.isascii() or not any(map(obeyed, text.replace("\n", ""))):
        return text
    # With a mark that a terminal would obey, all that is not ASCII is written as escapes.
    return str(yaml.dump(config, Dumper=_DUMPER, sort_keys=False))
