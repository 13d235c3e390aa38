"""Rows that stand in a table twice are counted, and only those that are equal in every cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from dltrain.data.table import duplicates
from dltrain.data.table.duplicates import Duplicates, count_duplicates
from dltrain.data.table.table import Table
from tests.data.table.conftest import Prepare, parquet


def counted(
    lines: Sequence[str], *, train: int, val: int, categorical: Sequence[str] = ()
) -> Duplicates:
    """Look at a table of a, b and y whose first rows train, the next validate, the rest test."""
    content = "\n".join(["a,b,y", *lines, ""]).encode()
    table = Table("t.csv", content, delimiter=",", missing_values=[""], as_text=[*categorical, "b"])
    rows = np.arange(len(lines))
    splits = {"train": rows[:train], "val": rows[train : train + val], "test": rows[train + val :]}
    return count_duplicates(table, ["a", "b", "y"], splits, categorical=categorical)


def different(count: int) -> list[str]:
    return [f"{i},{'pq'[i % 2]},{i / 7}" for i in range(count)]


def test_equal_rows_are_counted_by_split() -> None:
    lines = different(50)
    others = [*lines[:3], "7.5,p,1", lines[9], "8.5,q,2"]
    assert counted([*lines, *others], train=50, val=4) == Duplicates(4, {"val": 3, "test": 1})


def test_rows_that_are_repeated_within_a_split_do_not_leak() -> None:
    lines = different(50)
    assert counted([*lines, *lines[:3]], train=53, val=0) == Duplicates(3, {"val": 0, "test": 0})
    table = [*lines, "60,p,1", "60,p,1", "60,p,1"]
    assert counted(table, train=50, val=2) == Duplicates(2, {"val": 0, "test": 0})


@pytest.mark.parametrize(
    "change",
    [lambda a, b, y: f"{a}.5,{b},{y}", lambda a, b, y: f"{a},z,{y}", lambda a, b, y: f"{a},{b},9"],
)
def test_rows_that_differ_in_a_cell_are_not(change: Callable[..., str]) -> None:
    lines = different(50)
    others = [change(*line.split(",")) for line in lines]
    assert counted([*lines, *others], train=50, val=50).repeated == 0


def test_cells_are_compared_as_they_are_read() -> None:
    """1 and 1.0 are one number, and two categories; a hole is no number."""
    lines = different(50)
    table = [*lines, "1.00,q,0.14285714285714285"]
    assert counted(table, train=50, val=1).leaked["val"] == 1
    assert counted(table, train=50, val=1, categorical=["a"]).repeated == 0
    assert counted([*lines, ",q,0.14285714285714285"], train=50, val=1).repeated == 0
    assert counted([*lines[:49], ",q,1", ",q,1"], train=50, val=1).leaked["val"] == 1
    assert counted(["0,p,1", "-0,p,1"], train=1, val=1).repeated == 1


def test_any_number_of_equal_rows_is_counted_once_each() -> None:
    draw = np.random.default_rng(0)
    numbers = draw.integers(0, 40, size=300)
    lines = [f"{i},p,{i}" for i in numbers]
    found = counted(lines, train=200, val=50)
    assert found.repeated == 300 - len(set(numbers))
    leaked = [sum(i in numbers[:200] for i in part) for part in (numbers[200:250], numbers[250:])]
    assert [*found.leaked.values()] == leaked


def test_rows_that_only_look_alike_to_the_digest_are_not_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(duplicates, "_mix", lambda digests, words: None)
    assert counted(["1,p,1", "2,p,2"], train=1, val=1).repeated == 0
    assert counted(["1,p,1", "1,p,1"], train=1, val=1).leaked["val"] == 1


def test_texts_by_type_that_are_one_number_are_different(prepare: Prepare) -> None:
    rows = {"code": ["1", "01"] * 40, "a": [i // 2 for i in range(80)], "y": [0.5] * 79 + [1.5]}
    assert prepare(parquet(rows)).facts["duplicates"]["repeated"] == 0
    assert prepare(parquet(rows | {"code": ["1"] * 80})).facts["duplicates"]["repeated"] == 39
