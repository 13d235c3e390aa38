"""What became of a table: facts that a reader of its results should know; ``sentences`` says them.

They are of the columns that are learned from. What takes a look at cells beyond what preparing them
takes is found in a sample, and what is said of it holds for all training rows or says of which.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dltrain.data.dataset import Column
from dltrain.data.table.duplicates import Duplicates, count_duplicates
from dltrain.data.table.options import Options
from dltrain.data.table.strays import Strays, stray_cells
from dltrain.data.table.table import Integers, Table
from dltrain.data.table.target import other_task
from dltrain.data.table.telling import telling_columns
from dltrain.data.table.twins import Twins, constants, twins


@dataclass(frozen=True)
class Account:
    """The facts of one table."""

    target: str
    reason: str  # what it is taken for, and why
    other_task: str  # what it can be taken for as well, if anything
    rows: Mapping[str, int]  # of each split
    numbers: int  # columns that became a number
    categories: int  # columns that became a number for each category
    inputs: int  # numbers in all
    left_out: Sequence[str]  # columns that became nothing
    imputed: Mapping[str, int]  # how many cells had no number, by column
    complete_rows: int  # rows that have a number in each of these
    unseen: Mapping[str, int]  # how many cells outside training are as none in it, by column
    strays: Sequence[Strays]  # cells for which a column of true and false is text
    untrained: Sequence[str]  # classes of which no row trains
    constants: Sequence[str]
    twins: Sequence[Twins]
    duplicates: Duplicates
    telling: Mapping[str, float]  # columns that tell the target alone, and how well

    @property
    def total(self) -> int:
        """How many rows there are."""
        return sum(self.rows.values())

    def record(self) -> dict[str, Any]:
        """Return them as plain values."""
        return dataclasses.asdict(self)


def account_of(
    table: Table,
    columns: Sequence[Column],
    target: Column,
    *,
    reason: str,
    splits: Mapping[str, Integers],
    classes: Integers | None,
    options: Options,
) -> Account:
    """Look at a table before it gives its cells back.

    Args:
        table: All rows.
        columns: What became of those that are learned from.
        target: What became of the target.
        reason: What the target is taken for, and why.
        splits: The rows of ``train``, ``val`` and ``test``.
        classes: The class of each row, [N]; None for a regression.
        options: How it is prepared.
    """
    train, learned = splits["train"], [column.name for column in columns]
    used = {*(column.origin for column in columns), target.name, options.weight}
    imputed = {c.origin: c.missing for c in columns if c.imputed is not None and c.missing}
    incomplete = np.zeros(len(table), dtype=bool)
    for name in imputed:
        incomplete |= table.missing(name)
    same = constants(table, columns, train)
    varying = [column for column in columns if column.name not in same]
    categories = options.categorical
    trained = [] if classes is None else np.flatnonzero(np.bincount(classes[train])).tolist()
    return Account(
        target=target.name,
        reason=reason,
        other_task=other_task(table, options, classes=target.categories),
        rows={name: len(rows) for name, rows in splits.items()},
        numbers=sum(column.role == "number" for column in columns),
        categories=sum(column.role == "category" for column in columns),
        inputs=sum(len(column.features) for column in columns),
        left_out=[name for name in table.header if name not in used],
        imputed=imputed,
        complete_rows=int(np.count_nonzero(~incomplete)),
        unseen={column.name: column.unseen for column in columns if column.unseen},
        strays=list(stray_cells(table, columns, categorical=categories)),
        untrained=[name for i, name in enumerate(target.categories) if i not in trained],
        constants=same,
        twins=twins(table, varying, train),
        duplicates=count_duplicates(table, [*learned, target.name], splits, categorical=categories),
        telling=telling_columns(table, varying, train, target=target.name, classes=classes),
    )
