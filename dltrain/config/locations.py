"""Where in the config files a value or a choice stands: the chain that gave it. No torch."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from dltrain.config.compose import ConfigFile, Sources, config_files
from dltrain.config.recommended import group_of, holds
from dltrain.config.yaml_file import build, composed, read_yaml, text_of


@dataclass(frozen=True)
class Location:
    """A line of a config file that sets a value, or chooses from a group."""

    file: Path
    line: int  # in it, from 1
    source: str  # what the file is: ``defaults`` or a choice, such as ``data=csv``
    value: Any  # what it sets; of a choice its name, None for none
    text: str = ""  # how that is written

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def location_of(key: str, chosen: Mapping[str, str], sources: Sources) -> str | None:
    """Find the file and line that gave a key its value: the last of the composed files."""
    locations = locations_of(key, chosen, sources)
    return str(locations[-1]) if locations else None


def locations_of(key: str, chosen: Mapping[str, str], sources: Sources) -> Sequence[Location]:
    """List the lines that set a key in the order they are composed in; the last one holds.

    Of ``expect[0].low`` it is where the whole list stands.
    """
    return _locations(key, tuple(chosen.items()), sources.folders, sources.config_name)


@functools.lru_cache(maxsize=1024)
def _locations(
    key: str, chosen: tuple[tuple[str, str], ...], folders: tuple[Path, ...], config_name: str
) -> tuple[Location, ...]:
    files, _ = config_files(dict(chosen), Sources(folders, config_name, {}))
    locations = (_location(file, key.partition("[")[0]) for file in files)
    return tuple(location for location in locations if location is not None)


def _location(file: ConfigFile, key: str) -> Location | None:
    """Find the line of a file that sets a key."""
    inner = key.removeprefix(f"{file.package}.") if file.package else key
    if file.package and inner == key:
        return None
    text = read_yaml(file.path)
    line, node = _node_of(text, inner.split("."))
    if node is None:
        return None
    value: Any = build(text, file.path)
    for part in inner.split("."):
        value = value[part]
    return Location(file.path, line, _source(file), value, text_of(node))


def _source(file: ConfigFile) -> str:
    group, _, choice = file.name.partition("/")
    return f"{group}={choice}" if choice else "defaults"


def _node_of(text: str, path: Sequence[str]) -> tuple[int, yaml.Node | None]:
    """Return the line (from 1) on which a YAML text sets a key, and what it sets; or 0 and None."""
    node = composed(text)
    line = 0
    for part in path:
        if not isinstance(node, yaml.MappingNode):
            return 0, None
        pair = next(((k, v) for k, v in node.value if k.value == part), None)
        if pair is None:
            return 0, None
        line, node = pair[0].start_mark.line + 1, pair[1]
    return line, node


def choices_of(
    group: str, chosen: Mapping[str, str], sources: Sources
) -> tuple[list[Location], str | None]:
    """List the lines that choose from a group, those that override others last.

    Returns:
        The lines, and the choice that holds.
    """
    files, choices = config_files(chosen, sources)
    pairs = [pair for file in files for pair in _chosen_in(file, group, choices)]
    ordered = sorted(pairs, key=lambda pair: pair[0])
    return [location for _, location in ordered], choices.get(group)


def _chosen_in(
    file: ConfigFile, group: str, choices: Mapping[str, str | None]
) -> Iterator[tuple[bool, Location]]:
    """Yield what the defaults list of a file chooses from a group, and whether it overrides."""
    root = composed(read_yaml(file.path))
    entries = root.value if isinstance(root, yaml.MappingNode) else []
    listed = next((value for key, value in entries if key.value == "defaults"), None)
    for entry in listed.value if isinstance(listed, yaml.SequenceNode) else []:
        for key, value in entry.value if isinstance(entry, yaml.MappingNode) else []:
            *marks, name = key.value.partition(" for ")[0].split()
            # Within a group's file a name without a slash is of a group within that group.
            absolute = name.startswith("/") or "/" not in file.name
            if absolute and group_of(key.value) == group and holds(key.value, choices):
                null = value.tag == "tag:yaml.org,2002:null"
                choice = None if null else value.value
                location = Location(file.path, key.start_mark.line + 1, _source(file), choice)
                yield "override" in marks, location
