"""Rows that stand in two splits are said, and only those that are equal in every cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from dltrain.data.table import duplicates
from dltrain.data.table.duplicates import leak_notes
from dltrain.data.table.table import Table


def notes(
    lines: Sequence[str], *, train: int, val: int, categorical: Sequence[str] = ()
) -> list[str]:
    """Look at a table of a, b and y whose first rows train, the next validate, the rest test."""
    content = "\n".join(["a,b,y", *lines, ""]).encode()
    table = Table("t.csv", content, delimiter=",", missing_values=[""], as_text=[*categorical, "b"])
    rows = np.arange(len(lines))
    splits = {"train": rows[:train], "val": rows[train : train + val], "test": rows[train + val :]}
    return leak_notes(table, ["a", "b", "y"], splits, categorical=categorical)


def different(count: int) -> list[str]:
    return [f"{i},{'pq'[i % 2]},{i / 7}" for i in range(count)]


def test_equal_rows_are_counted_by_split() -> None:
    lines = different(50)
    assert notes([*lines, *lines[:3], "7.5,p,1", lines[9], "8.5,q,2"], train=50, val=4) == [
        "3 of 4 val rows (75.0%) stand in training, too, equal in all that is learned from and in "
        "'y'; if they are copies, val figures flatter the model",
        "1 of 2 test rows (50.0%) stand in training, too, equal in all that is learned from and in "
        "'y'; if they are copies, test figures flatter the model",
    ]


@pytest.mark.parametrize(
    "change",
    [lambda a, b, y: f"{a}.5,{b},{y}", lambda a, b, y: f"{a},z,{y}", lambda a, b, y: f"{a},{b},9"],
)
def test_rows_that_differ_in_a_cell_are_not(change: Callable[..., str]) -> None:
    lines = different(50)
    others = [change(*line.split(",")) for line in lines]
    assert notes([*lines, *others], train=50, val=50) == []


def test_one_row_in_a_hundred_is_not_worth_a_sentence() -> None:
    lines = different(400)
    assert notes([*lines[:300], lines[0], *lines[300:399]], train=300, val=100) == []
    assert len(notes([*lines[:300], *lines[:2], *lines[300:398]], train=300, val=100)) == 1


def test_cells_are_compared_as_they_are_read() -> None:
    """1 and 1.0 are one number, and two categories; a hole is no number."""
    lines = different(50)
    assert len(notes([*lines, "1.00,q,0.14285714285714285"], train=50, val=1)) == 1
    table = [*lines, "1.00,q,0.14285714285714285"]
    assert notes(table, train=50, val=1, categorical=["a"]) == []
    assert notes([*lines, ",q,0.14285714285714285"], train=50, val=1) == []
    assert len(notes([*lines[:49], ",q,1", ",q,1"], train=50, val=1)) == 1
    assert len(notes(["0,p,1", "-0,p,1"], train=1, val=1)) == 1


def test_rows_that_only_look_alike_to_the_digest_are_not_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(duplicates, "_mix", lambda digests, words: None)
    assert notes(["1,p,1", "2,p,2"], train=1, val=1) == []
    assert len(notes(["1,p,1", "1,p,1"], train=1, val=1)) == 1
