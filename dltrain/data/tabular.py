"""CSV tables to tensors: split, impute, one-hot, standardise - with training statistics only.

What becomes of a column is decided once, from the training rows (``_fit``), and written down as a
``Column``; ``encode`` does what it says, on these rows and, later, on any others. So whoever has
the columns of a run can repeat exactly its preparation.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dltrain.data import Column, Dataset, Scale, Split, split_order
from dltrain.data.table import Floats, Integers, Table
from dltrain.data.target import classes_of, decide_task
from dltrain.paths import expanded
from dltrain.suggest import closest

PACKAGED = Path(__file__).parent / "files"


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a table is prepared; see the knobs of data=csv."""

    target: str
    task: str
    features: Sequence[str] | None
    drop: Sequence[str]
    categorical: Sequence[str]
    missing: str
    missing_values: Sequence[str]
    max_categories: int
    standardise: bool
    standardise_target: bool
    val_fraction: float
    test_fraction: float
    delimiter: str
    seed: int


def tabular(name: str | None, *, path: str, options: Options) -> Dataset:
    """Read a CSV file and prepare it for training.

    Args:
        name: How the data set is called; None: the file's name without its ending.
        path: The file; ``package:NAME`` is one that dltrain ships.
        options: How to prepare it.

    Returns:
        A data set whose inputs are the number columns and the one-hot columns, in header order.

    Raises:
        ValueError: If the table cannot be used as it is; the message names line and column.
    """
    file = (
        PACKAGED / path.removeprefix("package:") if path.startswith("package:") else expanded(path)
    )
    content = _read(file)
    delimiter = options.delimiter.replace("\\t", "\t")
    table = Table(str(file), content, delimiter=delimiter, missing_values=options.missing_values)
    features = _feature_columns(table, options)
    dropped = _handle_missing(table, features, options)
    splits = _split(len(table), options)
    as_text = options.target in options.categorical
    task, reason = decide_task(table, options.target, stated=options.task, as_text=as_text)
    _refuse_wide(table, features, options)
    target, targets = _fit_target(table, task, splits[0], options)
    columns = [_fit(table, feature, splits[0], options) for feature in features]
    columns = [column for column in columns if column.features]
    if not columns:
        raise ValueError(f"{file}: no column is left to learn from; see data.features, data.drop")
    _refuse_twins(table, columns)
    encoded = [encode(table, column) for column in columns]
    held_out = np.concatenate(splits[1:])
    columns = [
        _with_unseen(column, values[held_out], table.missing(column.name)[held_out])
        for column, values in zip(columns, encoded, strict=True)
    ]
    inputs = np.concatenate(encoded, axis=1)
    train, val, test = (Split(inputs[rows], targets[rows]) for rows in splits)
    notes = [reason] if options.task == "auto" else []
    notes += [f"{dropped} rows with missing values were dropped"] if dropped else []
    notes += _warnings(columns, target, train)
    return Dataset(
        name=name or file.stem,
        task=task,
        train=train,
        val=val,
        test=test,
        feature_names=tuple(feature for column in columns for feature in column.features),
        class_names=target.categories,
        target_name=options.target,
        source=str(file) if not path.startswith("package:") else path,
        sha256=hashlib.sha256(content).hexdigest(),
        feature_scale=_joint_scale(columns),
        target_scale=_joint_scale([target]) if task == "regression" else Scale.identity(1),
        columns=_in_header_order(table, columns, target),
        notes=tuple(notes),
        reading={"delimiter": delimiter, "missing_values": list(options.missing_values)},
    )


def encode(table: Table, column: Column) -> Floats:
    """Turn the cells of one feature column into numbers, [N, features of the column].

    Args:
        table: Any table that has the column.
        column: What is to become of it, as decided from the training rows.

    Raises:
        ValueError: If a cell cannot be turned into a number; the message names line and column.
    """
    absent = table.missing(column.name)
    if column.role == "number":
        values = table.numbers(column.name)
        if values is None:
            raise ValueError(f"{table.name}: column {column.name!r} holds text, not numbers")
        if absent.any() and column.imputed is None:
            raise ValueError(f"{table.at(np.flatnonzero(absent)[0], column.name)}: no value")
        filled = np.where(absent, column.imputed or 0.0, values)
        return ((filled - column.mean) / column.deviation)[:, None]
    cells = table.texts(column.name)
    known = np.array(column.categories, dtype=str)
    values = (cells[:, None] == known[None, :]) & ~absent[:, None]
    if len(column.features) > len(column.categories):  # the last one stands for missing
        values = np.concatenate([values, absent[:, None]], axis=1)
    return values.astype(np.float64)


