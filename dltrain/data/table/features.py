"""What becomes of the columns that are learned from: numbers, categories, dates, or nothing.

What a column is follows from all its cells; what is made of it from the training rows alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from dltrain.data.dataset import Column
from dltrain.data.table import dates
from dltrain.data.table.derived import date_format, derive
from dltrain.data.table.encode import fit_category, fit_number
from dltrain.data.table.options import Options
from dltrain.data.table.table import Integers, Table
from dltrain.system.shell import setting

# What pandas and R call the names of rows where they had none: nothing, in a CSV file.
_ROW_NAMES = re.compile(r"\s*|Unnamed: 0(\.\d+)?|__index_level_0__")


def numbers_rows(column: str) -> bool:
    """Tell whether a column only numbers or names the rows, by what it is called.

    Example:
        >>> numbers_rows(""), numbers_rows("Unnamed: 0"), numbers_rows("id")
        (True, True, False)
    """
    return _ROW_NAMES.fullmatch(column) is not None


@dataclass
class Features:
    """The columns to learn from."""

    kinds: dict[str, str] = field(default_factory=dict)  # ``number``, ``category`` or ``date``
    formats: dict[str, str] = field(default_factory=dict)  # of the columns of dates
    notes: list[str] = field(default_factory=list)


def understand(table: Table, names: Sequence[str], options: Options) -> Features:
    """Tell what each column holds; leave out those that name rows.

    Raises:
        ValueError: If a column is not sure to be one thing or the other.
    """
    features = Features()
    for name in names:
        named = name in options.categorical
        if not named and table.numbers(name) is not None:
            features.kinds[name] = "number"
        elif not named and (form := date_format(table, name, stated=options.date_format)):
            features.kinds[name], features.formats[name] = "date", form
        elif not (note := _names_rows(table, name, options)):
            features.kinds[name] = "category"
        else:
            features.notes.append(note)
    stated = options.date_format
    if stated is not None and stated not in features.formats.values():
        raise ValueError(
            f"{table.name}: data.date_format={stated}: no column holds such dates; correct it, as "
            "in %d/%m/%Y, or leave it out"
        )
    if features.formats:
        listed = ", ".join(f"{name!r} ({form})" for name, form in features.formats.items())
        features.notes.append(
            f"of dates the year, month, weekday, day of the year and hour are learned from, if "
            f"they differ: {listed}"
        )
    return features


def _names_rows(table: Table, name: str, options: Options) -> str:
    """Say that a column is left out because most of its texts are of one row, as names are."""
    texts, codes = table.categories(name)
    present = int(np.count_nonzero(codes >= 0))
    keep = setting("data.categorical", [*options.categorical, name])
    asked = name in options.categorical or name in (options.features or [])
    if asked or len(texts) <= options.max_categories or 2 * len(texts) <= present:
        return ""
    return (
        f"{name!r} is left out: {len(texts):,} of its {present:,} texts differ, as names do "
        f"({keep} learns from the most frequent)"
    )


def fit(table: Table, features: Features, train: Integers, options: Options) -> list[Column]:
    """Decide from the training rows what becomes of feature columns; some become nothing.

    Raises:
        ValueError: If nothing is left to learn from, or two columns become one.
    """
    every = [
        column
        for name, kind in features.kinds.items()
        for column in _fitted(table, name, kind, train, options, form=features.formats.get(name))
    ]
    columns = [column for column in every if column.features]
    if not columns:
        raise ValueError(
            f"{table.name}: no column is left to learn from; see data.features, data.drop"
        )
    _refuse_twins(table, columns)
    features.notes += _rare_notes(table, columns, train)
    return columns


def _fitted(
    table: Table, name: str, kind: str, train: Integers, options: Options, *, form: str | None
) -> list[Column]:
    """Decide what becomes of one column."""
    if kind == "category":
        return [fit_category(table, name, train, most=options.max_categories)]
    if kind == "number":
        missing, standardise = options.missing, options.standardise
        column = fit_number(table, name, train, missing=missing, standardise=standardise)
        return [column, *_indicator(table, name, train, options)]
    assert form is not None
    parts = [
        Column(f"{name}_{part}", "number", source=name, part=part, written=form)
        for part in dates.PARTS
    ]
    derive(table, parts)
    return [
        replace(_fit_part(table, part, train, options), source=name, part=part.part, written=form)
        for part in parts
        if _differs(table, part, train)
    ]


def _fit_part(table: Table, part: Column, train: Integers, options: Options) -> Column:
    if part.part in dates.NAMES:
        return fit_category(table, part.name, train, most=len(dates.MONTHS))
    missing, standardise = options.missing, options.standardise
    return fit_number(table, part.name, train, missing=missing, standardise=standardise)


def _differs(table: Table, part: Column, train: Integers) -> bool:
    """Tell whether training rows differ in a part of their dates."""
    if part.part in dates.NAMES:
        return len(np.unique(table.categories(part.name)[1][train])) > 1
    values = table.numbers(part.name)
    assert values is not None
    values = values[train]
    return len(np.unique(values[~np.isnan(values)])) > 1


def _indicator(table: Table, name: str, train: Integers, options: Options) -> list[Column]:
    """Return the column that says where a number is missing, if training rows miss some."""
    if not options.missing_indicator or not table.missing(name)[train].any():
        return []
    column = Column(
        f"{name}_missing",
        "number",
        features=(f"{name}_missing",),
        source=name,
        part="missing",
    )
    derive(table, [column])
    return [column]


def _refuse_twins(table: Table, columns: Sequence[Column]) -> None:
    """Refuse prepared columns of one name, such as those of a text column a and a column a_x."""
    seen: dict[str, str] = {}
    for column in columns:
        for feature in column.features:
            if feature in seen:
                raise ValueError(
                    f"{table.name}: columns {seen[feature]!r} and {column.origin!r} both become "
                    f"{feature!r}; rename a column or a category"
                )
            seen[feature] = column.origin


def _rare_notes(table: Table, columns: Sequence[Column], train: Integers) -> list[str]:
    """Say which columns have rare categories that became one."""
    notes = []
    for column in columns:
        if column.other:
            codes = table.categories(column.name)[1][train]
            learned = len(np.unique(codes[codes >= 0]))
            notes.append(
                f"{column.name!r} has {learned:,} different texts in training: the "
                f"{len(column.categories):,} most frequent are learned from, all others as one "
                f"(data.max_categories)"
            )
    return notes
