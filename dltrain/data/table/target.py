"""What a table's target is: amounts or classes, and which classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from dltrain.data.table.categories import merged
from dltrain.data.table.cells import parsed
from dltrain.data.table.options import Options
from dltrain.data.table.table import Integers, Table
from dltrain.system.shell import setting

# Whole numbers with this few different values are read as class labels by task=auto.
FEW_VALUES = 10


def decide_task(table: Table, options: Options) -> tuple[str, str]:
    """Decide between regression and classification, by the values if auto; and say why."""
    target = options.target
    if options.task != "auto":
        return options.task, f"{target!r}: {options.task}, as data.task says"
    if target in options.categorical:
        return "classification", f"{target!r} is in data.categorical, so its values are classes"
    numbers = table.numbers(target)
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


def no_amounts(table: Table, name: str, *, most: int) -> str:
    """Say how a target of texts can be learned, where numbers were asked for.

    Args:
        table: All rows.
        name: The target.
        most: How many classes there may be, if nothing else is said.
    """
    texts, codes = table.categories(name)
    first = int(np.flatnonzero(codes >= 0)[0])
    more = f" and data.max_categories={len(texts)}" if len(texts) > most else ""
    what = "is text by its column's type" if table.is_category(name) else "is not a number"
    return (
        f"{table.at(first, name)}: {texts[codes[first]]!r} {what}; use "
        f"data.task=classification{more} if its {len(texts):,} different texts name classes"
    )


def other_task(table: Table, options: Options, *, classes: Sequence[str]) -> str:
    """Return what a target can be taken for as well as for what it was, if anything.

    Args:
        table: All rows.
        options: How it is prepared.
        classes: Names of the classes, if it was taken for some.
    """
    name = options.target
    if name in options.categorical:
        return ""
    if classes:
        return "" if table.numbers(name) is None or table.is_boolean(name) else "regression"
    numbers = table.numbers(name)
    assert numbers is not None
    different = np.unique(numbers[:1000])  # a look at a part spares sorting all of many amounts
    few = len(different) <= options.max_categories
    different = np.unique(numbers) if few else different
    few = 1 < len(different) <= options.max_categories
    return "classification" if few and (different == np.round(different)).all() else ""


def no_logarithm(name: str) -> ValueError:
    """Return the complaint that classes have no logarithm."""
    return ValueError(
        f"data.log_target=true: the target {name!r} is taken for classes, which have no "
        "logarithm; add data.task=regression if they are amounts, or leave it out"
    )


def log_note(name: str) -> str:
    """Say what it means for the figures that the target's logarithm is learned."""
    return (
        f"the logarithm of {name!r} is learned (data.log_target): loss is of the logarithm, every "
        f"other metric of {name!r} itself"
    )


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
