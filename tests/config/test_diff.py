"""What configs differ in: two of them, or one and its defaults."""

from __future__ import annotations

from typing import Any

import pytest

from dltrain.config.compose import CONF, groups
from dltrain.config.diff import ABSENT, defaults_of, differences
from dltrain.config.load import load
from dltrain.config.plain import as_dict, flat

EXPERIMENTS = groups([CONF])["experiment"]


def recorded(*words: str) -> dict[str, Any]:
    """Return a config as a record holds it."""
    config: dict[str, Any] = as_dict(load(words))
    return config


def from_defaults(config: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    found = differences(flat(defaults_of(config)), flat(config))
    return {key: (before, after) for key, before, after in found}


def test_equal_configs_have_no_differences() -> None:
    assert differences(flat(recorded()), flat(recorded())) == []


def test_differences_come_in_the_order_of_the_config_and_then_what_is_new() -> None:
    found = differences({"b": 1, "a": 2, "c": 3}, {"d": 4, "c": 0, "b": 1})
    assert found == [("a", 2, ABSENT), ("c", 3, 0), ("d", ABSENT, 4)]
    assert str(ABSENT) == "-"


@pytest.mark.parametrize(
    ("old", "new"),
    [(True, 1), (0, False), (None, False), (0.1, "0.1"), ([1], [1.5]), (None, ABSENT)],
)
def test_values_that_are_not_the_same_differ(old: Any, new: Any) -> None:
    assert differences({"k": old}, {"k": new}) == [("k", old, new)]


def test_a_whole_number_is_the_same_with_or_without_a_point() -> None:
    assert differences({"w": [2, -3.4]}, {"w": [2.0, -3.4]}) == []


def test_where_a_run_lies_and_what_it_is_compared_with_is_no_difference() -> None:
    config = recorded("experiment=book/softmax", "output_dir=elsewhere")
    assert {*from_defaults(config)} == {"data.num_val", "data.test_validates"}


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("model=mlp", "data=fashion_mnist", "optimizer=adamw", "device=cpu"),
        ("data=house_tiny",),
        ("optimizer=least_squares",),
    ],
)
def test_choices_alone_differ_in_nothing_from_their_defaults(words: tuple[str, ...]) -> None:
    assert from_defaults(recorded(*words)) == {}


def test_what_was_told_differs_from_the_defaults_of_its_own_choices() -> None:
    config = recorded("model=mlp", "model.hidden=[8,8]", "optimizer=adam", "optimizer.lr=0.1")
    assert from_defaults(config) == {
        "model.hidden": ([256], [8, 8]),
        "optimizer.lr": (0.001, 0.1),
    }


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_of_an_experiment_all_that_it_set_differs(name: str) -> None:
    config = recorded(f"experiment={name}")
    found = from_defaults(config)
    assert all(flat(config)[key] == after for key, (_, after) in found.items())
    assert not {key for key in found if key.endswith(".kind")}


def test_data_called_like_another_choice_keep_their_own_defaults() -> None:
    assert from_defaults(recorded("data.name=fashion_mnist")) == {
        "data.name": ("synthetic", "fashion_mnist")
    }


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"model": 5, "data": None, "optimizer": ["sgd"]},
        {"model": {"kind": "transformer"}, "data": {"name": {}, "kind": []}},
        {"data": {"name": "../../etc/passwd", "kind": "${oc.env:HOME}"}},
    ],
)
def test_of_a_strangers_choices_what_exists_stands_in(config: dict[str, Any]) -> None:
    assert defaults_of(config) == defaults_of({})
    assert defaults_of({})["model"]["kind"] == "linear"
