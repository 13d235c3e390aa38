"""How a table is prepared: the knobs of ``data=csv`` as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from dltrain.data.table.missing import USUAL
from dltrain.data.table.reading import Reading
from dltrain.data.table.writing import Writing


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a table is prepared; see the knobs of ``data=csv``."""

    target: str  # empty: not said, which is refused once the columns are known
    task: str
    features: Sequence[str] | None
    drop: Sequence[str]
    categorical: Sequence[str]
    missing: str
    missing_values: Sequence[str]
    keep_default_na: bool
    missing_indicator: bool
    decimal: str
    thousands: str | None
    date_format: str | None
    max_categories: int
    standardise: bool
    standardise_target: bool
    log_target: bool
    val_fraction: float
    test_fraction: float
    stratify: bool
    weight: str | None
    group: str | None
    order: str | None
    split: str | None
    val_path: str | None
    test_path: str | None
    folds: int | None
    fold: int | None
    delimiter: str | None
    encoding: str | None
    skip_rows: int
    comment: str | None
    header: str
    sheet: str | None
    url: str | None
    query: str | None
    seed: int

    @property
    def reading(self) -> Reading:
        """How its files are read."""
        return Reading(
            delimiter=None if self.delimiter is None else self.delimiter.replace("\\t", "\t"),
            encoding=self.encoding,
            skip_rows=self.skip_rows,
            comment=self.comment,
            header=str(self.header),
            sheet=self.sheet,
        )

    @property
    def missing_texts(self) -> list[str]:
        """What means missing."""
        return ["", *(USUAL if self.keep_default_na else ()), *self.missing_values]

    @property
    def kept_reading(self) -> dict[str, Any]:
        """What a run keeps, to read other rows alike."""
        return {
            **asdict(self.reading),
            "missing_values": self.missing_texts,
            "decimal": self.decimal,
            "thousands": None if self.thousands is None else str(self.thousands),
        }

    @property
    def writing(self) -> Writing:
        """How numbers are written."""
        return Writing(self.decimal, self.thousands)

    @property
    def splitting(self) -> dict[str, str]:
        """Columns that say which rows train, by knob."""
        columns = {"group": self.group, "order": self.order, "split": self.split}
        return {knob: column for knob, column in columns.items() if column is not None}

    @property
    def not_features(self) -> set[str]:
        """Columns that are read, whether or not data.drop names them."""
        return {*self.splitting.values(), *([] if self.weight is None else [self.weight])}
