"""How a table's file is read, as knobs say it and a run's preparation keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a table's file is read; see the knobs of ``data=csv``.

    What does not concern a format has no effect on it: a typed file has no delimiter.
    """

    delimiter: str | None = None  # one character; None: a tab or a comma, by the header
    encoding: str | None = None  # None: UTF-8, or UTF-16 where it has a mark
    skip_rows: int = 0  # lines, or rows of a sheet, before the header
    comment: str | None = None  # what a line begins with that is no row
    header: str = "row"  # ``none``: no row names the columns, they are c1, c2, ...
    sheet: str | None = None  # of a workbook; None: the only one

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Reading:
        """Take what concerns it from plain values, such as a preparation's."""
        return cls(**{field.name: values[field.name] for field in fields(cls)})

    @property
    def has_header(self) -> bool:
        """Whether a row names the columns."""
        return self.header != "none"

    def mark(self, name: str, line: bytes) -> str:
        """Return the delimiter of a file whose first line is known; its name may hint at tabs."""
        if self.delimiter is not None:
            return self.delimiter
        has_tab, has_comma = b"\t" in line, b"," in line
        named = ".tsv" in name.lower() or name.lower().endswith(".tab")
        return "\t" if has_tab and (named or not has_comma) else ","


def unnamed(count: int) -> list[str]:
    """Name columns that no row names."""
    return [f"c{number}" for number in range(1, count + 1)]
