"""Tables to tensors: split, impute, one-hot, standardise - with training statistics only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from dltrain.data.dataset import Amounts, Column, Dataset, Scale
from dltrain.data.splits import SPLIT_NAMES, consecutive_split
from dltrain.data.table import sentences
from dltrain.data.table.account import account_of
from dltrain.data.table.encode import prepare, prepare_amounts
from dltrain.data.table.features import fit, numbers_rows, understand
from dltrain.data.table.options import Options
from dltrain.data.table.splitting import draw_rows, not_learned
from dltrain.data.table.table import Integers, Table, listed
from dltrain.data.table.table_files import name_of, read_table
from dltrain.data.table.target import (
    classes_of,
    decide_task,
    log_note,
    no_amounts,
    no_logarithm,
)
from dltrain.data.table.weights import fit_weights
from dltrain.text import closest, counted


def tabular(name: str | None, *, path: str | None, options: Options, dtype: str) -> Dataset:
    """Read a table and prepare it for training.

    Args:
        name: How the data set is called; None: the file's name without its ending.
        path: The file; ``package:NAME`` is one that dltrain ships; None: a query is asked.
        options: How to prepare it.
        dtype: Of the inputs and of a regression's targets: float32 or float64.

    Returns:
        A data set whose inputs are the number columns and the one-hot columns, in header order.

    Raises:
        ValueError: If the table cannot be used as it is; the message names line and column.
    """
    table, files, source = read_table(path, options)
    features, notes = _feature_columns(table, options)
    notes += _handle_missing(table, features, options)
    task, reason = decide_task(table, options)
    understood = understand(table, features, options)
    names, classes = _classes(table, task, options)
    rows = draw_rows(table, classes, options, files=files)
    by_name, order = dict(zip(SPLIT_NAMES, rows, strict=True)), np.concatenate(rows)
    target, targets, amounts = _fit_target(table, by_name, names, classes, options, dtype=dtype)
    columns = fit(table, understood, by_name["train"], options)
    weighing, weights = fit_weights(table, options.weight, by_name, dtype=dtype)
    every_column = _in_header_order(table, [*columns, target, *weighing], understood.formats)
    account = account_of(
        table, columns, target, reason=reason, splits=by_name, classes=classes, options=options
    )
    table.release(options.target)
    inputs = prepare(table, columns, order, dtype=dtype)
    splits = consecutive_split(inputs, targets[order], sizes=[*map(len, rows)], weights=weights)
    return Dataset(
        name=name or name_of(files),
        task=task,
        train=splits[0],
        val=splits[1],
        test=splits[2],
        feature_names=tuple(feature for column in columns for feature in column.features),
        class_names=target.categories,
        target_name=options.target,
        source=source,
        sha256=files.sha256,
        files=files.digests,
        amounts=amounts,
        feature_scale=_joint_scale(columns),
        target_scale=_joint_scale([target]) if task == "regression" else Scale.identity(1),
        columns=every_column,
        lines=tuple(sentences.lines(account, options)),
        notes=(*notes, *understood.notes, *_signs([*columns, target]), *sentences.notes(account)),
        warnings=tuple(sentences.warnings(account, options)),
        facts=account.record(),
        other_task=account.other_task,
        reading=options.kept_reading,
    )


def _feature_columns(table: Table, options: Options) -> tuple[list[str], list[str]]:
    """Check the columns that the options name.

    Returns:
        Those to learn from, in header order; and notes on those that say which rows train.
    """
    if not options.target:
        raise ValueError(
            "data.target: which column is to be predicted? Add data.target=COLUMN; "
            f"{table.name} has {listed(table.header)}"
        )
    asked = [("data.target", [options.target]), ("data.drop", options.drop)]
    asked += [("data.features", options.features or []), ("data.categorical", options.categorical)]
    asked += [(f"data.{knob}", [column]) for knob, column in options.splitting.items()]
    asked += [("data.weight", [options.weight])] if options.weight is not None else []
    for key, columns in asked:
        for column in columns:
            if column not in table.header:
                hint = _delimiter_hint(table) or closest(column, table.header)
                raise ValueError(
                    f"{key}={column}: {table.name} has no such column; it has "
                    f"{listed(table.header)}{hint}"
                )
    left_out, notes = not_learned(table, options)
    notes += [log_note(options.target)] if options.log_target else []
    wanted = set(table.header if options.features is None else options.features)
    wanted -= {options.target, *options.drop, *left_out}
    if options.features is None:
        numbering = list(filter(numbers_rows, wanted))
        wanted -= {*numbering}
        notes += [f"{name!r} is left out: it only names the rows" for name in sorted(numbering)]
    return [column for column in table.header if column in wanted], notes


def _delimiter_hint(table: Table) -> str:
    other = next((mark for mark in ";\t|," if mark in table.header[0]), "")
    shown = other.replace("\t", "\\t")
    return f"; add 'data.delimiter={shown}'?" if len(table.header) == 1 and other else ""


def _handle_missing(table: Table, features: Sequence[str], options: Options) -> list[str]:
    """Drop rows with missing cells or refuse them, as the options say; return notes on it.

    Rows without a target are dropped unless they are refused: there is nothing to learn from them.
    """
    target = options.target
    judged = [target, *([options.weight] if options.weight is not None else [])]
    if options.missing == "error":
        for column in [*features, *judged]:
            rows = np.flatnonzero(table.missing(column))
            if len(rows):
                cures = {target: "mean or drop", options.weight: "drop"}
                raise ValueError(
                    f"{table.at(rows[0], column)}: no value ({len(rows):,} rows have none); "
                    f"fill it in or use data.missing={cures.get(column, 'mean, median or drop')}"
                )
        return []
    used = [*features, *judged] if options.missing == "drop" else [target]
    absent = np.any([table.missing(column) for column in used], axis=0)
    if absent.all():
        advice = "data.missing=drop leaves no row: each lacks a value"
        if options.missing != "drop":
            advice = f"no row has a value of the target {target!r}"
        raise ValueError(f"{table.name}: {advice}")
    if not absent.any():
        return []
    table.keep(~absent)
    rows_are = counted(int(absent.sum()), "row")
    if options.missing == "drop":
        return [f"{rows_are} with missing values were dropped"]
    return [f"{rows_are} without a {target!r} left out: there is nothing to learn from them"]


def _classes(table: Table, task: str, options: Options) -> tuple[tuple[str, ...], Integers | None]:
    """Return the names of the classes, and the class of each row, [N]; none for a regression."""
    name = options.target
    if task == "regression":
        return (), None
    if options.log_target:
        raise no_logarithm(name)
    as_text = name in options.categorical or table.is_category(name)
    names, indices = classes_of(table, name, as_text=as_text)
    if len(names) > options.max_categories:
        more = f"add data.max_categories={len(names)} if each names a class"
        if name not in options.categorical and table.numbers(name) is not None:
            more += ", or data.task=regression if they are amounts"
        raise ValueError(
            f"{table.name}: the target {name!r} has {len(names):,} different values, more than "
            f"data.max_categories={options.max_categories}; {more}"
        )
    if len(names) < 2:
        raise ValueError(
            f"{table.name}: the target {name!r} has one value only; there is nothing to tell apart"
        )
    return names, indices


def _fit_target(
    table: Table,
    splits: Mapping[str, Integers],
    names: tuple[str, ...],
    classes: Integers | None,
    options: Options,
    *,
    dtype: str,
) -> tuple[Column, npt.NDArray[np.generic], dict[str, Amounts]]:
    """Prepare the targets, [N]; and say how, and where amounts lie in each split."""
    name, standardise = options.target, options.standardise_target
    if classes is not None:
        return Column(name, "target", categories=names), classes, {}
    if table.numbers(name) is None:
        raise ValueError(no_amounts(table, name, most=options.max_categories))
    column, targets = prepare_amounts(
        table,
        name,
        splits["train"],
        standardise=standardise,
        log=options.log_target,
        dtype=dtype,
    )
    values = table.numbers(name)
    assert values is not None
    amounts = {split: Amounts.of(values[rows]) for split, rows in splits.items() if len(rows)}
    return column, targets, amounts


def _joint_scale(columns: Sequence[Column]) -> Scale:
    widths = [max(len(column.features), 1) for column in columns]
    return Scale(
        np.repeat([column.mean for column in columns], widths),
        np.repeat([column.deviation for column in columns], widths),
        log=any(column.log for column in columns),
    )


def _in_header_order(
    table: Table, columns: Sequence[Column], formats: Mapping[str, str]
) -> tuple[Column, ...]:
    """List what became of each column of the file, followed by what was made of it."""
    known = {column.name: column for column in columns}

    def of(name: str) -> Column:
        role = "date" if name in formats else "dropped"
        missing = int(table.missing(name).sum())
        return known.get(name) or Column(name, role, missing, written=formats.get(name, ""))

    return tuple(
        column
        for name in table.header
        for column in (of(name), *(each for each in columns if each.part and each.source == name))
    )


def _signs(columns: Sequence[Column]) -> list[str]:
    """Name the columns whose numbers carry a sign, such as ``$``."""
    signed = [f"{c.name!r} ({c.written})" for c in columns if c.written and not c.part]
    return [f"each number carries a sign, which is left out: {', '.join(signed)}"] if signed else []
