"""What every knob of the data sets is, as ``schema`` says it of all else."""

from __future__ import annotations

from dataclasses import dataclass

from dltrain.config.choices import Colour, Header, Missing, Source, Task, Thousands
from dltrain.config.knob import knob
from dltrain.config.schema import MAX_SEED

MAX_FOLDS = 1000


@dataclass(frozen=True, kw_only=True)
class SyntheticConfig:
    """Rows drawn from y = Xw + b + noise."""

    kind: str = knob("which class of data this is; chosen with data=")
    name: str = knob("how the data set is called in run folders", raw=True)
    w: list[float] = knob(
        "true weights, one per feature", ge=-1e30, le=1e30, min_length=1, max_length=100_000
    )
    b: float = knob("true bias", ge=-1e30, le=1e30)
    noise: float = knob("standard deviation of the noise on y", ge=0, le=1e30)
    num_train: int = knob("training rows", unit="rows", ge=1, le=10**9)
    num_val: int = knob("validation rows", unit="rows", ge=0, le=10**9)
    seed: int = knob("fixes the rows, apart from the run's own seed", ge=0, le=MAX_SEED)


@dataclass(frozen=True, kw_only=True)
class CsvConfig:
    """A table with a header."""

    kind: str = knob("which class of data this is; chosen with data=")
    name: str | None = knob("name in run folders; null: the file's name", raw=True)
    path: str | None = knob(
        "the file; several: [a.csv,b.csv] or parts/*.csv; package:NAME is one that dltrain ships",
        raw=True,
    )
    target: str | None = knob("name of the column to predict", raw=True)
    task: Task = knob("what the target is; auto looks at its values")
    features: list[str] | None = knob("columns to learn from; null: all but the target")
    drop: list[str] = knob("columns to leave out")
    categorical: list[str] = knob("columns of numbers to treat as categories")
    missing: Missing = knob(
        "missing numbers: the training rows' mean or median, drop the row, error"
    )
    missing_values: list[str] = knob("more texts that mean missing; a number: however spelt")
    keep_default_na: bool = knob("NA, N/A, n/a, #N/A, <NA>, NaN, None, null mean missing, too")
    missing_indicator: bool = knob("a column more for each one of numbers that lacks some: where")
    decimal: str = knob(
        "what stands before a number's fraction", form="[.,]", example=". or ,", raw=True
    )
    thousands: Thousands | None = knob(
        "what stands between a number's thousands; null: nothing", raw=True
    )
    date_format: str | None = knob(
        "how dates are written, such as %d/%m/%Y; null: ISO, or what alone fits", raw=True
    )
    max_categories: int = knob(
        "most categories of a text column; beyond, the rare ones become one", ge=1, le=100_000
    )
    standardise: bool = knob("scale number columns to mean 0 and deviation 1 (training rows)")
    standardise_target: bool = knob("the same for a regression target; metrics keep its units")
    log_target: bool = knob(
        "learn the logarithm of a regression target; predictions and all metrics but the loss are "
        "of the target itself"
    )
    val_fraction: float = knob("share of the rows that chooses", ge=0, lt=1)
    test_fraction: float = knob("share of the rows that is tested once, at the end", ge=0, lt=1)
    stratify: bool = knob("every split has the classes' shares; no effect on a regression")
    weight: str | None = knob(
        "column of row weights, 0 or more: how much a row counts, in training and in every metric; "
        "null: each counts 1",
        raw=True,
    )
    group: str | None = knob("column whose equal cells stay in one split; null: none", raw=True)
    order: str | None = knob(
        "column to sort by: train on the past, validate and test on the future", raw=True
    )
    split: str | None = knob("column that says train, val or test of each row", raw=True)
    val_path: str | None = knob("files whose rows validate; null: drawn from path", raw=True)
    test_path: str | None = knob("files whose rows test; null: drawn from path", raw=True)
    folds: int | None = knob(
        "cut the rows that do not test into this many folds, of which one validates",
        ge=2,
        le=MAX_FOLDS,
    )
    fold: int | None = knob("which fold validates; null: each, in a sweep", ge=0, lt=MAX_FOLDS)
    delimiter: str | None = knob(
        "what separates cells: one character, \\t for a tab; null: a comma, or a tab if the header "
        "has tabs",
        raw=True,
    )
    encoding: str | None = knob(
        "how the text is encoded, such as cp1252; null: UTF-8, or UTF-16 where it says so", raw=True
    )
    skip_rows: int = knob("lines before the header that are no part of it", ge=0, le=10**6)
    comment: str | None = knob("what lines begin with that are no rows; null: none do", raw=True)
    header: Header = knob("row: the first one names the columns; none: they are c1, c2, ...")
    url: str | None = knob(
        "a database in place of a file: sqlite:///FILE, duckdb:///FILE, postgresql://...", raw=True
    )
    query: str | None = knob("the SELECT whose rows are learned from", raw=True, whole=True)
    sheet: str | None = knob("sheet of an Excel workbook; null: the only one", raw=True)
    seed: int = knob("fixes the split, apart from the run's own seed", ge=0, le=MAX_SEED)


