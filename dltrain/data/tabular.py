"""CSV tables: read, check, split, impute, one-hot, standardise - with training statistics only.

Nothing is repaired in silence: a row of the wrong width, a duplicate name, a stray text among
numbers or a non-finite value is an error with file, line and column. What is filled in or encoded
is what the config says, and ``Dataset.columns`` reports it.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from dltrain.data import Column, Dataset, Scale, Split
from dltrain.suggest import closest

PACKAGED = Path(__file__).parent / "files"
MAX_COLUMNS = 100_000
# Integers with this few different values are read as class labels by task=auto.
FEW_VALUES = 10


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
    file = PACKAGED / path.removeprefix("package:") if path.startswith("package:") else Path(path)
    content = _read(file.expanduser())
    try:
        table = Table(str(file), content, options)
    except (csv.Error, pd.errors.ParserError) as error:
        raise ValueError(f"{file}: cannot be read as a table ({error}); mend its quotes") from None
    dropped_rows = table.drop_rows()
    splits = _split(len(table.frame), options)
    table.refuse_wide()
    task, reason = table.task()
    targets, class_names, target_scale = table.targets(task, train=splits[0])
    encoded = [
        table.encode(column, train=splits[0], held_out=np.concatenate(splits[1:]))
        for column in table.features
    ]
    if not encoded:
        raise ValueError(f"{file}: no column is left to learn from; see data.features, data.drop")
    inputs = np.concatenate([part.values for part in encoded], axis=1)
    names = tuple(feature for part in encoded for feature in part.column.features)
    scale = Scale(
        np.concatenate([part.scale.mean for part in encoded]),
        np.concatenate([part.scale.deviation for part in encoded]),
    )
    notes = [reason] if options.task == "auto" else []
    notes += [f"{dropped_rows} rows with missing values were dropped"] if dropped_rows else []
    notes += _warnings(encoded, class_names, targets[splits[0]])
    train, val, test = (Split(inputs[rows], targets[rows]) for rows in splits)
    return Dataset(
        name=name or file.stem,
        task=task,
        train=train,
        val=val,
        test=test,
        feature_names=names,
        class_names=class_names,
        target_name=options.target,
        source=str(file) if not path.startswith("package:") else path,
        sha256=hashlib.sha256(content).hexdigest(),
        feature_scale=scale,
        target_scale=target_scale,
        columns=table.report(encoded, target_scale),
        notes=tuple(notes),
    )


@dataclass(frozen=True)
class Encoded:
    """One column as the model sees it: [N, features] and what became of it."""

    values: npt.NDArray[np.float64]
    scale: Scale
    column: Column


class Table:
    """The cells of a file as text, checked for shape, with line numbers for complaints."""

    def __init__(self, name: str, content: bytes, options: Options) -> None:
        self.name = name
        self.options = options
        delimiter = options.delimiter.replace("\\t", "\t")
        text = self._decode(content)
        header = self._header(text, delimiter)
        self.lines = _check_widths(name, text, delimiter, len(header))
        self.frame = pd.read_csv(
            io.StringIO(text),
            sep=delimiter,
            header=0,
            names=header,
            index_col=False,
            dtype=str,
            keep_default_na=False,
            na_values=list(options.missing_values),
            skip_blank_lines=True,
        )
        assert len(self.frame) == len(self.lines)
        self._check_columns(header)
        wanted = options.features if options.features is not None else header
        dropped = {options.target, *options.drop}
        self.features = [column for column in header if column in wanted and column not in dropped]

    def _decode(self, content: bytes) -> str:
        if b"\0" in content:
            raise ValueError(f"{self.name}: holds NUL bytes; is it a text file?")
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise ValueError(
                f"{self.name}:{line}: is not UTF-8 text; convert it, for example with iconv"
            ) from None

    def _header(self, text: str, delimiter: str) -> list[str]:
        header = next(csv.reader(io.StringIO(text), delimiter=delimiter), [])
        if not header or header == [""]:
            raise ValueError(f"{self.name}: is empty; a table needs a header and rows")
        if len(header) > MAX_COLUMNS:
            raise ValueError(f"{self.name}: {len(header)} columns, at most {MAX_COLUMNS} are read")
        for number, column in enumerate(header, start=1):
            if not column.strip():
                raise ValueError(f"{self.name}:1: column {number} has no name; give it one")
            if header.index(column) != number - 1:
                raise ValueError(
                    f"{self.name}:1: two columns are called {column!r}; rename one of them"
                )
        return header

    def _check_columns(self, header: list[str]) -> None:
        options = self.options
        asked = [("data.target", [options.target]), ("data.drop", options.drop)]
        asked += [
            ("data.features", options.features or []),
            ("data.categorical", options.categorical),
        ]
        for key, columns in asked:
            for column in columns:
                if column not in header:
                    other = next((mark for mark in ";\t|," if mark in header[0]), "")
                    hint = f"; add data.delimiter='{other}'?" if len(header) == 1 and other else ""
                    raise ValueError(
                        f"{key}={column}: {self.name} has no such column; it has "
                        f"{_some(header)}{hint or closest(column, header)}"
                    )
        if self.frame.empty:
            raise ValueError(f"{self.name}: has a header but no rows")

    def drop_rows(self) -> int:
        """Remove rows with missing cells if the config says so; return how many."""
        options, used = self.options, [*self.features, self.options.target]
        absent = self.frame[used].isna()
        if options.missing == "drop":
            keep = ~absent.any(axis=1).to_numpy()
            self.frame = self.frame[keep].reset_index(drop=True)
            self.lines = self.lines[keep]
            if self.frame.empty:
                raise ValueError(
                    f"{self.name}: data.missing=drop leaves no row: each lacks a value"
                )
            return int((~keep).sum())
        columns = used if options.missing == "error" else [options.target]
        for column in columns:
            rows = np.flatnonzero(absent[column])
            if len(rows):
                cure = "drop" if column == options.target else "mean, median or drop"
                raise ValueError(
                    f"{self._at(rows[0], column)}: no value ({len(rows)} rows have none); "
                    f"fill it in or use data.missing={cure}"
                )
        return 0

    def task(self) -> tuple[str, str]:
        """Decide between regression and classification; and say why."""
        target, stated = self.options.target, self.options.task
        if stated != "auto":
            return stated, ""
        cells = self.frame[target]
        numbers = _numbers(cells)
        if numbers is None:
            return "classification", f"{target!r} holds text, so its values are classes"
        if target in self.options.categorical:
            return "classification", f"{target!r} is in data.categorical, so its values are classes"
        different = np.unique(numbers)
        if len(different) <= FEW_VALUES < len(numbers) and (different == np.round(different)).all():
            return "classification", (
                f"{target!r} has only {len(different)} different whole numbers, taken for classes "
                "(data.task=regression takes them for amounts)"
            )
        return "regression", f"{target!r} holds numbers, so this is regression"

    def targets(
        self, task: str, *, train: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.generic], tuple[str, ...], Scale]:
        """Return targets [N], class names, and the change of units of a regression target."""
        cells = self.frame[self.options.target]
        if task == "regression":
            values = self._parse(self.options.target)
            scale = _scale(values[train][:, None], self.options.standardise_target)
            return (values - scale.mean[0]) / scale.deviation[0], (), scale
        numbers = _numbers(cells)
        keys = cells.to_numpy(dtype=object) if numbers is None else numbers
        classes, indices = np.unique(
            keys.astype(str) if numbers is None else keys, return_inverse=True
        )
        names = tuple(str(c) if numbers is None else f"{c:g}" for c in classes)
        if len(names) > self.options.max_categories:
            raise ValueError(
                f"{self.name}: the target {self.options.target!r} has {len(names)} different "
                f"values, more than data.max_categories={self.options.max_categories}; "
                "use data.task=regression or raise it"
            )
        if len(names) < 2:
            raise ValueError(
                f"{self.name}: the target {self.options.target!r} has one value only; "
                "there is nothing to tell apart"
            )
        return indices.astype(np.int64), names, Scale.identity(1)

    def encode(
        self, column: str, *, train: npt.NDArray[np.int64], held_out: npt.NDArray[np.int64]
    ) -> Encoded:
        """Turn one feature column into numbers, with the statistics of the training rows."""
        absent = self.frame[column].isna().to_numpy()
        if self._is_text(column):
            return self._one_hot(column, absent, train=train, held_out=held_out)
        values = self._parse(column)
        imputed = None
        if absent.any():
            known = values[train][~absent[train]]
            if not len(known):
                raise ValueError(
                    f"{self.name}: column {column!r} has no value in any training row; "
                    f"leave it out with data.drop=[{column}]"
                )
            imputed = float(np.median(known) if self.options.missing == "median" else known.mean())
            values = np.where(absent, imputed, values)
        scale = _scale(values[train][:, None], self.options.standardise)
        values = ((values - scale.mean[0]) / scale.deviation[0])[:, None]
        report = Column(column, "number", int(absent.sum()), imputed, features=(column,))
        return Encoded(values, scale, report)

    def _one_hot(
        self,
        column: str,
        absent: npt.NDArray[np.bool_],
        *,
        train: npt.NDArray[np.int64],
        held_out: npt.NDArray[np.int64],
    ) -> Encoded:
        cells = self.frame[column].fillna("").to_numpy(dtype=object).astype(str)
        known = np.unique(cells[train][~absent[train]])
        values = (cells[:, None] == known[None, :]) & ~absent[:, None]
        names = [f"{column}_{category}" for category in known]
        if absent[train].any():
            values = np.concatenate([values, absent[:, None]], axis=1)
            names.append(f"{column}_nan")
        unseen = int((~values[held_out].any(axis=1)).sum())
        report = Column(
            column, "category", int(absent.sum()), None, tuple(known), tuple(names), unseen
        )
        return Encoded(values.astype(np.float64), Scale.identity(len(names)), report)

    def refuse_wide(self) -> None:
        """Refuse columns of too many different texts, such as names and ids, all at once."""
        wide = {}
        for column in self.features:
            cells = self.frame[column]
            different = cells.nunique()
            if different > self.options.max_categories and self._is_text(column):
                wide[column] = different
        if wide:
            counts = ", ".join(f"{column!r} has {count}" for column, count in wide.items())
            raise ValueError(
                f"{self.name}: too many different texts: {counts}, more than "
                f"data.max_categories={self.options.max_categories}; leave them out with "
                f"'data.drop=[{','.join([*self.options.drop, *wide])}]' or raise it"
            )

    def _is_text(self, column: str) -> bool:
        if column in self.options.categorical:
            return True
        if _numbers(self.frame[column]) is not None:
            return False
        self._refuse_strays(column)
        return True

    def _refuse_strays(self, column: str) -> None:
        """Refuse a column of numbers with a few texts in it, which is most likely a mistake."""
        cells = self.frame[column]
        parsed = pd.to_numeric(cells, errors="coerce")
        present = cells.notna()
        strays = np.flatnonzero((present & parsed.isna()).to_numpy())
        if 2 * len(strays) >= int(present.sum()):
            return
        row = strays[0]
        raise ValueError(
            f"{self._at(row, column)}: {cells.iloc[row]!r} stands among numbers; correct it, or "
            f"name it in data.missing_values, or use data.categorical=[{column}] or "
            f"data.drop=[{column}]"
        )

    def _parse(self, column: str) -> npt.NDArray[np.float64]:
        cells = self.frame[column]
        values = _numbers(cells)
        if values is None:
            parsed = pd.to_numeric(cells, errors="coerce")
            row = np.flatnonzero((cells.notna() & parsed.isna()).to_numpy())[0]
            raise ValueError(
                f"{self._at(row, column)}: {cells.iloc[row]!r} is not a number; "
                "use data.task=classification if it names a class"
            )
        infinite = np.flatnonzero(np.isinf(values))
        if len(infinite):
            cell = cells.iloc[infinite[0]]
            raise ValueError(
                f"{self._at(infinite[0], column)}: {cell!r} is not finite; correct it, or name it "
                "in data.missing_values"
            )
        return values

    def _at(self, row: int | np.integer, column: str) -> str:
        return f"{self.name}:{self.lines[row]}: column {column!r}"

    def report(self, encoded: Sequence[Encoded], target_scale: Scale) -> tuple[Column, ...]:
        """List what became of every column, in header order."""
        done = {part.column.name: part.column for part in encoded}
        done[self.options.target] = Column(self.options.target, "target")
        return tuple(
            done.get(name, Column(name, "dropped", int(self.frame[name].isna().sum())))
            for name in self.frame.columns
        )


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ValueError(f"data.path={file}: {error.strerror}") from None


def _check_widths(name: str, text: str, delimiter: str, width: int) -> npt.NDArray[np.int64]:
    """Check that every row has as many cells as the header; return the line number of each row."""
    if '"' in text or "\r" in text:
        rows = csv.reader(io.StringIO(text), delimiter=delimiter)
        counted = [(rows.line_num, len(row)) for row in rows if row]
        lines = np.array([line for line, _ in counted])
        widths = np.array([cells for _, cells in counted])
    else:
        lines, widths = _count_cells(text.encode(), delimiter.encode())
    wrong = np.flatnonzero(widths != width)
    if len(wrong):
        line, cells = lines[wrong[0]], widths[wrong[0]]
        raise ValueError(
            f"{name}:{line}: {cells} cells, but the header has {width}; correct the row, "
            "or quote cells that contain the delimiter"
        )
    return lines[1:]


def _count_cells(
    content: bytes, delimiter: bytes
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Count the cells of each non-empty line of a table without quotes: (line numbers, cells)."""
    if not content.endswith(b"\n"):
        content += b"\n"
    data = np.frombuffer(content, dtype=np.uint8)
    ends = np.flatnonzero(data == ord("\n"))
    marks = np.flatnonzero(data == ord(delimiter))
    before = np.searchsorted(marks, ends)  # delimiters up to each line's end
    cells = np.diff(before, prepend=0) + 1
    full = np.diff(ends, prepend=-1) > 1
    return np.flatnonzero(full) + 1, cells[full]


