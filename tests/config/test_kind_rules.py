"""What must hold of a run because of one of its kinds."""

from __future__ import annotations

from pathlib import Path

import pytest

from dltrain.config.compose import CONF
from dltrain.config.load import load
from tests.config.conftest import HOUSE, refusal

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
            [*HOUSE, "data.task=classification", "data.name=mine"],
            "model=linear predicts numbers, but data=mine asks for classes; "
            "use model=softmax or model=mlp",
        ),
        (
            ["optimizer=least_squares", "model=mlp"],
            "optimizer=least_squares solves model=linear only, not model=mlp; "
            "use optimizer=sgd, adam or adamw",
        ),
        (
            ["optimizer=least_squares", "trainer.epochs=3"],
            "optimizer=least_squares takes one step over all rows; "
            "leave out trainer.epochs and trainer.batch_size",
        ),
        (
            ["optimizer=least_squares", "trainer.batch_size=8"],
            "optimizer=least_squares takes one step over all rows; "
            "leave out trainer.epochs and trainer.batch_size",
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
            ["data=csv", "data.path=package:house_tiny.csv"],
            f"data.target ({CONF}/data/csv.yaml:7): which column is to be predicted? "
            "Add data.target=COLUMN",
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


def test_too_much_synthetic_data_is_refused() -> None:
    assert "GiB of data; at most" in refusal("data.num_train=1000000000")


def test_a_file_of_nearly_the_same_name_is_suggested(here: Path) -> None:
    (here / "houses.csv").write_text("a,y\n1,2\n")
    line = refusal("data=csv", "data.target=y", "data.path=house.csv")
    assert line == "data.path=house.csv (command line): no such file; did you mean houses.csv?"


def test_nesterov_with_momentum_is_fine() -> None:
    assert load(["optimizer.nesterov=true", "optimizer.momentum=0.9"])
