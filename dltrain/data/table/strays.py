"""Columns that are text for the sake of a few cells among true and false."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from dltrain.data.dataset import Column
from dltrain.data.table.table import Table


@dataclass(frozen=True)
class Strays:
    """Cells of a column that are neither true nor false, where most are."""

    column: str
    count: int
    where: str  # the first of them: file, line and column
    cell: str  # and what it says


def stray_cells(
    table: Table, columns: Sequence[Column], *, categorical: Collection[str]
) -> Iterator[Strays]:
    """Find columns that are taken for text though most of their cells are true or false.

    Args:
        table: All rows.
        columns: What became of those that are learned from.
        categorical: Columns that are to be text.
    """
    for column in columns:
        if column.role != "category" or column.name in categorical:
            continue
        texts, codes = table.categories(column.name)
        is_truth = np.array([text.lower() in ("true", "false") for text in texts], dtype=bool)
        cells = codes[codes >= 0]
        count = len(cells) - int(np.count_nonzero(is_truth[cells]))
        if 0 < count < len(cells) / 2:
            row = np.flatnonzero((codes >= 0) & ~is_truth[codes])[0]
            yield Strays(column.name, count, table.at(row, column.name), texts[codes[row]])
