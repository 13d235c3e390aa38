"""The table of kinds: an entry for each, whose builder takes what its config class has."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from dltrain.config.choices import Task
from dltrain.config.kinds import TABLE, Kind
from dltrain.config.knob import knobs
from dltrain.config.load import load
from dltrain.config.rules import fitting
from dltrain.train.cost import optimizer_copies
from tests.config.conftest import refused

KINDS = [(group, name) for group, kinds in TABLE.items() for name in kinds]


@pytest.mark.parametrize(("group", "name"), KINDS)
def test_a_builder_takes_the_knobs_of_its_class_as_keywords(group: str, name: str) -> None:
    kind: Kind = TABLE[group][name]
    assert kind.group == group
    keywords = dict.fromkeys(knobs(kind.config).keys() - {"kind"})
    keywords |= {"data": {"dtype": 0, "download": 0}, "loss": {"variances": 0}}.get(group, {})
    keywords |= {"weights": None} if getattr(kind, "exact", False) else {}
    inspect.signature(kind.builder()).bind(*([] if group == "data" else [0]), **keywords)


def test_what_fits_a_task_is_read_off_the_table() -> None:
    assert fitting("model", Task.regression) == ["linear", "mlp"]
    assert fitting("model", Task.classification) == ["softmax", "mlp"]
    assert fitting("model", Task.auto) == ["linear", "softmax", "mlp"]
    assert fitting("loss", Task.classification) == ["auto", "cross_entropy"]


@pytest.mark.parametrize(
    ("words", "copies"),
    [
        ([], 0),
        (["optimizer.momentum=0.9"], 1),
        (["optimizer=adam"], 2),
        (["optimizer=adamw"], 2),
        (["optimizer=least_squares"], 0),
    ],
)
def test_an_optimizer_tells_what_it_remembers_of_each_parameter(
    words: list[str], copies: int
) -> None:
    assert optimizer_copies(load(words)) == copies


def test_least_squares_makes_no_other_loss_small(here: Path) -> None:
    Path("t.csv").write_text("x,y\n1,2\n3,4\n")
    table = ["data=csv", "data.path=t.csv", "data.target=y", "optimizer=least_squares"]
    load([*table, "loss=squared_error"])
    assert any(
        "optimizer=least_squares makes the squared error small, not loss=cross_entropy" in line
        for line in refused(*table, "loss=cross_entropy")
    )
