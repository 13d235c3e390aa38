"""Rows of other tables, prepared exactly like the training rows, some at a time.

What is to become of each column was decided from the training rows; that decision is carried out by
the code that did it then, and what it cannot be carried out for is refused with its line.

Letters: n rows of a block, B rows of a part, I in_features.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dltrain.data.dataset import EVALUATION_ROWS, Column, Dataset
from dltrain.data.table.categories import Categories
from dltrain.data.table.cells import parsed, truths
from dltrain.data.table.dates import PARTS
from dltrain.data.table.derived import derive
from dltrain.data.table.encode import Encoder, refuse_no_logarithm
from dltrain.data.table.sentences import new_categories
from dltrain.data.table.source import HeldRows
from dltrain.data.table.table import Table, listed, quoted
from dltrain.data.table.weights import read_weights
from dltrain.data.table.writing import Writing
from dltrain.text import closest, counted

# Numbers of a part: large enough for the products, small enough to stay small beside a block.
PART_NUMBERS = 1 << 20


@dataclass(frozen=True)
class Part:
    """Some consecutive rows, prepared."""

    start: int  # the first row's place in its block
    stop: int  # the place after the last one's
    inputs: npt.NDArray[np.generic]  # [B, I]
    # [B], class indices or prepared amounts; None if they were not asked for
    targets: npt.NDArray[np.generic] | None
    weights: npt.NDArray[np.floating] | None = None  # [B], if targets were asked for and count so


class OtherRows:
    """Prepares the blocks of one table.

    Args:
        data: How the training rows were prepared; a data set without rows will do.
        header: Names of the table's columns: all that were learned from, in any order, and others.
        name: The table, as complaints call it.
        dtype: Of the inputs: float32 or float64.
        targets: Whether the target is asked for, too.

    Raises:
        ValueError: If a column is missing.
    """

    def __init__(
        self, data: Dataset, header: Sequence[str], *, name: str, dtype: str, targets: bool = False
    ) -> None:
        self._data, self._name, self._dtype = data, name, dtype
        self._columns = columns_of(data)
        self._targets = targets
        self._refuse_shifted(header)
        wanted = list(dict.fromkeys(column.origin for column in self._columns))
        judged = [data.target_name] if targets else []
        judged += [data.weight_name] if targets and data.weight_name is not None else []
        self._refuse_missing([*wanted, *judged], header)
        # Texts of categories are asked for; of what is not learned from nothing is.
        as_text = [column.origin for column in self._columns if _is_text(column)]
        self._as_text = [*as_text, *([data.target_name] if targets and data.class_names else [])]
        used = {*wanted, *judged}
        self._unused = [column for column in header if column not in used]
        signs = {column.name: column.written for column in data.columns}
        self._writings = {
            name: Writing(data.reading["decimal"], data.reading["thousands"], signs.get(name, ""))
            for name in header
        }
        self._booleans: dict[str, bool] = {}
        self.rows = 0  # how many were prepared so far
        names = [column.name for column in self._columns]
        self.imputed = dict.fromkeys(names, 0)  # cells that were imputed so far, by column
        # cells so far with a category, or a blank, that no training row has, by column
        self.unseen = {column.name: 0 for column in self._columns if column.role == "category"}

    def _refuse_shifted(self, header: Sequence[str]) -> None:
        """Refuse columns without names that may not be those that were learned from."""
        known = [column.name for column in self._data.columns]
        may_lack_last = self._data.target_name == known[-1] if known else False
        if self._data.reading.get("header") != "none" or header == known:
            return
        if not (may_lack_last and header == known[:-1]):
            raise ValueError(
                f"{self._name}: has {len(header)} columns without names, and it learned from "
                f"{len(known)} (data.header=none); all of them must be there, in the same order"
                + (", but for the target" if may_lack_last else "")
            )

    def _refuse_missing(self, wanted: Sequence[str], header: Sequence[str]) -> None:
        missing = [column for column in wanted if column not in header]
        if not missing:
            return
        roles = {
            self._data.target_name: " to compare with",
            self._data.weight_name: " to weigh the rows by",
        }
        role = roles.get(missing[0], "")
        mark = self._data.reading["delimiter"] or ","
        hint = closest(missing[0], header)
        if len(header) == 1 and len(wanted) > 1:
            hint = f"; cells are separated by {mark!r} here, as in the rows it was trained on"
        others = f" (nor {counted(len(missing) - 1, 'other')})" if len(missing) > 1 else ""
        raise ValueError(
            f"{self._name}: has no column {quoted(missing[0])}{role}{others}; "
            f"it has {listed(header)}{hint}"
        )

    def parts(self, rows: HeldRows) -> Iterator[Part]:
        """Prepare the rows of a block.

        Raises:
            ValueError: If a cell cannot be turned into what training made of its column; the
                message names line and column.
        """
        reading = self._data.reading
        table = Table(
            self._name,
            rows,
            missing_values=reading["missing_values"],
            as_text=self._as_text,
            unused=self._unused,
            writings=self._writings,
        )
        derive(table, self._columns)
        encoders = [self._encoder(table, column) for column in self._columns]
        targets = self._prepared_targets(table) if self._targets else None
        weights = self._prepared_weights(table) if self._targets else None
        ends = np.cumsum([encoder.width for encoder in encoders])
        width = int(ends[-1])
        whole = PART_NUMBERS // (width + len(rows.header)) // EVALUATION_ROWS * EVALUATION_ROWS
        size = max(whole, min(EVALUATION_ROWS, PART_NUMBERS // width + 1))
        for start in range(0, len(rows), size):
            stop = min(start + size, len(rows))
            inputs = np.empty((stop - start, width), self._dtype)
            for encoder, end in zip(encoders, ends, strict=True):
                encoder.write(slice(start, stop), inputs[:, end - encoder.width : end])
            self.rows += stop - start
            yield Part(
                start,
                stop,
                inputs,
                targets=None if targets is None else targets[start:stop],
                weights=None if weights is None else weights[start:stop],
            )

    def notes(self) -> Iterator[str]:
        """Say what of the rows so far was not there, or not like that in training."""
        for column in self._columns:
            if count := self.imputed[column.name]:
                where = f"missing in {count:,} of {self.rows:,} rows"
                became = f"it became {column.imputed:g} there, as in training"
                yield f"{quoted(column.name)} is {where}; {became}"
        for name, count in self.unseen.items():
            if count:
                yield new_categories(name, count, f"{self.rows:,} rows")

    def _encoder(self, table: Table, column: Column) -> Encoder:
        if column.role == "number" and not column.part:
            self._refuse_text(table, column.name)
            self._refuse_mixture(table, column.name)
        encoder = Encoder(table, column)
        imputed, unseen = encoder.counts()
        self.imputed[column.name] += imputed
        if unseen:
            self.unseen[column.name] += unseen
        return encoder

    def _refuse_text(self, table: Table, column: str) -> None:
        """Refuse a cell that is no number where training had numbers."""
        try:
            if table.numbers(column) is not None:
                return
        except ValueError:
            pass  # what it advises helps only before training
        texts, codes = table.categories(column)
        held = pa.array(texts, pa.string())
        writing = self._writings[column]
        is_number, is_truth = np.isfinite(parsed(held, writing)), ~np.isnan(truths(held))
        counts = np.bincount(codes[codes >= 0], minlength=len(texts))
        written = f" with {writing.sign!r}" if writing.sign else ""
        right, what = is_number, f"no finite number{written}, and numbers were learned from there"
        if counts[is_truth].sum() > counts[is_number].sum():
            right, what = is_truth, "neither true nor false, as other cells are there"
        wrong = np.flatnonzero((codes >= 0) & ~right[codes])
        cell = quoted(texts[codes[wrong[0]]])
        raise ValueError(f"{table.at(wrong[0], column)}: {cell} is {what}; correct it")

    def _refuse_mixture(self, table: Table, column: str) -> None:
        """Refuse true and false where other blocks have numbers: they are read alike in one."""
        boolean = table.is_boolean(column)
        if self._booleans.get(column) is boolean:
            return
        present = np.flatnonzero(~table.missing(column))
        if len(present) and self._booleans.setdefault(column, boolean) is not boolean:
            raise ValueError(
                f"{table.at(present[0], column)}: {quoted(table.text(present[0], column))} stands "
                f"among {'numbers' if boolean else 'true and false'}; correct it"
            )

    def _prepared_weights(self, table: Table) -> npt.NDArray[np.floating] | None:
        """Prepare the weights of a block, [n]."""
        column = next((c for c in self._data.columns if c.role == "weight"), None)
        if column is None:
            return None
        weights = read_weights(table, column.name) / column.deviation
        return weights.astype(self._dtype)

    def _prepared_targets(self, table: Table) -> npt.NDArray[np.generic]:
        """Prepare the target of a block, [n]."""
        name, classes = self._data.target_name, self._data.class_names
        missing = np.flatnonzero(table.missing(name))
        if len(missing):
            raise ValueError(f"{table.at(missing[0], name)}: no value; fill it in")
        if not classes:
            self._refuse_text(table, name)
            self._refuse_mixture(table, name)
            amounts, scale = table.numbers(name), self._data.target_scale
            assert amounts is not None
            if scale.log:
                refuse_no_logarithm(table, name, amounts)
            with np.errstate(over="ignore"):
                prepared: npt.NDArray[np.generic] = scale.prepared(amounts).astype(self._dtype)
            if not np.isfinite(prepared).all():
                row = np.argmin(np.isfinite(prepared))
                raise ValueError(f"{table.at(row, name)}: is too large for {self._dtype}")
            return prepared
        texts, codes = table.categories(name)
        if set(classes) <= {"true", "false"}:
            texts = [text.lower() for text in texts]
        class_of_text = np.array(list(map(Categories(classes).index, texts)), np.int64)
        indices: npt.NDArray[np.int64] = class_of_text[codes]
        wrong = np.flatnonzero(indices < 0)
        if len(wrong):
            text = texts[codes[wrong[0]]]
            raise ValueError(
                f"{table.at(wrong[0], name)}: {quoted(text)} is none of the classes"
                f"{closest(text, classes)} (there are: {listed(classes)})"
            )
        return indices


def _is_text(column: Column) -> bool:
    """Whether the texts of a column will be asked for: those of categories and dates."""
    return column.role == "category" or column.part in PARTS


def columns_of(data: Dataset) -> list[Column]:
    """List the columns that a data set's inputs are made of, in the order of the features."""
    if data.columns:
        return [column for column in data.columns if column.role in ("number", "category")]
    return [Column(name, "number", features=(name,)) for name in data.feature_names]