def _feature_columns(table: Table, options: Options) -> list[str]:
    """Check the columns that the options name; return those to learn from, in header order."""
    asked = [("data.target", [options.target]), ("data.drop", options.drop)]
    asked += [
        ("data.features", options.features or []),
        ("data.categorical", options.categorical),
    ]
    for key, columns in asked:
        for column in columns:
            if column not in table.header:
                hint = _delimiter_hint(table) or closest(column, table.header)
                raise ValueError(
                    f"{key}={column}: {table.name} has no such column; it has "
                    f"{_some(table.header)}{hint}"
                )
    wanted = set(table.header if options.features is None else options.features)
    return [c for c in table.header if c in wanted - {options.target, *options.drop}]


def _delimiter_hint(table: Table) -> str:
    other = next((mark for mark in ";\t|," if mark in table.header[0]), "")
    shown = other.replace("\t", "\\t")
    return f"; add 'data.delimiter={shown}'?" if len(table.header) == 1 and other else ""


def _handle_missing(table: Table, features: Sequence[str], options: Options) -> int:
    """Drop rows with missing cells or refuse them, as the options say; return how many dropped."""
    used = [*features, options.target]
    if options.missing == "drop":
        absent = np.any([table.missing(column) for column in used], axis=0)
        if absent.all():
            raise ValueError(f"{table.name}: data.missing=drop leaves no row: each lacks a value")
        if absent.any():
            table.keep(~absent)
        return int(absent.sum())
    for column in used if options.missing == "error" else [options.target]:
        rows = np.flatnonzero(table.missing(column))
        if len(rows):
            cure = "drop" if column == options.target else "mean, median or drop"
            raise ValueError(
                f"{table.at(rows[0], column)}: no value ({len(rows)} rows have none); "
                f"fill it in or use data.missing={cure}"
            )
    return 0


def _fit_target(
    table: Table, task: str, train: Integers, options: Options
) -> tuple[Column, npt.NDArray[np.generic]]:
    """Decide what becomes of the target, and prepare it: (column, targets [N])."""
    name = options.target
    if task == "regression":
        values = table.numbers(name)
        if values is None:
            raise ValueError(
                f"{table.at(0, name)}: {str(table.texts(name)[0])!r} is not a number; "
                "use data.task=classification if it names a class"
            )
        mean, deviation = 0.0, 1.0
        if options.standardise_target:
            mean, deviation = _scale(values[train], f"{table.name}: column {name!r}")
        column = Column(name, "target", mean=mean, deviation=deviation)
        return column, (values - mean) / deviation
    names, indices = classes_of(table, name, as_text=name in options.categorical)
    if len(names) > options.max_categories:
        raise ValueError(
            f"{table.name}: the target {name!r} has {len(names)} different values, more than "
            f"data.max_categories={options.max_categories}; use data.task=regression or raise it"
        )
    if len(names) < 2:
        raise ValueError(
            f"{table.name}: the target {name!r} has one value only; there is nothing to tell apart"
        )
    return Column(name, "target", categories=names), indices


def _is_text(table: Table, column: str, options: Options) -> bool:
    return column in options.categorical or table.numbers(column) is None


def _refuse_wide(table: Table, features: Sequence[str], options: Options) -> None:
    """Refuse columns of too many different texts, such as names and ids, all at once."""
    counts = {
        column: int(table.frame[column].nunique())
        for column in features
        if _is_text(table, column, options)
    }
    wide = {column: n for column, n in counts.items() if n > options.max_categories}
    if wide:
        listed = ", ".join(f"{column!r} has {count}" for column, count in wide.items())
        raise ValueError(
            f"{table.name}: too many different texts: {listed}, more than "
            f"data.max_categories={options.max_categories}; leave them out with "
            f"'data.drop=[{','.join([*options.drop, *wide])}]' or raise data.max_categories"
        )


