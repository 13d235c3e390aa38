"""How a run prepared its rows, read back from plain values: a data set without rows.

The values may be a stranger's, so every one of them is checked before anything is made of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from dltrain.data.dataset import Column, Dataset, Scale, Split
from dltrain.text import is_encoding

MAX_FEATURES = 2**24
MAX_MISSING = 10_000
ROLES = ("number", "category", "date", "target", "weight", "dropped")
PARTS = ("year", "month", "weekday", "day_of_year", "hour", "missing")
_THOUSANDS = (None, ",", ".", "'", "space")
_KEYS = (
    *("unit", "task", "target", "feature_names", "class_names", "class_rows", "image_shape"),
    *("reading", "edges", "resizes"),
)
_READING: dict[str, Any] = {
    "delimiter": None,
    "encoding": None,
    "skip_rows": 0,
    "comment": None,
    "header": "row",
    "sheet": None,
    "missing_values": [""],
    "decimal": ".",
    "thousands": None,
}


class PreparationError(ValueError):
    """The values are not what ``Dataset.preparation`` wrote; the message says which."""


def read_preparation(values: object, *, name: str) -> Dataset:
    """Return the data set, without its rows, that ``Dataset.preparation`` tells of.

    Raises:
        PreparationError: If they are anything else.
    """
    _check(isinstance(values, dict) and set(values) == {*_KEYS, "columns"}, "its keys")
    assert isinstance(values, dict)
    columns = _columns(values["columns"])
    features = _texts(values["feature_names"], "feature_names")
    classes = _texts(values["class_names"], "class_names")
    task, target, unit = values["task"], values["target"], values["unit"]
    _check(task in ("regression", "classification"), "task")
    _check(isinstance(target, str) and target != "", "target")
    _check(_is_number(unit) and 0 < unit <= 1, "unit")
    _check(0 < len(features) <= MAX_FEATURES and _differ(features), "feature_names")
    _check(_differ(classes) and (len(classes) > 1) == (task == "classification"), "class_names")
    _check(len(classes) != 1, "class_names")
    shape = _image_shape(values["image_shape"], len(features))
    _check(type(values["resizes"]) is bool and (shape or not values["resizes"]), "resizes")
    learned = [column for column in columns if column.role in ("number", "category")]
    [amounts] = [c for c in columns if c.role == "target"] or [Column(target, "target")]
    if columns:
        made = tuple(feature for column in learned for feature in column.features)
        _check(made == features and shape is None and unit == 1, "columns")
        _check(amounts.name == target and amounts.categories == classes, "columns")
    return Dataset(
        name=name,
        task=task,
        train=(rows := _no_rows(len(features), task, is_image=shape is not None)),
        val=rows,
        test=rows,
        feature_names=features,
        class_names=classes,
        known_class_rows=_class_rows(values["class_rows"], len(classes)),
        target_name=target,
        source="",
        sha256="",
        feature_scale=_scale(learned, len(features)),
        target_scale=Scale(
            np.array([amounts.mean]), np.array([amounts.deviation]), log=amounts.log
        ),
        columns=columns,
        unit=float(unit),
        image_shape=shape,
        edges=_edges(values["edges"], is_image=shape is not None),
        resizes=values["resizes"],
        reading=_reading(values["reading"]),
    )


def _class_rows(value: object, classes: int) -> tuple[float, ...]:
    _check(isinstance(value, list) and len(value) == classes, "class_rows")
    assert isinstance(value, list)
    _check(all(_is_number(count) and count >= 0 for count in value), "class_rows")
    _check(not classes or sum(value) > 0, "class_rows")
    return tuple(map(float, value))


def _no_rows(width: int, task: str, *, is_image: bool) -> Split:
    inputs = np.empty((0, width), np.uint8 if is_image else np.float32)
    return Split(inputs, np.empty(0, np.int64 if task == "classification" else np.float32))


def _scale(columns: list[Column], width: int) -> Scale:
    if not columns:
        return Scale.identity(width)
    pairs = [(column.mean, column.deviation) for column in columns for _ in column.features]
    means, deviations = zip(*pairs, strict=True)
    return Scale(np.array(means), np.array(deviations))


def _columns(value: object) -> tuple[Column, ...]:
    """Read what became of each column of a table; nothing of data that are no table."""
    _check(isinstance(value, list) and len(value) <= MAX_FEATURES, "columns")
    assert isinstance(value, list)
    columns = tuple(map(_column, value))
    _check(_differ(tuple(column.name for column in columns)), "columns")
    _check([c.role for c in columns].count("target") == bool(columns), "columns")
    _check([c.role for c in columns].count("weight") <= 1, "columns")
    _check(all(c.role == "target" and not c.categories for c in columns if c.log), "columns")
    return columns


_FIELDS: Mapping[str, Callable[[Any], bool]] = {
    "name": lambda value: isinstance(value, str),
    "role": lambda value: value in ROLES,
    "missing": lambda value: type(value) is int and value >= 0,
    "imputed": lambda value: value is None or _is_number(value),
    "categories": lambda value: _is_texts(value) and _differ(tuple(value)),
    "features": lambda value: _is_texts(value),
    "unseen": lambda value: type(value) is int and value >= 0,
    "mean": lambda value: _is_number(value),
    "deviation": lambda value: _is_number(value) and value > 0,
    "log": lambda value: type(value) is bool,
    "written": lambda value: isinstance(value, str) and _is_text(value),
    "source": lambda value: isinstance(value, str) and _is_text(value),
    "part": lambda value: value in ("", *PARTS),
    "other": lambda value: isinstance(value, str) and _is_text(value),
}


def _column(value: object) -> Column:
    _check(isinstance(value, dict) and set(value) == set(_FIELDS), "columns")
    assert isinstance(value, dict)
    name = value["name"] if isinstance(value["name"], str) else ""
    for key, is_right in _FIELDS.items():
        _check(is_right(value[key]), f"{key} of the column {name!r}")
    column = Column(
        **{
            **value,
            "categories": tuple(value["categories"]),
            "features": tuple(value["features"]),
            "imputed": None if value["imputed"] is None else float(value["imputed"]),
            "mean": float(value["mean"]),
            "deviation": float(value["deviation"]),
        }
    )
    _check(column.features in _features_of(column), f"features of the column {name!r}")
    return column


def _features_of(column: Column) -> Iterator[tuple[str, ...]]:
    """Yield what the prepared columns of a column may be called."""
    match column.role:
        case "number":
            yield (column.name,)
        case "category":
            categories = [*column.categories, *([column.other] if column.other else [])]
            known = tuple(f"{column.name}_{category}" for category in categories)
            yield from (known, (*known, f"{column.name}_nan"))
        case _:
            yield ()


def _image_shape(value: object, features: int) -> tuple[int, ...] | None:
    if value is None:
        return None
    _check(isinstance(value, list) and len(value) in (2, 3), "image_shape")
    assert isinstance(value, list)
    _check({type(side) for side in value} == {int} and value[2:] in ([], [3]), "image_shape")
    _check(min(value) > 0 and math.prod(value) == features, "image_shape")
    return tuple(value)


def _edges(value: object, *, is_image: bool) -> tuple[float, float] | None:
    if value is None and not is_image:
        return None
    _check(isinstance(value, list) and len(value) == 2 and all(map(_is_number, value)), "edges")
    assert isinstance(value, list)
    _check(is_image and 0 <= value[0] <= 255 and 0 <= value[1] <= 255, "edges")
    return float(value[0]), float(value[1])


def _reading(value: object) -> dict[str, Any]:
    """Read how a table's text is to be read; what is no table has the usual way."""
    if value == {}:
        return dict(_READING)
    _check(isinstance(value, dict) and set(value) == set(_READING), "reading")
    assert isinstance(value, dict)
    mark = value["delimiter"]
    plain = isinstance(mark, str) and len(mark) == 1 and mark.isascii() and mark not in '"\r\n\0'
    _check(mark is None or plain, "reading.delimiter")
    for key in ("encoding", "comment", "sheet"):
        text = value[key]
        _check(text is None or (_is_texts([text]) and text != ""), f"reading.{key}")
    _check(value["encoding"] is None or is_encoding(value["encoding"]), "reading.encoding")
    skipped = value["skip_rows"]
    _check(type(skipped) is int and 0 <= skipped < 2**31, "reading.skip_rows")
    _check(value["header"] in ("row", "none"), "reading.header")
    missing = _texts(value["missing_values"], "reading.missing_values")
    _check(len(missing) <= MAX_MISSING, "reading.missing_values")
    decimal, thousands = value["decimal"], value["thousands"]
    _check(decimal in (".", ","), "reading.decimal")
    _check(thousands in _THOUSANDS and thousands != decimal, "reading.thousands")
    return {**value, "missing_values": list(missing)}


def _texts(value: object, what: str) -> tuple[str, ...]:
    _check(_is_texts(value), what)
    assert isinstance(value, list)
    return tuple(value)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(text, str) and _is_text(text) for text in value
    )


def _is_text(text: str) -> bool:
    """Whether it holds no half characters, which no file can."""
    return text.isascii() or not any("\ud800" <= each <= "\udfff" for each in text)


def _is_number(value: object) -> bool:
    """Whether it is a finite number; whole ones may be too long for one."""
    if type(value) is int:
        return abs(value) < 2**1000
    return type(value) is float and math.isfinite(value)


def _differ(texts: tuple[str, ...]) -> bool:
    return len(set(texts)) == len(texts)


def _check(holds: object, what: str) -> None:
    if not holds:
        raise PreparationError(f"{what}: not as a run writes them")
