"""What becomes of a column: decided from the training rows, then done to these or any other rows.

The decision is written down as a ``Column``. So whoever has the columns of a run can repeat exactly
its preparation. All of it is computed in float64, whatever the inputs are rounded to in the end.

Letters: N rows, I in_features, F features that one column turns into.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dltrain.data.dataset import Column
from dltrain.data.table.categories import Categories, merged, most_frequent
from dltrain.data.table.cells import Floats
from dltrain.data.table.table import WORKERS, Integers, Table
from dltrain.system.shell import setting
from dltrain.text import counted

TILE_NUMBERS = 1 << 17  # what is computed at once, so that it stays in the cache


def fit_number(
    table: Table, name: str, train: Integers, *, missing: str, standardise: bool
) -> Column:
    """Decide from the training rows what becomes of a column of numbers.

    Args:
        table: All rows.
        name: The column.
        train: Which rows are training rows, in order.
        missing: What missing numbers become: ``mean``, ``median``, or anything else for nothing.
        standardise: Whether numbers are scaled to mean 0 and deviation 1.

    Raises:
        ValueError: If there is no training value, or numbers are too large to standardise.
    """
    where = f"{table.name}: column {name!r}"
    values = table.numbers(name)
    assert values is not None
    absent = np.isnan(values)
    count = int(np.count_nonzero(absent))
    values = values[train]
    present = values[~absent[train]] if count else values
    if not len(present):
        raise ValueError(
            f"{where} has no value in any training row; leave it out with "
            f"{setting('data.drop', [name])}"
        )
    # Kept even if nothing is missing here: something may be in rows to come.
    imputed = None
    if missing in ("mean", "median"):
        with np.errstate(over="ignore", invalid="ignore"):
            imputed = float(present.mean() if missing == "mean" else np.median(present))
        if not np.isfinite(imputed):
            raise ValueError(
                f"{where} holds numbers too large for a {missing}, up to "
                f"{np.abs(present).max():.3g}; give it in a larger unit"
            )
    mean, deviation = 0.0, 1.0
    if standardise:
        values[np.isnan(values)] = imputed or 0.0
        mean, deviation = scale_of(values, where)
    return Column(
        name,
        "number",
        count,
        imputed,
        features=(name,),
        mean=mean,
        deviation=deviation,
        written=table.writing(name).sign,
    )


def fit_category(table: Table, name: str, train: Integers, *, most: int) -> Column:
    """Decide from the training rows what becomes of a column of texts: a feature for each.

    Args:
        table: All rows.
        name: The column.
        train: Which rows are training rows.
        most: How many categories there may be; the rare ones beyond become one.
    """
    texts, codes = table.categories(name)  # the code of a missing cell is -1
    counts = np.bincount(codes[train] + 1, minlength=len(texts) + 1)
    known, other = most_frequent(merged(texts), counts[1:], most=most)
    features = [f"{name}_{category}" for category in [*known, *([other] if other else [])]]
    features += [f"{name}_nan"] if counts[0] else []
    column = Column(
        name,
        "category",
        missing=int(np.count_nonzero(codes < 0)),
        categories=tuple(known),
        features=tuple(features),
        other=other,
    )
    return replace(column, unseen=Encoder(table, column).counts()[1])


def scale_of(values: Floats, where: str) -> tuple[float, float]:
    """Return mean and standard deviation of numbers; a constant keeps deviation 1.

    Args:
        values: [N]; they are used up.
        where: What a complaint calls them.

    Raises:
        ValueError: If the deviation is too large for a float64.
    """
    largest = float(max(values.max(), -values.min()))
    with np.errstate(over="ignore", invalid="ignore"):
        mean = float(values.mean())
        values -= mean
        deviation = float(np.sqrt(np.dot(values, values) / len(values)))
    if not np.isfinite(deviation):
        raise ValueError(
            f"{where} holds numbers too large to standardise, up to {largest:.3g}; "
            "give it in a larger unit"
        )
    return mean, deviation if deviation > 1e-12 * largest else 1.0


def encode(table: Table, column: Column) -> Floats:
    """Turn the cells of one feature column into numbers, [N, F].

    Raises:
        ValueError: If a cell cannot be turned into a number; the message names line and column.
    """
    inputs = np.empty((len(table), len(column.features)))
    Encoder(table, column).write(slice(None), inputs)
    return inputs


def prepare(
    table: Table, columns: Sequence[Column], order: Integers, *, dtype: npt.DTypeLike
) -> npt.NDArray[np.floating]:
    """Turn the cells of all feature columns into numbers, [N, I], rows in the given order.

    The table's numbers are given back as they are written, so that the memory never holds both all
    cells and all inputs.

    Args:
        table: The rows; of no use any more afterwards.
        columns: Those to learn from.
        order: Rows of the table, in the order of the inputs.
        dtype: float32 or float64.

    Raises:
        ValueError: If a cell cannot be turned into a number of that type.
    """
    encoders = [Encoder(table, column) for column in columns]
    ends = np.cumsum([encoder.width for encoder in encoders])
    inputs = np.empty((len(order), ends[-1]), dtype)
    positions = np.empty_like(order)
    positions[order] = np.arange(len(order))
    rows = max(TILE_NUMBERS // int(ends[-1]), 1)

    def write(start: int) -> None:
        stop = min(start + rows, len(order))
        tile = np.empty((stop - start, ends[-1]), dtype)
        for encoder, end in zip(encoders, ends, strict=True):
            encoder.write(slice(start, stop), tile[:, end - encoder.width : end])
        inputs[positions[start:stop]] = tile

    with ThreadPoolExecutor(WORKERS) as pool:
        for _ in pool.map(write, range(0, len(order), rows)):
            pass
    table.close()
    return inputs


def prepare_amounts(
    table: Table,
    name: str,
    train: Integers,
    *,
    standardise: bool,
    log: bool,
    dtype: npt.DTypeLike,
) -> tuple[Column, npt.NDArray[np.floating]]:
    """Turn a regression's target into numbers, [N], in the table's order; and say how.

    Raises:
        ValueError: If it is too large to standardise or for the type, or has no logarithm that
            is asked for.
    """
    values = table.numbers(name)
    assert values is not None
    mean, deviation = 0.0, 1.0
    if log:
        refuse_no_logarithm(table, name, values)
        values = np.log(values)
    if standardise:
        mean, deviation = scale_of(values[train], f"{table.name}: column {name!r}")
    with np.errstate(over="ignore"):
        amounts = (values - mean) / deviation
        rounded = amounts.astype(dtype)
    if not np.isfinite(rounded).all():
        raise _too_large(table, name, amounts, rounded.dtype)
    sign = table.writing(name).sign
    column = Column(name, "target", mean=mean, deviation=deviation, log=log, written=sign)
    return column, rounded


def refuse_no_logarithm(table: Table, name: str, amounts: Floats) -> None:
    """Refuse amounts that are not above 0, where the logarithm is learned."""
    wrong = np.flatnonzero(amounts <= 0)
    if len(wrong):
        row = wrong[0]
        raise ValueError(
            f"{table.at(row, name)}: {amounts[row]:g} has no logarithm ("
            f"{counted(len(wrong), 'row')} of 0 or less), and data.log_target=true learns it; "
            "correct what is wrong, or leave data.log_target out"
        )


class Encoder:
    """One column on its way to numbers, some rows at a time.

    Raises:
        ValueError: If the column is no number column where it should be one.
    """

    def __init__(self, table: Table, column: Column) -> None:
        self._table, self._column = table, column
        self.width = len(column.features)
        if column.role == "number":
            values = table.numbers(column.name)
            if values is None:
                raise ValueError(f"{table.name}: column {column.name!r} holds text, not numbers")
            absent = np.isnan(values)
            self._has_holes = bool(absent.any())
            if self._has_holes and column.imputed is None:
                raise ValueError(
                    f"{table.at(np.argmax(absent), column.origin)}: no value, and the run has none "
                    "to fill in, as it learned from complete rows alone; fill it in, or leave the "
                    "row out"
                )
            self._values = values
            return
        texts, codes = table.categories(column.name)
        known = Categories(column.categories)
        count = len(column.categories)
        features = [known.index(text) for text in texts]
        if column.other:
            features = [count if feature < 0 else feature for feature in features]
        # The last feature stands for missing, if there is one for it; a new text has none.
        missing_index = self.width - 1 if self.width > count + bool(column.other) else -1
        self._features = np.array([*features, missing_index])
        self._codes = codes

    def counts(self) -> tuple[int, int]:
        """Count the cells that were imputed, and those as no training row has them."""
        if self._column.role == "number":
            return int(np.count_nonzero(np.isnan(self._values))) if self._has_holes else 0, 0
        return 0, int(np.count_nonzero(self._features[self._codes] < 0))

    def write(self, rows: slice, inputs: npt.NDArray[np.floating]) -> None:
        """Write the given rows, [rows, F]."""
        column = self._column
        if column.role != "number":
            features = self._features[self._codes[rows]]  # the one that is 1, for each row
            inputs[:] = features[:, None] == np.arange(self.width)
            return
        values = self._values[rows].copy()
        if self._has_holes:
            values[np.isnan(values)] = column.imputed
        with np.errstate(over="ignore"):
            values -= column.mean
            values /= column.deviation
            inputs[:, 0] = values
        if not np.isfinite(inputs[:, 0]).all():
            raise _too_large(self._table, column.name, values, inputs.dtype)


def _too_large(table: Table, column: str, values: Floats, dtype: np.dtype[Any]) -> ValueError:
    """Return the complaint that numbers do not fit the type that a run computes in."""
    return ValueError(
        f"{table.name}: column {column!r} holds numbers too large for {dtype.name}, up "
        f"to {np.abs(values).max():.3g}; give it in a larger unit, or use device.dtype=float64"
    )
