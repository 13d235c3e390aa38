"""How what ``dltrain config`` prints is taken apart."""

from __future__ import annotations

from collections.abc import Sequence

from tests.conftest import Call


def table(text: str) -> list[list[str]]:
    """Take the lines of a table of a pipe apart."""
    return [[cell for cell in line.split("  ") if cell] for line in text.splitlines()]


def stripped(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    return [[cell.strip() for cell in row] for row in rows]


def shown(call: Call, *words: str) -> str:
    found = call("config", *words)
    assert (found.code, found.err) == (0, ""), found
    return found.out
