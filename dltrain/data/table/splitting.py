"""What a table's columns and files say about its splits; ``splits.py`` draws them.

Letters: N rows of all files.
"""

from __future__ import annotations

import numpy as np

from dltrain.data.splits import SPLIT_NAMES, Indices, Rows, draw, shuffled, split_sizes, stated
from dltrain.data.table.derived import date_format, times_of
from dltrain.data.table.options import Options
from dltrain.data.table.several_files import SeveralFiles
from dltrain.data.table.table import Integers, Table, quoted

_WHY = {
    "group": "keeps rows together",
    "order": "orders the rows in time",
    "split": "says which rows train",
    "weight": "weighs the rows, in training and in every metric",
}


def not_learned(table: Table, options: Options) -> tuple[set[str], list[str]]:
    """Name the columns that say what a row is for and are no features; and say so in notes."""
    columns = {
        knob: column
        for knob, column in options.splitting.items()
        if knob != "order" or table.numbers(column) is None
    }
    columns |= {} if options.weight is None else {"weight": options.weight}
    notes = [
        f"{column!r} {_WHY[knob]} (data.{knob}), so it is not learned from"
        for knob, column in columns.items()
    ]
    if options.order is not None and options.folds is not None:
        notes.append("folds are blocks of time: after all but the last one come rows that train")
    return set(columns.values()), notes


def draw_rows(
    table: Table, classes: Integers | None, options: Options, *, files: SeveralFiles
) -> list[Indices]:
    """Draw which rows train, validate and test.

    Args:
        table: All rows.
        classes: The class of each, [N]; None for a regression.
        options: How to draw them.
        files: Where they come from.

    Raises:
        ValueError: If a cell that says where its row belongs cannot be used, or none would train.
    """
    for knob, column in options.splitting.items():
        absent = np.flatnonzero(table.missing(column))
        if len(absent):
            raise ValueError(f"{table.at(absent[0], column)}: no value; data.{knob} needs one")
    if options.split is not None:
        return _stated(table, options.split)
    drawn, *fixed = (
        np.flatnonzero(files.are_of(knob, table.rows)) for knob in ("path", "val_path", "test_path")
    )
    if not len(drawn):  # all were dropped
        raise ValueError(f"{table.name}: has no row to train on")
    has_val = options.val_path is not None or options.folds is not None
    val = 0.0 if has_val else options.val_fraction
    test = 0.0 if options.test_path is not None else options.test_fraction
    _, num_val, num_test = split_sizes(len(drawn), val=val, test=test)
    rows = Rows(
        order=shuffled(len(drawn), seed=options.seed),
        classes=classes[drawn] if options.stratify and classes is not None else None,
        groups=None if options.group is None else _groups(table, options.group),
        times=None
        if options.order is None
        else _times(table, options.order, stated=options.date_format),
    )
    try:
        parts = draw(rows, val=num_val, test=num_test, folds=options.folds, fold=options.fold)
    except ValueError as error:
        knobs = [f"data.{knob}={column}: " for knob, column in options.splitting.items()]
        raise ValueError(f"{table.name}: {''.join(knobs)}{error}") from None
    return [parts[0], *(np.concatenate(pair) for pair in zip(parts[1:], fixed, strict=True))]


def _groups(table: Table, column: str) -> Integers:
    return table.categories(column)[1].astype(np.int64)


def _times(table: Table, column: str, *, stated: str | None) -> Integers:
    """Return the rank of each cell among all, [N], numbers by value and dates by time."""
    values = table.numbers(column)
    form = None if values is not None else date_format(table, column, stated=stated)
    if form is not None:
        values = times_of(table, column, form).astype(np.float64)
    if values is None:
        return _groups(table, column)  # its texts are in order
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def _stated(table: Table, column: str) -> list[Indices]:
    """Read the split of each row from a column."""
    names = {text: name for name, texts in SPLIT_NAMES.items() for text in texts}
    texts, codes = table.categories(column)
    splits = np.array([names.get(text.strip().lower(), "") for text in texts])[codes]
    odd = np.flatnonzero(splits == "")
    if len(odd):
        cell = quoted(table.text(odd[0], column))
        raise ValueError(
            f"{table.at(odd[0], column)}: {cell} is none of {', '.join(names)}; correct it"
        )
    if "train" not in splits:
        raise ValueError(f"{table.name}: column {column!r} says train of no row")
    return stated(splits.tolist())
