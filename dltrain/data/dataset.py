"""What every data set becomes: arrays in three splits, a task, and names for what they hold.

Letters: N rows of a split, I in_features. Arrays are NumPy's, so that looking at data and refusing
bad data needs no torch; ``build.py`` hands them to the device without a copy.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

# Rows per product when a whole split is evaluated: large enough to be efficient, small enough
# that the activations of many members fit the memory.
EVALUATION_ROWS = 2048
PART = 1 << 16  # rows that are looked at together


def variance(targets: npt.NDArray[Any], weights: npt.NDArray[np.floating] | None = None) -> float:
    """Return the variance of targets [N], as they count; 0 where they differ only by rounding."""
    if not len(targets):
        return 0.0
    if weights is not None:
        counted = weights > 0
        targets, weights = targets[counted].astype(np.float64), weights[counted].astype(np.float64)
        mean = float(np.average(targets, weights=weights))
        deviation = float(np.average(np.square(targets - mean), weights=weights)) ** 0.5
    else:
        mean = float(targets.mean(dtype=np.float64))
        # In parts, so that no float64 copy of all targets is made.
        parts = (targets[start : start + PART] for start in range(0, len(targets), PART))
        squares = sum(float(np.square(part - np.float64(mean)).sum()) for part in parts)
        deviation = (squares / len(targets)) ** 0.5
    largest = max(abs(float(targets.max())), abs(float(targets.min())))
    return deviation**2 if deviation > 1e-12 * largest else 0.0


@dataclass(frozen=True)
class Split:
    """The rows of one split."""

    # [N, I], in the float type the run computes in, or uint8 for images (a byte b stands for b
    # / 255)
    inputs: npt.NDArray[np.generic]
    # [N], of that float type for regression, int64 class indices for classification
    targets: npt.NDArray[np.generic]
    # [N], how much each row counts, divided by the training rows' mean, in the float type the run
    # computes in; None: each counts 1
    weights: npt.NDArray[np.floating] | None = None

    def __post_init__(self) -> None:
        assert self.inputs.ndim == 2
        assert self.targets.shape == self.inputs.shape[:1]

    def __len__(self) -> int:
        return len(self.targets)


@dataclass(frozen=True)
class Scale:
    """A change of units: prepared = (original - mean) / deviation, per column.

    Of a target whose logarithm is learned the original stands for its logarithm there.
    """

    mean: npt.NDArray[np.float64]
    deviation: npt.NDArray[np.float64]
    log: bool = False

    def prepared(self, amounts: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Prepare numbers [N] of the first column."""
        values = (np.log(amounts) if self.log else amounts).astype(np.float64, copy=False)
        return (values - float(self.mean[0])) / float(self.deviation[0])

    def original(self, prepared: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Undo the preparation of numbers [N] of the first column; inf beyond float64."""
        values: npt.NDArray[np.float64] = prepared.astype(np.float64)
        values = values * float(self.deviation[0]) + float(self.mean[0])
        with np.errstate(over="ignore"):
            return np.exp(values) if self.log else values

    @staticmethod
    def identity(columns: int) -> Scale:
        """Return the change of units that changes nothing."""
        return Scale(np.zeros(columns), np.ones(columns))


@dataclass(frozen=True)
class Amounts:
    """Where some numbers lie."""

    mean: float
    deviation: float
    smallest: float
    largest: float

    @classmethod
    def of(cls, values: npt.NDArray[np.floating]) -> Amounts:
        """Look at numbers [N], at least one."""
        return cls(*(float(f(values)) for f in (np.mean, np.std, np.min, np.max)))


@dataclass(frozen=True)
class Column:
    """What became of one column of a table."""

    name: str  # as in the header
    # ``target``, ``weight``, ``number``, ``category``, ``date`` (see its parts), or ``dropped``
    role: str
    missing: int = 0  # cells without a value, over all rows
    # what missing numbers became (training rows' statistic); None if none are filled
    imputed: float | None = None
    # the different texts of the training rows, or the class names of a target
    categories: tuple[str, ...] = ()
    # names of the prepared columns it turned into; behind the categories that of all others, and
    # that of missing ones, if there are any
    features: tuple[str, ...] = ()
    # cells of validation and test rows with a category, or a blank, that no training row has
    unseen: int = 0
    mean: float = 0.0  # subtracted from numbers, a target's too
    deviation: float = 1.0  # numbers are then divided by it, weights too
    log: bool = False  # whether all that is done to the target's logarithm
    # how its cells are written: a sign that each number carries, such as ``$``, or a date's format
    written: str = ""
    source: str = ""  # the column it is made of, if that is another one: of dates, or with holes
    part: str = ""  # what is taken of it: ``year``, ``hour``, ``missing``
    other: str = ""  # the category of all texts that are none of the categories, if there is one

    @property
    def origin(self) -> str:
        """The column of the file that its cells come from."""
        return self.source if self.part else self.name


@dataclass(frozen=True)
class Dataset:
    """Everything the rest of the house knows about data."""

    name: str  # as in run folders
    task: str  # ``regression`` or ``classification``
    train: Split
    val: Split
    test: Split
    feature_names: tuple[str, ...]  # one per column of the inputs, I of them
    target_name: str  # what is predicted
    # where the bytes came from: ``generated``, a path, ``system``, ``sample`` and so on
    source: str
    sha256: str  # digest of the source's bytes, or of what generates them
    feature_scale: Scale  # how the inputs were standardised, [I]
    # how a regression target was standardised, [1]
    target_scale: Scale = field(default_factory=lambda: Scale.identity(1))
    class_names: tuple[str, ...] = ()  # one per class; empty for regression
    columns: tuple[Column, ...] = ()  # what became of each column of a table
    lines: tuple[tuple[str, str], ...] = ()  # what became of it: what about, and what is said
    facts: dict[str, Any] = field(default_factory=dict)  # the same for programs, and more
    notes: tuple[str, ...] = ()  # what the user should know, in sentences, shown before training
    warnings: tuple[str, ...] = ()  # what the user must not overlook
    unit: float = 1.0  # what an input of 1 in ``Split.inputs`` stands for; 1/255 for images
    # height and width if the inputs are images; and 3 if they have red, green and blue
    image_shape: tuple[int, ...] | None = None
    # mean and deviation over training images of the mean byte at their edges
    edges: tuple[float, float] | None = None
    resizes: bool = False  # whether pictures of another size are resized to that
    # how the source's text is to be read: delimiter, texts that mean missing (a number means
    # every spelling of it), what stands before a fraction and between thousands
    reading: dict[str, Any] = field(default_factory=dict)
    # digest of each file that rows come from, by what it is to the data set, such as ``path``
    files: dict[str, str] = field(default_factory=dict)
    # a regression's targets in the file's own numbers, by split
    amounts: dict[str, Amounts] = field(default_factory=dict)
    other_task: str = ""  # what the target can be taken for as well, if told so by data.task
    # training rows of each class, as they count, of a data set that has no rows itself
    known_class_rows: tuple[float, ...] = ()
    # the weights [I] and the bias that generated the data, where they are known
    truth: tuple[npt.NDArray[np.float64], float] | None = None

    @property
    def splits(self) -> dict[str, Split]:
        """The three splits by name, in order."""
        return {"train": self.train, "val": self.val, "test": self.test}

    @property
    def class_rows(self) -> tuple[float, ...]:
        """How many training rows each class has, as they count; empty for regression."""
        if self.known_class_rows or not self.class_names:
            return self.known_class_rows
        train = self.train
        counts = np.bincount(train.targets, train.weights, minlength=len(self.class_names))
        return tuple(map(float, counts))

    @property
    def balanced(self) -> bool:
        """Whether each class has at least half its even share of the training rows."""
        counts = self.class_rows
        return not counts or 2 * len(counts) * min(counts) >= sum(counts)

    @property
    def weight_name(self) -> str | None:
        """The column that weighs the rows, if one does."""
        return next((column.name for column in self.columns if column.role == "weight"), None)

    def preparation(self) -> dict[str, Any]:
        """Return what it takes to prepare other rows exactly like these, as plain values.

        A number x of a table becomes (x - mean) / deviation, its missing cells ``imputed``; true
        and false count as 1 and 0; a category becomes 1 in its own column. Of a target with ``log``
        the logarithm is taken first. A byte of an image is
        multiplied by ``unit``.
        """
        return {
            "unit": self.unit,
            "task": self.task,
            "target": self.target_name,
            "feature_names": list(self.feature_names),
            "class_names": list(self.class_names),
            "class_rows": list(self.class_rows),
            "image_shape": self.image_shape,
            "edges": self.edges,
            "resizes": self.resizes,
            "reading": self.reading,
            "columns": [dataclasses.asdict(column) for column in self.columns],
        }

    def record(self) -> dict[str, Any]:
        """Return what a run's record tells of the data, as plain values."""
        return {
            "name": self.name,
            "source": self.source,
            "sha256": self.sha256,
            "files": self.files,
            "task": self.task,
            "rows": {name: len(split) for name, split in self.splits.items()},
            "facts": self.facts,
            "lines": dict(self.lines),
            "notes": [*self.warnings, *self.notes],
        }

    @property
    def in_features(self) -> int:
        """Width of the inputs."""
        return len(self.feature_names)

    @property
    def out_features(self) -> int:
        """Outputs a model needs: one number, or one logit per class."""
        return len(self.class_names) or 1


@dataclass(frozen=True)
class DataSummary:
    """What is known of a data set without keeping it."""

    name: str  # as in run folders
    source: str  # where the rows came from
    sha256: str | None  # of the data, if it came from files
    task: str  # what is predicted
    rows: Mapping[str, int]  # rows of each split
    balanced: bool  # whether no class is rare
    in_features: int  # inputs per row
    image: bool  # whether inputs are bytes
    lines: tuple[tuple[str, str], ...]  # what became of it
    warnings: tuple[str, ...]  # for people, hard to overlook
    notes: tuple[str, ...]  # for people

    @classmethod
    def of(cls, data: Dataset) -> DataSummary:
        """Look at a loaded data set."""
        return cls(
            name=data.name,
            source=data.source,
            sha256=data.sha256,
            task=str(data.task),
            rows={name: len(split) for name, split in data.splits.items()},
            balanced=data.balanced,
            in_features=data.in_features,
            image=data.train.inputs.dtype.name == "uint8",
            lines=data.lines,
            warnings=tuple(data.warnings),
            notes=tuple(data.notes),
        )