def _refuse_twins(table: Table, columns: Sequence[Column]) -> None:
    """Refuse prepared columns of one name, such as those of a text column a and a column a_x."""
    seen: dict[str, str] = {}
    for column in columns:
        for feature in column.features:
            if feature in seen:
                raise ValueError(
                    f"{table.name}: columns {seen[feature]!r} and {column.name!r} both become "
                    f"{feature!r}; rename a column or a category"
                )
            seen[feature] = column.name


def _fit(table: Table, name: str, train: Integers, options: Options) -> Column:
    """Decide from the training rows what becomes of a feature column."""
    absent = table.missing(name)
    count = int(absent.sum())
    if _is_text(table, name, options):
        known = np.unique(table.texts(name)[train][~absent[train]])
        features = [f"{name}_{category}" for category in known]
        features += [f"{name}_nan"] if absent[train].any() else []
        categories = tuple(map(str, known))
        return Column(name, "category", count, categories=categories, features=tuple(features))
    values = table.numbers(name)
    assert values is not None
    present = values[train][~absent[train]]
    if not len(present):
        raise ValueError(
            f"{table.name}: column {name!r} has no value in any training row; "
            f"leave it out with data.drop=[{name}]"
        )
    # Kept even if nothing is missing here: something may be in rows to come.
    statistics = {"mean": float(present.mean()), "median": float(np.median(present))}
    imputed = statistics.get(options.missing)
    mean, deviation = 0.0, 1.0
    if options.standardise:
        filled = np.where(absent, imputed or 0.0, values)[train]
        mean, deviation = _scale(filled, f"{table.name}: column {name!r}")
    return Column(name, "number", count, imputed, features=(name,), mean=mean, deviation=deviation)


def _with_unseen(column: Column, held_out: Floats, absent: npt.NDArray[np.bool_]) -> Column:
    """Count the validation and test rows whose category no training row has."""
    if column.role != "category":
        return column
    unseen = ~held_out.any(axis=1) & ~absent
    return dataclasses.replace(column, unseen=int(unseen.sum()))


def _scale(values: Floats, where: str) -> tuple[float, float]:
    """Return mean and standard deviation; a constant keeps deviation 1."""
    with np.errstate(over="ignore", invalid="ignore"):
        deviation = float(values.std())
    if not np.isfinite(deviation):
        raise ValueError(
            f"{where} holds numbers too large to standardise, up to {np.abs(values).max():.3g}; "
            "give it in a larger unit"
        )
    constant = deviation <= 1e-12 * float(np.abs(values).max(initial=0.0))
    return float(values.mean()), 1.0 if constant else deviation


def _joint_scale(columns: Sequence[Column]) -> Scale:
    widths = [max(len(column.features), 1) for column in columns]
    return Scale(
        np.repeat([column.mean for column in columns], widths),
        np.repeat([column.deviation for column in columns], widths),
    )


def _in_header_order(table: Table, columns: Sequence[Column], target: Column) -> tuple[Column, ...]:
    known = {column.name: column for column in [*columns, target]}
    return tuple(
        known.get(name, Column(name, "dropped", int(table.missing(name).sum())))
        for name in table.header
    )


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ValueError(f"data.path={file}: {error.strerror}") from None


def _split(rows: int, options: Options) -> list[Integers]:
    """Draw the rows of train, val and test; each keeps the order of the file."""
    num_val, num_test = (round(rows * f) for f in (options.val_fraction, options.test_fraction))
    if num_val + num_test >= rows:
        raise ValueError(
            f"{rows} rows are too few for data.val_fraction={options.val_fraction:g} and "
            f"data.test_fraction={options.test_fraction:g}; lower them, to 0 if need be"
        )
    order = split_order(rows, options.seed)
    parts = np.split(order, [rows - num_val - num_test, rows - num_test])
    return [np.sort(part) for part in parts]


def _warnings(columns: Sequence[Column], target: Column, train: Split) -> Iterator[str]:
    absent = np.setdiff1d(np.arange(len(target.categories)), train.targets)
    for index in absent if target.categories else []:
        name = target.categories[int(index)]
        yield f"class {name!r} has no training row, so it cannot be learned"
    for column in columns:
        if column.unseen:
            yield (
                f"{column.unseen} validation or test rows have a {column.name!r} that no "
                "training row has; all its columns are 0 there"
            )


def _some(names: Sequence[str], most: int = 8) -> str:
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
