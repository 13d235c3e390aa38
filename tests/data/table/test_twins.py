"""Constants and columns that stand in a table twice, and those that only nearly do."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from dltrain.data.dataset import Dataset
from tests.data.table.conftest import Prepare

DRAWN = np.random.default_rng(0).normal(size=60)


def table(other: Callable[[int, float], object]) -> str:
    """Write columns x and o, and a target."""
    rows = [f"{x!r},{other(i, x)},{(i * 7) % 5 + 0.5}" for i, x in enumerate(map(float, DRAWN))]
    return "\n".join(["x,o,y", *rows, ""])


def twins(data: Dataset) -> list[tuple[str, str, bool]]:
    return [tuple(pair.values()) for pair in data.facts["twins"]]


@pytest.mark.parametrize(
    ("other", "equal"),
    [
        (lambda i, x: repr(x), True),
        (lambda i, x: repr(1.8 * x + 32), False),
        (lambda i, x: repr(-x), False),
        (lambda i, x: repr(1e300 * x), False),
        (lambda i, x: repr(x + 1e-3 * (i == 50)), None),
        (lambda i, x: repr(x) if i != 50 else "", None),
        (lambda i, x: repr(x**3), None),
    ],
)
def test_numbers_in_other_units_are_twins(
    prepare: Prepare, other: Callable[[int, float], object], equal: bool | None
) -> None:
    expected = [] if equal is None else [("x", "o", equal)]
    assert twins(prepare(table(other))) == expected


@pytest.mark.parametrize(
    ("words", "equal"),
    [
        (lambda i: ("pqr"[i % 3], "pqr"[i % 3]), True),
        (lambda i: ("pqr"[i % 3], "cab"[i % 3]), False),
        (lambda i: ("pqr"[i % 3], "cab"[i % 3] if i != 40 else "c"), None),
        (lambda i: ("pqr"[i % 3], "cac"[i % 3]), None),
        (lambda i: ("pqr"[i % 3], ["c", "", "b"][i % 3]), False),
    ],
)
def test_categories_in_other_words_are_twins(
    prepare: Prepare, words: Callable[[int], tuple[str, str]], equal: bool | None
) -> None:
    rows = [f"{','.join(words(i))},{i * 7 % 5}.5" for i in range(60)]
    expected = [] if equal is None else [("a", "b", equal)]
    assert twins(prepare("\n".join(["a,b,y", *rows, ""]))) == expected


def test_rows_that_do_not_train_are_not_asked(prepare: Prepare) -> None:
    options = {"val_fraction": 0.25, "test_fraction": 0.25}
    plain = prepare(table(lambda i, x: repr(x)), **options, standardise=False)
    held = {float(x) for split in (plain.val, plain.test) for x in split.inputs[:, 0]}
    data = prepare(table(lambda i, x: "7" if x in held else repr(x)), **options)
    assert twins(data) == [("x", "o", True)]


def test_a_few_rows_are_alike_by_chance(prepare: Prepare) -> None:
    rows = [f"{i % 2},{i % 2},{i}.5" for i in range(9)]
    assert twins(prepare("\n".join(["a,b,y", *rows, ""]))) == []
    rows = [f"{i % 2},{i % 2},{i}.5" for i in range(10)]
    assert twins(prepare("\n".join(["a,b,y", *rows, ""]))) == [("a", "b", True)]


def test_of_columns_that_are_all_one_each_is_told_once(prepare: Prepare) -> None:
    rows = [f"{i},{2 * i},{3 * i},{i * 7 % 5}.5" for i in range(40)]
    found = twins(prepare("\n".join(["a,b,c,y", *rows, ""])))
    assert len(found) == 2
    assert {name for pair in found for name in pair[:2]} == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("cell", "constant"),
    [
        (lambda i: 3, True),
        (lambda i: 3 if i % 2 else "", True),  # a hole becomes what all others are
        (lambda i: 3 + (i == 599), False),
        (lambda i: "p", True),
        (lambda i: "p" if i % 2 else "", False),  # whether there is one tells something
        (lambda i: "p" if i != 599 else "q", False),
    ],
)
def test_constants_are_named(
    prepare: Prepare, cell: Callable[[int], object], constant: bool
) -> None:
    rows = [f"{i},{cell(i)},{i * 7 % 5}.5" for i in range(600)]
    data = prepare("\n".join(["x,c,y", *rows, ""]))
    assert data.facts["constants"] == (["c"] if constant else [])
