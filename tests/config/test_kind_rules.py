"""What is said of a table's splits goes together, or is refused before anything is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Call, tree

CSV = ["data=csv", "data.path=t.csv", "data.target=y"]


@pytest.fixture
def table(here: Path) -> None:
    (here / "t.csv").write_text("a,g,y\n" + "".join(f"{i},{i % 9},{i}\n" for i in range(90)))


ODD = [
    ("data.split=g", "data.group=g"),
    ("data.split=g", "data.order=a"),
    ("data.split=g", "data.val_path=t.csv"),
    ("data.split=g", "data.test_path=t.csv"),
    ("data.split=g", "data.folds=5"),
    ("data.group=g", "data.order=a"),
    ("data.group=g", "data.val_path=t.csv"),
    ("data.group=g", "data.test_path=t.csv"),
    ("data.order=a", "data.val_path=t.csv"),
    ("data.order=a", "data.test_path=t.csv"),
    ("data.folds=5", "data.val_path=t.csv"),
]


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(("first", "second"), ODD)
def test_what_is_at_odds_is_refused_by_both_names(
    first: str, second: str, here: Path, call: Call
) -> None:
    more = ["data.fold=0"] if "data.folds=5" in (first, second) else []
    shown = call(*CSV, first, second, *more)
    assert (shown.code, shown.out) == (2, "")
    assert shown.err == (
        f"dltrain: error: {first} (command line): decides which rows validate or test, and so does "
        f"{second}; leave out one of them\n"
    )
    assert tree(here) == ["t.csv"]


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["data.fold=1"], "data.fold=1 (command line): is one of how many? Add data.folds=5"),
        (["data.folds=3", "data.fold=3"], "must be less than data.folds=3: the first fold is 0"),
        (["data.folds=1", "data.fold=0"], "must be at least 2 and at most 1,000"),
        (["data.folds=1001", "data.fold=0"], "must be at least 2 and at most 1,000"),
        (["data.folds=100", "data.fold=0"], "76 rows are too few for data.folds=100; lower it"),
        (["data.group=y"], "data.group=y (command line): cannot also be data.target"),
        (["data.group=g", "data.features=[a,g]"], "take it out of data.features"),
        (["data.val_path=v.csv"], "data.val_path=v.csv (command line): no such file"),
        (["data.test_path=http://x/t.csv"], "only local files are read; download it first"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    words: list[str], message: str, here: Path, call: Call
) -> None:
    shown = call(*CSV, *words)
    assert (shown.code, shown.out, shown.err.count("\n")) == (2, "", 1)
    assert message in shown.err
    assert tree(here) == ["t.csv"]


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("data", [CSV, ["data=fashion_mnist", "data.source=sample"]])
def test_folds_without_a_sweep_are_refused_with_what_to_type(
    data: list[str], here: Path, call: Call
) -> None:
    shown = call(*data, "data.folds=4", *(["model=softmax"] if data != CSV else []))
    assert shown.err == (
        "dltrain: error: data.folds=4 (command line): stands for 4 runs: `dltrain -m ... "
        "data.folds=4` trains all of them, data.fold=0 the first one\n"
    )
    assert (shown.code, tree(here)) == (2, ["t.csv"])
