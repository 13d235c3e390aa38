"""What a table's target is: amounts or classes, and which classes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from dltrain.data.table.categories import merged
from dltrain.data.table.cells import parsed
from dltrain.data.table.table import Integers, Table
from dltrain.system.shell import setting

# Whole numbers with this few different values are read as class labels by task=auto.
FEW_VALUES = 10


def decide_task(table: Table, target: str, *, stated: str, as_text: bool) -> tuple[str, str]:
    """Decide between regression and classification, by the values if auto; and say why."""
    if stated != "auto":
        return stated, f"{target!r}: {stated}, as data.task says"
    if as_text:
        return "classification", f"{target!r} is in data.categorical, so its values are classes"
    numbers = None if table.is_category(target) else table.numbers(target)
    if numbers is None:
        return "classification", f"{target!r} holds text, so its values are classes"
    if table.is_boolean(target):
        return "classification", f"{target!r} is true or false, so its values are classes"
    # A look at a part spares sorting all of them.
    different = np.unique(numbers[:1000])
    different = np.unique(numbers) if len(different) <= FEW_VALUES else different
    if len(different) <= FEW_VALUES < len(numbers) and (different == np.round(different)).all():
        return "classification", (
            f"{target!r} is one of {len(different):,} whole numbers, taken for classes "
            "(amounts: data.task=regression)"
        )
    return "regression", f"{target!r} holds numbers, so this is regression"


def classes_of(table: Table, name: str, *, as_text: bool) -> tuple[tuple[str, ...], Integers]:
    """Return the class names, numbers in their order, and the class of each row, [N].

    Raises:
        ValueError: If two labels are one number, such as 7 and 007.
    """
    names, codes = table.categories(name)
    if table.is_boolean(name):
        names = [label.lower() for label in names]
    names = names if as_text else merged(names)
    classes, class_indices = np.unique(names, return_inverse=True)
    indices = class_indices[codes]
    numbers = None if as_text else table.numbers(name)
    if numbers is not None and not table.is_boolean(name):
        values = parsed(pa.array(classes.tolist()), table.writing(name))
        order = np.argsort(values, kind="stable")
        same = np.flatnonzero(np.diff(values[order]) == 0)
        if len(same):
            first, second = (str(classes[order[same[0] + i]]) for i in (0, 1))
            keep = setting("data.categorical", [name])
            raise ValueError(
                f"{table.name}: the target {name!r} has the labels {first!r} and {second!r}, which "
                f"are one number; write them alike, or use {keep}"
            )
        classes, indices = classes[order], np.argsort(order)[indices]
    return tuple(map(str, classes)), indices.astype(np.int64)
