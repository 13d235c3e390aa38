"""What a table's columns and files say about its splits, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dltrain.data.dataset import Dataset
from dltrain.data.table.dataset import tabular
from dltrain.data.table.options import Options
from tests.data.table.conftest import PLAIN

Prepare = Callable[..., Dataset]
SHARES = {"val_fraction": 0.2, "test_fraction": 0.2}


@pytest.fixture
def prepare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Prepare:
    """Write tables and prepare the first of them."""
    monkeypatch.chdir(tmp_path)

    def prepare(content: str, *, files: dict[str, str] | None = None, **options: Any) -> Dataset:
        for name, text in {"t.csv": content, **(files or {})}.items():
            (tmp_path / name).write_text(text)
        chosen = Options(**PLAIN | options)
        return tabular(None, path="t.csv", options=chosen, dtype="float64")

    return prepare


def refusal(prepare: Prepare, content: str, **options: Any) -> str:
    with pytest.raises(ValueError, match=r".") as caught:
        prepare(content, **options)
    return str(caught.value)


def rows_of(data: Dataset) -> dict[str, list[float]]:
    """Return the first column of each split."""
    return {name: split.inputs[:, 0].tolist() for name, split in data.splits.items()}


def numbered(count: int, more: Callable[[int], str], name: str) -> str:
    """Write a table of numbers a = 0, 1, ..., one more column and y = a + 0.5."""
    lines = "".join(f"{i},{more(i)},{i + 0.5}\n" for i in range(count))
    return f"a,{name},y\n{lines}"


# Classes.


def test_classes_have_their_shares_if_asked_for_and_else_all_is_as_ever(prepare: Prepare) -> None:
    content = "a,y\n" + "".join(f"{i},{'pq'[i % 10 == 3]}\n" for i in range(100))
    for seed in range(3):
        data = prepare(content, stratify=True, seed=seed, **SHARES)
        counts = [np.bincount(s.targets, minlength=2).tolist() for s in data.splits.values()]
        assert counts == [[54, 6], [18, 2], [18, 2]]
    plain = [prepare(content, seed=seed, **SHARES) for seed in range(3)]
    assert {int((data.test.targets == 1).sum()) for data in plain} != {2}


def test_a_regression_keeps_its_rows_whatever_is_said_of_classes(prepare: Prepare) -> None:
    content = numbered(50, lambda i: str(i * i), "b")
    one, other = (prepare(content, stratify=stratify, **SHARES) for stratify in (True, False))
    assert rows_of(one) == rows_of(other)


def test_a_class_without_training_rows_does_not_come_of_strata(prepare: Prepare) -> None:
    content = "a,y\n" + "".join(f"{i},{'p' if i else 'q'}\n" for i in range(20))
    for seed in range(8):
        data = prepare(content, stratify=True, seed=seed, **SHARES)
        assert not [note for note in data.notes if "no training row" in note]
    notes = [n for seed in range(8) for n in prepare(content, seed=seed, **SHARES).notes]
    assert "class 'q' has no training row, so it cannot be learned" in notes


# Groups.


def test_a_group_stays_in_one_split_and_is_not_learned_from(prepare: Prepare) -> None:
    data = prepare(numbered(60, lambda i: f"p{i % 12}", "who"), group="who", **SHARES)
    groups = [{int(a) % 12 for a in rows} for rows in rows_of(data).values()]
    assert sum(map(len, groups)) == 12
    assert [len(rows) for rows in rows_of(data).values()] == [40, 10, 10]
    assert data.feature_names == ("a",)
    assert "'who' keeps rows together (data.group), so it is not learned from" in data.notes


def test_groups_of_numbers_are_cells_and_many_may_be_different(prepare: Prepare) -> None:
    """More of them than a column of categories may have."""
    data = prepare(numbered(300, lambda i: str(10**15 + i // 2), "id"), group="id", **SHARES)
    pairs = [{int(a) // 2 for a in rows} for rows in rows_of(data).values()]
    assert sum(map(len, pairs)) == 150


def test_a_group_that_is_dropped_still_keeps_rows_together(prepare: Prepare) -> None:
    content = numbered(60, lambda i: f"p{i % 12}", "who")
    kept, dropped = (prepare(content, group="who", drop=drop, **SHARES) for drop in ([], ["who"]))
    assert rows_of(kept) == rows_of(dropped)


def test_too_few_groups_are_refused(prepare: Prepare) -> None:
    content = numbered(20, lambda i: f"p{i % 2}", "who")
    assert refusal(prepare, content, group="who", **SHARES) == (
        "t.csv: data.group=who: 1 groups are too few for 2 parts; set fewer rows aside"
    )


# Time.


@pytest.mark.parametrize(
    ("name", "cell", "learned"),
    [
        ("number", lambda i: str(100 - i), True),  # by value: as texts 9 would come after 10
        ("date", lambda i: f"2024-{12 - i // 28:02}-{28 - i % 28:02}", False),
        # as texts 01/02 would come before 31/01
        ("days first", lambda i: f"{28 - i % 28:02}/{12 - i // 28:02}/2024", False),
        ("text", lambda i: f"{500 - i}th", False),
    ],
)
def test_the_past_trains_and_the_future_tests(
    prepare: Prepare, name: str, cell: Callable[[int], str], learned: bool
) -> None:
    """The table lies backwards in time."""
    data = prepare(numbered(50, cell, "when"), order="when", max_categories=1000, **SHARES)
    assert rows_of(data) == {
        "train": [*range(20, 50)],
        "val": [*range(10, 20)],
        "test": [*range(10)],
    }
    assert data.feature_names == (("a", "when") if learned else ("a",))
    note = "'when' orders the rows in time (data.order), so it is not learned from"
    assert (note in data.notes) is not learned


def test_rows_of_one_time_stay_on_one_side(prepare: Prepare) -> None:
    data = prepare(numbered(50, lambda i: str(i // 7), "when"), order="when", **SHARES)
    assert [len(rows) for rows in rows_of(data).values()] == [35, 7, 8]


def test_folds_by_time_are_blocks(prepare: Prepare) -> None:
    content = numbered(40, lambda i: str(40 - i), "when")
    data = prepare(content, order="when", folds=3, fold=0, test_fraction=0.25)
    assert rows_of(data)["test"] == [*range(10)]
    assert rows_of(data)["val"] == [*range(30, 40)]
    note = "folds are blocks of time: after all but the last one come rows that train"
    assert note in data.notes
    assert note not in prepare(content, order="when", test_fraction=0.25).notes


# The table's own split, and files.


def test_the_tables_own_split_is_taken_however_it_is_spelt(prepare: Prepare) -> None:
    cells = ["train", "Valid", "TEST", " training ", "dev", "testing", "val", "Validation"]
    data = prepare(numbered(8, lambda i: cells[i], "part"), split="part", **SHARES)
    assert rows_of(data) == {"train": [0, 3], "val": [1, 4, 6, 7], "test": [2, 5]}
    assert data.feature_names == ("a",)
    assert "'part' says which rows train (data.split), so it is not learned from" in data.notes


def test_another_word_in_the_tables_own_split_is_refused_with_its_line(prepare: Prepare) -> None:
    content = numbered(4, lambda i: ["train", "train", "eval", "test"][i], "part")
    assert refusal(prepare, content, split="part") == (
        "t.csv:4: column 'part': 'eval' is none of train, training, val, valid, validation, dev, "
        "test, testing; correct it"
    )
    content = numbered(4, lambda i: "test", "part")
    assert refusal(prepare, content, split="part") == ("t.csv: column 'part' says train of no row")


@pytest.mark.parametrize("knob", ["group", "order", "split"])
def test_a_missing_cell_is_refused_with_its_line(prepare: Prepare, knob: str) -> None:
    content = numbered(6, lambda i: "" if i == 3 else "train", "c")
    message = refusal(prepare, content, **{knob: "c"})
    assert message == f"t.csv:5: column 'c': no value; data.{knob} needs one"


def test_a_column_that_is_not_there_is_refused(prepare: Prepare) -> None:
    message = refusal(prepare, numbered(6, str, "when"), order="wehn")
    assert message.startswith("data.order=wehn: t.csv has no such column; it has 'a', 'when', 'y'")


FILES = {"v.csv": "y,a\n10,1\n11,2\n", "w.csv": "a,y\n3,12\n"}
MAIN = "a,y\n" + "".join(f"{i},{i}\n" for i in range(100, 120))


def test_files_are_the_splits_they_are_named_for(prepare: Prepare) -> None:
    data = prepare(MAIN, files=FILES, val_path="v.csv", test_path="w.csv", **SHARES)
    assert rows_of(data) == {"train": [*range(100, 120)], "val": [1, 2], "test": [3]}
    assert data.val.targets.tolist() == [10, 11]
    assert data.source == "t.csv, v.csv, w.csv"
    assert [*data.files] == ["path", "val_path", "test_path"]
    assert data.sha256 not in data.files.values()


def test_what_no_file_is_named_for_is_drawn(prepare: Prepare) -> None:
    data = prepare(MAIN, files=FILES, test_path="w.csv", **SHARES)
    assert [len(rows) for rows in rows_of(data).values()] == [16, 4, 1]
    alone = prepare(MAIN, val_fraction=0.2)
    assert rows_of(data)["val"] == rows_of(alone)["val"]
    data = prepare(MAIN, files=FILES, test_path="w.csv", folds=4, fold=1)
    assert [len(rows) for rows in rows_of(data).values()] == [15, 5, 1]


def test_one_file_in_another_role_is_other_data(prepare: Prepare) -> None:
    one, other = (prepare(MAIN, files=FILES, **{k: "v.csv"}) for k in ("val_path", "test_path"))
    assert one.sha256 != other.sha256


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,z\n1,2\n", "v.csv: has no column 'y', as t.csv has; all files of a table need"),
        ("a,y,z\n1,2,3\n", "t.csv: has no column 'z', as v.csv has; all files of a table need"),
        ("a,y\n", "v.csv: has a header but no rows"),
        ("a,y\n1,2\n3\n", "v.csv:3: 1 cells, but the header has 2"),
        ("a,y\n1,2\nx,3\n", "v.csv:3: column 'a': 'x' stands among numbers"),
        ("a,y\n1,2\n3,x\n", "v.csv:3: column 'y': 'x' stands among numbers"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_name(
    prepare: Prepare, content: str, message: str
) -> None:
    got = refusal(prepare, MAIN, files={"v.csv": content}, val_path="v.csv")
    assert got.startswith(message)


def test_dropped_rows_leave_the_files_where_they_are(prepare: Prepare) -> None:
    content, files = "a,y\n,1\n2,2\n3,3\n", {"v.csv": "a,y\n4,4\n,5\n6,6\n"}
    data = prepare(content, files=files, val_path="v.csv", missing="drop")
    assert rows_of(data) == {"train": [2, 3], "val": [4, 6], "test": []}
    assert "2 rows with missing values were dropped" in data.notes