def _numbers(cells: pd.Series[str]) -> npt.NDArray[np.float64] | None:
    """Parse a column as numbers (true and false count as 1 and 0), or return None if it is text."""
    present = cells.dropna()
    if len(present) and present.str.lower().isin(["true", "false"]).all():
        parsed = cells.str.lower().map({"true": 1.0, "false": 0.0})
    else:
        parsed = pd.to_numeric(cells, errors="coerce")
    if (parsed.isna() & cells.notna()).any():
        return None
    return np.asarray(parsed.to_numpy(), dtype=np.float64)


def _scale(values: npt.NDArray[np.float64], wanted: bool) -> Scale:
    """Mean and standard deviation of training values [N, columns]; constants keep deviation 1."""
    if not wanted:
        return Scale.identity(values.shape[1])
    deviation = values.std(axis=0)
    constant = deviation <= 1e-12 * np.abs(values).max(axis=0, initial=0.0)
    return Scale(values.mean(axis=0), np.where(constant, 1.0, deviation))


def _split(rows: int, options: Options) -> list[npt.NDArray[np.int64]]:
    """Draw the rows of train, val and test; each keeps the order of the file."""
    num_val, num_test = (round(rows * f) for f in (options.val_fraction, options.test_fraction))
    if num_val + num_test >= rows:
        raise ValueError(
            f"{rows} rows are too few for data.val_fraction={options.val_fraction:g} and "
            f"data.test_fraction={options.test_fraction:g}; lower them, to 0 if need be"
        )
    order = np.random.default_rng([options.seed, 0x5B17]).permutation(rows)
    parts = np.split(order, [rows - num_val - num_test, rows - num_test])
    return [np.sort(part) for part in parts]


def _warnings(
    encoded: Sequence[Encoded], class_names: Sequence[str], targets: npt.NDArray[np.generic]
) -> Iterator[str]:
    absent = np.setdiff1d(np.arange(len(class_names)), targets) if class_names else np.array([])
    for index in absent:
        yield f"class {class_names[index]!r} has no training row, so it cannot be learned"
    for part in encoded:
        if part.column.unseen:
            yield (
                f"{part.column.unseen} validation or test rows have a {part.column.name!r} that no "
                "training row has; all its columns are 0 there"
            )


def _some(names: Sequence[str], most: int = 8) -> str:
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