@dataclass(frozen=True, kw_only=True)
class FashionMnistConfig:
    """The 70,000 pictures of Fashion-MNIST."""

    kind: str = knob("which class of data this is; chosen with data=")
    name: str = knob("how the data set is called in run folders", raw=True)
    root: str | None = knob("folder with the four IDX files, plain or .gz; null: search", raw=True)
    source: Source = knob("full forbids the small packaged sample, sample asks for it")
    num_val: int = knob("of the 60,000 training images, how many choose", ge=0, le=59_999)
    test_validates: bool = knob(
        "the test images validate, too, as in the textbook; with data.num_val=0"
    )
    stratify: bool = knob("the classes have equal shares of those that choose")
    folds: int | None = knob(
        "cut the training images into this many folds, of which one chooses", ge=2, le=MAX_FOLDS
    )
    fold: int | None = knob("which fold chooses; null: each, in a sweep", ge=0, lt=MAX_FOLDS)
    seed: int = knob("fixes which images choose, apart from the run's own seed", ge=0, le=MAX_SEED)


@dataclass(frozen=True, kw_only=True)
class _DrawnImages:
    """Which of some images validate and test."""

    kind: str = knob("which class of data this is; chosen with data=")
    val_fraction: float = knob("share of the images that chooses", ge=0, lt=1)
    stratify: bool = knob("every split has the classes' shares")
    folds: int | None = knob(
        "cut the images that do not test into this many folds, of which one chooses",
        ge=2,
        le=MAX_FOLDS,
    )
    fold: int | None = knob("which fold chooses; null: each, in a sweep", ge=0, lt=MAX_FOLDS)
    seed: int = knob("fixes the split, apart from the run's own seed", ge=0, le=MAX_SEED)


@dataclass(frozen=True, kw_only=True)
class ImagesConfig(_DrawnImages):
    """PNG and JPEG files, in a folder for each class."""

    name: str | None = knob("name in run folders; null: the folder's name", raw=True)
    path: str | None = knob("folder with a folder for each class, or with train, test", raw=True)
    size: list[int] | None = knob(
        "height and width that images are resized to; null: all must have one size",
        unit="pixels",
        ge=1,
        le=10_000,
        min_length=2,
        max_length=2,
    )
    colour: Colour = knob("grey or rgb; auto: rgb if any image has colours")
    test_fraction: float = knob("share of the images that is tested once, at the end", ge=0, lt=1)


@dataclass(frozen=True, kw_only=True)
class IdxConfig(_DrawnImages):
    """Four IDX files, as MNIST and its relatives come."""

    name: str | None = knob("name in run folders; null: the files' or the folder's", raw=True)
    path: str | None = knob(
        "folder with the four IDX files, plain or .gz; of several sets FOLDER/BEGINNING", raw=True
    )
    class_names: list[str] | None = knob("names of label 0, 1, ...; null: the labels")
