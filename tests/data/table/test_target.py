"""What a target is: amounts or classes, and which."""

from __future__ import annotations

import pytest

from tests.data.table.conftest import Prepare, parquet, refusal

# The task.


@pytest.mark.parametrize(
    ("cells", "task"),
    [
        (["red", "green"], "classification"),
        (["0.5", "1.5"], "regression"),
        ([str(i) for i in range(24)], "regression"),
        (["0", "1", "2"] * 8, "classification"),
        (["0", "1", "2"], "regression"),  # too few rows to tell
        (["true", "false"] * 8, "classification"),
    ],
)
def test_the_task_follows_from_the_targets(prepare: Prepare, cells: list[str], task: str) -> None:
    data = prepare("a,y\n" + "".join(f"{i},{cell}\n" for i, cell in enumerate(cells)))
    assert data.task == task
    assert data.lines[0][0] == "target"
    assert {"regression": "regression", "classification": "classes"}[task] in data.lines[0][1]


def test_a_stated_task_is_said_to_be_stated(prepare: Prepare) -> None:
    content = "a,y\n" + "".join(f"{i},{i % 3}\n" for i in range(24))
    data = prepare(content, task="regression")
    assert (data.task, data.out_features) == ("regression", 1)
    assert data.lines[0] == ("target", "'y': regression, as data.task says")


def test_a_categorical_target_holds_classes(prepare: Prepare) -> None:
    data = prepare("a,y\n1,0.5\n2,1.5\n", categorical=["y"])
    assert (data.task, data.class_names) == ("classification", ("0.5", "1.5"))


def test_classes_are_sorted_numbers_as_numbers(prepare: Prepare) -> None:
    data = prepare("a,y\n1,10\n2,9\n3,10\n", task="classification")
    assert data.class_names == ("9", "10")
    assert data.train.targets.tolist() == [1, 0, 1]


def test_large_labels_keep_their_names(prepare: Prepare) -> None:
    data = prepare("a,y\n1,1000001\n2,1000002\n", task="classification")
    assert data.class_names == ("1000001", "1000002")


def test_true_and_false_are_two_classes_however_spelt(prepare: Prepare) -> None:
    data = prepare("a,y\n1,True\n2,false\n3,TRUE\n4,False\n")
    assert data.class_names == ("false", "true")
    assert data.train.targets.tolist() == [1, 0, 1, 0]


def test_labels_that_are_one_number_are_refused(prepare: Prepare) -> None:
    assert "'007' and '7', which are one number" in refusal(
        prepare, "a,y\n1,7\n2,007\n3,8\n", task="classification"
    )


def test_texts_by_type_are_classes_and_no_amounts(prepare: Prepare) -> None:
    content = parquet({"a": [1, 2, 3, 4], "y": ["10", "9", "10", "9"]})
    data = prepare(content)
    assert (data.task, data.class_names, data.other_task) == ("classification", ("10", "9"), "")
    assert refusal(prepare, content, task="regression") == (
        "t.csv: row 1: column 'y': '10' is text by its column's type; use data.task=classification "
        "if its 2 different texts name classes"
    )
