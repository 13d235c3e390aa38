"""The casts of a sweep: ``int``, ``float``, ``bool`` and ``str``, of single values and of lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dltrain.config.grammar.scalars import as_text
from dltrain.text import clipped


class SweepError(ValueError):
    """What is wrong with the functions behind a key, and what to write instead."""


def converted(parsed: Any, name: str) -> Any:
    """Cast a value; of a list or a mapping each value in it."""
    if isinstance(parsed, list):
        return [converted(element, name) for element in parsed]
    if isinstance(parsed, dict):
        return {key: converted(element, name) for key, element in parsed.items()}
    try:
        return CASTS[name](parsed)
    except (ValueError, OverflowError, TypeError, KeyError):
        kind = {"int": "a whole number", "float": "a number", "bool": "true or false"}
        raise SweepError(
            f"{name}() cannot make {kind.get(name, 'text')} of {clipped(as_text(parsed))}"
        ) from None


def _bool(parsed: Any) -> bool:
    if isinstance(parsed, str):
        return {"true": True, "false": False}[parsed.lower()]
    return bool(float(parsed))


def _str(parsed: Any) -> str:
    if parsed is None:
        raise ValueError
    return str(parsed).lower() if isinstance(parsed, bool) else str(parsed)


CASTS: Mapping[str, Callable[[Any], Any]] = {"int": int, "float": float, "bool": _bool, "str": _str}
