"""What the file of a data set recommends of other groups: ``override /optimizer: adam``.

A recommendation stands in its defaults, and holds where nobody chooses: neither the command line
nor an experiment nor a primary config of the user's own. ``override /optimizer for model=linear``
is one for a single model. Hydra takes what a file overrides only if that comes before the file, and
data come first, so that others may set what they recommend: so these entries are read here, and
Hydra is told of them as if they were typed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dltrain.config.yaml_file import ConfigFileError, build, read_yaml
from dltrain.text import closest

DATA = "data/"  # what the names of such files begin with
_OVERRIDE, _FOR = "override ", " for "

Named = tuple[str, Path]  # a composed file: its name, such as ``data/csv``, and where it lies


def recommended(
    files: Iterable[Named],
    *,
    typed: Mapping[str, str],
    choices: Mapping[str, str | None],
    shipped: Path,
) -> dict[str, str]:
    """Return the choices that the composed data files recommend and that hold: group -> choice.

    Args:
        files: In the order of composition.
        typed: The choices of the command line.
        choices: The choice of each group without any recommendation.
        shipped: The primary config of dltrain's own, whose choices give way.

    Raises:
        ConfigFileError: If a group is recommended of which the primary config chooses nothing.
    """
    taken, entries = set(typed), []
    for name, path in files:
        content = build(read_yaml(path, holds="mapping"), path) or {}
        pairs = list(_pairs(content.get("defaults") or [], in_group="/" in name))
        if name.startswith(DATA):
            _check_groups(path, pairs, choices)
            entries += pairs
        elif path != shipped:
            taken |= {group_of(key) for key, _ in pairs}
    result: dict[str, str] = {}
    # A recommended model comes before what is recommended for it.
    for key, choice in sorted(entries, key=lambda entry: _FOR in entry[0]):
        if group_of(key) not in taken and holds(key, {**choices, **result}):
            result[group_of(key)] = choice
    return result


def _check_groups(
    path: Path, pairs: Iterable[tuple[str, str]], choices: Mapping[str, str | None]
) -> None:
    for group in (group_of(key) for key, _ in pairs):
        if group not in choices:
            raise ConfigFileError(
                path,
                f"overrides {group!r}, a group from which the primary config chooses nothing"
                f"{closest(group, choices)}; correct it, or let --config-name name a config that "
                "has all groups in its defaults",
            )


def group_of(key: str) -> str:
    """Return the group that an entry chooses from.

    Example:
        >>> group_of("override /optimizer for model=linear")
        'optimizer'
    """
    return key.partition(_FOR)[0].split()[-1].removeprefix("/")


def holds(key: str, choices: Mapping[str, str | None]) -> bool:
    """Tell whether an entry is for these choices: group -> choice."""
    group, _, choice = key.partition(_FOR)[2].partition("=")
    return not group or choices.get(group) == choice


def without_recommendations(defaults: Iterable[Any]) -> list[Any]:
    """Leave out of a data file's defaults what only ``recommended`` reads."""
    return [entry for entry in defaults if not _is_override(entry)]


def _is_override(entry: object) -> bool:
    return isinstance(entry, Mapping) and any(str(key).startswith(_OVERRIDE) for key in entry)


def _pairs(defaults: Iterable[Any], *, in_group: bool) -> Iterator[tuple[str, str]]:
    """Yield what a list of defaults chooses from groups at the top, as it is written."""
    for entry in defaults:
        for key, choice in entry.items() if isinstance(entry, Mapping) else []:
            absolute = not in_group or key.partition(_FOR)[0].split()[-1].startswith("/")
            if isinstance(choice, str) and absolute:
                yield key, choice
