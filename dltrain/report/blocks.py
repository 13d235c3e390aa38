"""The blocks of a report: a document has sections, a section has blocks.

They are plain values, as JSON has them; ``page.js`` knows how each kind of block is drawn. No
torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dltrain.runs.compare.field_names import is_metric

Block = dict[str, Any]
# Rows of a table: a browser is slow with more, and only a stranger's config has as many keys.
MAX_ROWS = 5000
# How the cells of a column are written: as text, as the number it is, as a figure in line with the
# others, as a whole number, as seconds, as a share.
KINDS = ("text", "number", "figure", "count", "duration", "share")


@dataclass(frozen=True)
class Document:
    """What stands on a page."""

    title: str  # in a few words
    subtitle: str  # what the subject is and how it ended, in a sentence or two
    # the few that matter most: name, value as text, and what there is to say of it
    figures: Sequence[tuple[str, str, str]] = ()
    warnings: Sequence[str] = ()  # what must not be overlooked
    sections: Sequence[Block] = field(default_factory=list)  # in order


def section(name: str, title: str, blocks: Sequence[Block]) -> Block:
    """Put blocks under a heading; ``name`` is its address on the page."""
    return {"name": name, "title": title, "blocks": list(blocks)}


def paragraph(text: str) -> Block:
    """Say something in words."""
    return {"kind": "paragraph", "text": text}


def heading(text: str) -> Block:
    """Begin a part of a section."""
    return {"kind": "heading", "text": text}


def pairs(rows: Sequence[tuple[str, object]]) -> Block:
    """Lay out names and what they are; what is empty is left out."""
    return {
        "kind": "pairs",
        "rows": [[n, str(x)] for n, x in rows[:MAX_ROWS] if x not in (None, "")],
    }


def commands(rows: Sequence[tuple[str, str]]) -> Block:
    """List what can be typed: what for, and the command."""
    return {"kind": "commands", "rows": [list(row) for row in rows]}


def column(name: str, kind: str = "") -> Block:
    """Describe a column of a table; without a kind, a metric has figures and all else text."""
    kind = kind or ("figure" if is_metric(name) else "text")
    assert kind in KINDS
    return {"name": name, "kind": kind}


def table(
    columns: Sequence[Block],
    rows: Sequence[Sequence[object]],
    *,
    caption: str = "",
    sorted_by: tuple[int, bool] | None = None,
    more: Mapping[str, Any] | None = None,
) -> Block:
    """Lay out rows, sorted by a column, downwards or not; a caption is read out.

    In ``more`` may be ``filter``: whether rows can be chosen; ``marked``: numbers of rows that
    stand out; ``ids``: what rows are called by other blocks that show the same.
    """
    block = {
        "kind": "table",
        "columns": list(columns),
        "rows": [list(row) for row in rows[:MAX_ROWS]],
    }
    return {**block, "caption": caption, "sorted": sorted_by and list(sorted_by), **(more or {})}
