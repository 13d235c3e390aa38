"""What must hold of a run because of one of its kinds, or is refused before anything is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from dltrain.config.compose import CONF
from dltrain.config.load import load
from tests.config.conftest import HOUSE, refusal, refused
from tests.conftest import Call, tree

# Combinations.


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ["model=softmax"],
            "model=softmax predicts classes, but data=synthetic asks for numbers; "
            "use model=linear or model=mlp",
        ),
        (
            ["data=fashion_mnist"],
            "model=linear predicts numbers, but data=fashion_mnist asks for classes; "
            "use model=softmax or model=mlp",
        ),
        (
            [*HOUSE, "model=linear", "data.task=classification", "data.name=mine"],
            "model=linear predicts numbers, but data=mine asks for classes; "
            "use model=softmax or model=mlp",
        ),
        (
            ["optimizer=least_squares", "model=mlp"],
            "optimizer=least_squares solves model=linear only, not model=mlp; "
            "use model=linear, or optimizer=sgd, adam or adamw",
        ),
        (
            ["optimizer=least_squares", "trainer.epochs=3"],
            "optimizer=least_squares takes one step over all rows; "
            "leave out trainer.epochs and trainer.batch_size, or choose another optimizer, such as "
            "optimizer=adam",
        ),
        (
            ["optimizer=least_squares", "trainer.batch_size=8"],
            "optimizer=least_squares takes one step over all rows; "
            "leave out trainer.epochs and trainer.batch_size, or choose another optimizer, such as "
            "optimizer=adam",
        ),
        (
            ["optimizer=least_squares", "trainer.max_grad_norm=1"],
            "trainer.max_grad_norm=1 (command line): has no effect with optimizer=least_squares, "
            "which follows no gradient; leave it out",
        ),
        (
            ["optimizer.nesterov=true"],
            "optimizer.nesterov=true (command line): needs optimizer.momentum greater than 0",
        ),
        (
            ["data=csv", "data.target=y", "data.path=http://host/t.csv"],
            "data.path=http://host/t.csv (command line): only local files are read; "
            "download it first",
        ),
        (
            ["data=csv", "data.target=y", "data.path=nowhere/t.csv"],
            "data.path=nowhere/t.csv (command line): no such file (and no folder nowhere)",
        ),
        (
            [*HOUSE, "data.val_fraction=0.5", "data.test_fraction=0.6"],
            "data.val_fraction=0.5 (command line): data.val_fraction and data.test_fraction add up "
            "to 1.1; they must leave rows to train on (less than 1)",
        ),
        (
            [*HOUSE, "data.drop=[Price]"],
            "data.target=Price (command line): cannot also be in data.drop or data.features",
        ),
        (
            [*HOUSE, "data.features=[Price]"],
            "data.target=Price (command line): cannot also be in data.drop or data.features",
        ),
        (
            [*HOUSE, "data.delimiter=ab"],
            "data.delimiter=ab (command line): must be one ASCII character, or \\t for a tab",
        ),
        (
            [*HOUSE, "data.delimiter=§"],
            "data.delimiter=§ (command line): must be one ASCII character, or \\t for a tab",
        ),
        (
            ["data=csv", "data.target=y", "data.path=/usr"],
            "data.path=/usr (command line): no such file; it is a folder",
        ),
        (
            ["model=softmax", "data=fashion_mnist", "data.root=/nowhere"],
            "data.root=/nowhere (command line): no such folder",
        ),
    ],
)
def test_values_that_do_not_go_together_are_refused(words: list[str], line: str) -> None:
    assert refusal(*words) == line


def test_a_table_and_its_target_must_be_named() -> None:
    path, target = refused("data=csv")
    more = "or data.url=... and data.query=... of a database"
    where = f"data.path ({CONF}/data/csv.yaml:6)"
    assert path == f"{where}: which table? Add data.path=FILE, {more}"
    said = "which column is to be predicted? Add data.target=COLUMN"
    assert target == f"data.target ({CONF}/data/csv.yaml:7): {said}"


def test_too_much_synthetic_data_is_refused() -> None:
    assert "GiB of data; at most" in refusal("data.num_train=1000000000")


def test_a_file_of_nearly_the_same_name_is_suggested(here: Path) -> None:
    (here / "houses.csv").write_text("a,y\n1,2\n")
    line = refusal("data=csv", "data.target=y", "data.path=house.csv")
    assert line == "data.path=house.csv (command line): no such file; did you mean houses.csv?"


def test_nesterov_with_momentum_is_fine() -> None:
    assert load(["optimizer.nesterov=true", "optimizer.momentum=0.9"])


def test_training_images_do_not_validate_beside_the_test_images(call: Call, here: Path) -> None:
    words = ("data=fashion_mnist", "model=softmax", "data.source=sample")
    shown = call(*words, "data.test_validates=true")
    assert "some training images would validate beside the test images" in shown.err
    assert (shown.code, tree(here)) == (2, [])
    assert call(*words, "data.test_validates=true", "data.num_val=0", "trainer.epochs=1").code == 0


# A table's splits.


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
