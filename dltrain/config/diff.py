"""What two configs differ in, and what a run's config differs in from its defaults. No torch.

Configs are taken as records hold them, so they may be a stranger's: nothing in them is composed or
resolved, and choices that do not exist here are passed over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dltrain.config.compose import Sources, compose_groups
from dltrain.config.plain import shown

# Where a run lies and what it is compared with is no matter of what it was told to do.
_NO_DIFFERENCE = ("output_dir", "expect")
# What a part of a config may say of the choice it came from, the most telling first.
_NAMES = ("name", "kind", "type")


class Absent:
    """Stands for the value of a key that only the other config has; shown as ``-``."""

    def __str__(self) -> str:
        return "-"

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = Absent()


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """List the keys in which two configs differ: (key, value before, value after).

    Returns:
        In order of ``before``, then what only ``after`` has; ``ABSENT`` where a key is not there.

    Example:
        >>> differences({"seed": 0, "optimizer.lr": 0.1}, {"seed": 0, "optimizer.lr": 0.3})
        [('optimizer.lr', 0.1, 0.3)]
    """
    pairs = [
        (key, before.get(key, ABSENT), after.get(key, ABSENT))
        for key in dict.fromkeys([*before, *after])
        if key.partition(".")[0] not in _NO_DIFFERENCE
    ]
    return [(key, old, new) for key, old, new in pairs if not _equal(old, new)]


def defaults_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """Compose the defaults of a recorded config: its group choices, no values, no experiment.

    Returns:
        Nested likewise. Where it names no choice that there is, the default one stands in.

    Example:
        >>> defaults_of({"optimizer": {"kind": "adam", "lr": 0.5}})["optimizer"]["lr"]
        0.001
    """
    sources = Sources.of(None)
    chosen = {}
    for group, options in sources.groups.items():
        node = config.get(group)
        choice = _choice(group, node, options, sources) if isinstance(node, Mapping) else None
        if choice is not None:
            chosen[group] = choice
    composed = compose_groups(chosen, sources.folders, sources.config_name)
    return {name: node for name, node in composed.items() if name != "sweep"}


def _choice(
    group: str, node: Mapping[str, Any], options: Sequence[str], sources: Sources
) -> str | None:
    """Find the choice that a part of a config came from."""
    for name in map(node.get, _NAMES):
        if isinstance(name, str) and name in options:
            composed = compose_groups({group: name}, sources.folders, sources.config_name)[group]
            # Data may be called what they like, even as another choice is.
            if all(composed.get(key) == node.get(key) for key in ("kind", "type")):
                return name
    return None


def texts(old: Any, new: Any) -> tuple[str, str]:
    """Write two values that differ so that one sees it: with all digits, if need be.

    Example:
        >>> texts(0.1, 0.3), texts(0.1234567, 0.1234568)
        (('0.1', '0.3'), ('0.1234567', '0.1234568'))
    """
    short = shown(old), shown(new)
    return short if short[0] != short[1] else (str(old), str(new))


def _equal(old: Any, new: Any) -> bool:
    """Whether two values are the same; true is not 1."""
    return bool(old == new) and isinstance(old, bool) == isinstance(new, bool)
