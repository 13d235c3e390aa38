"""Plain values become a checked config, or problems: types, bounds, unknown and missing keys."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dltrain.config.choices import DeviceType
from dltrain.config.knob import Knob, Problem
from dltrain.config.schema import Expectation
from dltrain.config.validate import convert, instance, known_keys, run_config, unknown_key
from tests.config.conftest import complaint, defaults


def problems(config: dict[str, Any]) -> list[Problem]:
    run, found = run_config(config)
    assert (run is None) == bool(found)
    return found


# Types.


@pytest.mark.parametrize(
    ("value", "annotation", "expected"),
    [
        (1, float, 1.0),
        (1.5, float, 1.5),
        (3, int, 3),
        (True, bool, True),
        ("a", str, "a"),
        (7, str, "7"),
        (None, int | None, None),
        (3, int | None, 3),
        ([1, 2], list[float], [1.0, 2.0]),
        ([], list[str], []),
        (["a", 7], list[str], ["a", "7"]),
        (None, list[str] | None, None),
        ("cpu", DeviceType, DeviceType.cpu),
    ],
)
def test_a_value_of_the_right_type_is_taken(
    value: object, annotation: object, expected: object
) -> None:
    found: list[Problem] = []
    converted = convert(value, annotation, Knob("meaning"), "key", found)
    assert found == []
    assert converted == expected
    assert type(converted) is type(expected)


@pytest.mark.parametrize(
    ("value", "annotation", "message"),
    [
        ("fast", float, "must be a number: meaning"),
        (True, float, "must be a number: meaning"),
        (None, float, "must be a number: meaning"),
        ([1.0], float, "must be a number: meaning"),
        (1.5, int, "must be a whole number: meaning"),
        (True, int, "must be a whole number: meaning"),
        (
            "3",
            int,
            "must be a whole number, and this is text in quotes; take the quotes off: meaning",
        ),
        (1, bool, "must be true or false: meaning"),
        (
            "true",
            bool,
            "must be true or false, and this is text in quotes; take the quotes off: meaning",
        ),
        (None, str, "must be text: meaning"),
        (True, str, "must be text: meaning"),
        ([], str, "must be text: meaning"),
        ("x", int | None, "must be a whole number or null: meaning"),
        (2, list[float], "must be a list, such as key=[2]: meaning"),
        ("?", list[str], "must be a list, such as key=[?]: meaning"),
        (
            "[a[0,1]]",
            list[str],
            "must be a list, such as key=['a,b',c] with quotes around text that holds commas or "
            "brackets: meaning",
        ),
        ("gpu", DeviceType, "must be one of auto, cpu, cuda: meaning"),
        (None, DeviceType, "must be one of auto, cpu, cuda: meaning"),
        (["gpu"], DeviceType, "must be one of auto, cpu, cuda: meaning"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(
    value: object, annotation: object, message: str
) -> None:
    assert complaint(value, annotation) == message


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        ("[#N/A]", ["#N/A"]),
        ("[<NA>, a (b)]", ["<NA>", "a (b)"]),
        ("[it's]", ["it's"]),
        ("[a[0],Größe]", ["a[0]", "Größe"]),
        ("""["c,d",'e[0,1]',#]""", ["c,d", "e[0,1]", "#"]),
    ],
)
def test_a_list_of_texts_may_hold_what_the_grammar_has_no_words_for(
    text: str, texts: list[str]
) -> None:
    found: list[Problem] = []
    assert convert(text, list[str], Knob("meaning"), "key", found) == texts
    assert found == []


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e308 * 10, 10**400])
def test_no_float_is_anything_but_finite(value: float) -> None:
    assert "number" in complaint(value, float)
    assert "number" in complaint([1.0, value], list[float])


def test_a_unit_is_named() -> None:
    assert complaint("x", int, Knob("how many", unit="rows")) == (
        "must be a whole number (rows): how many"
    )


# Interpolations.


def test_an_interpolation_is_refused() -> None:
    assert complaint("${oc.env:HOME}", str) == (
        "interpolations are not supported: a run records what it was told, and nothing may enter "
        'unseen; write the value itself, or let the shell fill it in: "$NAME"'
    )


def test_an_interpolation_in_a_list_is_refused() -> None:
    assert "interpolations" in complaint(["${oc.env:HOME}"], list[str])


# Whole configs.


def test_the_defaults_have_no_problems(plain: dict[str, Any]) -> None:
    assert problems(plain) == []


def test_all_problems_are_found_at_once(plain: dict[str, Any]) -> None:
    plain["seed"] = -1
    plain["sed"] = 1
    plain["optimizer"]["lr"] = "fast"
    plain["optimizer"]["momentm"] = 0.9
    del plain["trainer"]["epochs"]
    plain["data"]["kind"] = "cvs"
    assert sorted(problem.key for problem in problems(plain)) == [
        "data.kind",
        "optimizer.lr",
        "optimizer.momentm",
        "sed",
        "seed",
        "trainer.epochs",
    ]


def test_unknown_keys_come_with_the_nearest_name(plain: dict[str, Any]) -> None:
    plain["optimizer"]["momentm"] = 0.9
    plain["sed"] = 1
    assert problems(plain) == [
        Problem("sed", "unknown key; did you mean seed?"),
        Problem("optimizer.momentm", "unknown key; did you mean momentum?"),
    ]


def test_missing_keys_are_named_with_their_meaning(plain: dict[str, Any]) -> None:
    del plain["optimizer"]["lr"]
    del plain["seed"]
    assert [problem.message for problem in problems(plain)] == [
        "has no value: learning rate",
        "has no value: fixes initial weights, order of rows and dropout",
    ]


@pytest.mark.parametrize("node", [None, 3, "text", [], {}])
@pytest.mark.parametrize("group", ["data", "model", "optimizer"])
def test_a_group_that_is_none_is_refused(plain: dict[str, Any], group: str, node: object) -> None:
    plain[group] = node
    [problem] = problems(plain)
    assert problem.key == f"{group}.kind"
    assert problem.message.startswith("must be one of ")


@pytest.mark.parametrize("node", [None, 3, "text", []])
@pytest.mark.parametrize("group", ["trainer", "device"])
def test_a_group_of_one_kind_must_be_a_mapping(
    plain: dict[str, Any], group: str, node: object
) -> None:
    plain[group] = node
    assert [problem.key for problem in problems(plain)] == [group]


def test_targets_of_code_are_unknown_keys(plain: dict[str, Any]) -> None:
    plain["model"]["_target_"] = "os.system"
    assert problems(plain) == [Problem("model._target_", "unknown key")]


def test_expectations_become_objects(plain: dict[str, Any]) -> None:
    entry = {"metric": "test/loss", "published": 1, "low": 0, "high": 2, "source": "3.4"}
    run, found = run_config(plain | {"expect": [entry]})
    assert found == []
    assert run is not None
    assert run.expect == [
        Expectation(metric="test/loss", published=1.0, low=0.0, high=2.0, source="3.4")
    ]


def test_expectations_are_checked_one_by_one(plain: dict[str, Any]) -> None:
    assert [problem.key for problem in problems(plain | {"expect": [{"metric": "a", "x": 1}]})] == [
        "expect[0].x",
        "expect[0].published",
        "expect[0].low",
        "expect[0].high",
        "expect[0].source",
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
NAMES = [
    f"{group}.{name}"
    for group, node in defaults().items()
    if isinstance(node, dict)
    for name in node
] + list(defaults())


@given(name=st.sampled_from(NAMES), value=JSON)
def test_any_value_anywhere_is_a_config_or_a_problem(name: str, value: object) -> None:
    config = defaults()
    *path, last = name.split(".")
    node = config[path[0]] if path else config
    node[last] = value
    run, found = run_config(config)
    assert (run is None) == bool(found)


# Keys.


def test_known_keys_are_those_of_the_chosen_kinds(plain: dict[str, Any]) -> None:
    keys = known_keys(plain)
    assert {"seed", "optimizer.lr", "data.noise", "device.type"} <= set(keys)
    assert not {"optimizer.betas", "model.hidden", "model.kind", "optimizer"} & set(keys)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("model.hidden", "model=linear has no hidden; model=mlp has one"),
        ("optimizer.betas", "optimizer=sgd has no betas; optimizer=adam or adamw has one"),
        ("data.path", "data=synthetic has no path; data=csv or idx or images has one"),
        ("model.kind", "is chosen with model=NAME, not set"),
        ("optimizer.rl", "unknown key; did you mean optimizer.lr?"),
        ("zebra", "unknown key; dltrain config show lists the keys there are"),
    ],
)
def test_an_unknown_key_is_explained(plain: dict[str, Any], key: str, message: str) -> None:
    assert unknown_key(key, plain) == Problem(key, message)


@pytest.mark.parametrize(("key", "group"), [("modle", "model"), ("optimiser", "optimizer")])
def test_a_slip_in_a_groups_name_finds_the_group(
    plain: dict[str, Any], key: str, group: str
) -> None:
    assert unknown_key(key, plain).message == f"unknown key; did you mean {group}?"


@pytest.mark.parametrize(
    ("key", "stacks"),
    [
        ("seed", True),
        ("optimizer.lr", True),
        ("optimizer.nesterov", True),
        ("model.init_std", True),
        ("trainer.max_grad_norm", True),
        ("trainer.epochs", False),
        ("trainer.batch_size", False),
        ("model.init", False),
        ("data.noise", False),
        ("device.dtype", False),
    ],
)
def test_members_of_a_stack_may_differ_in_numbers_alone(
    plain: dict[str, Any], key: str, stacks: bool
) -> None:
    assert known_keys(plain)[key][1].stacks is stacks


# One object by itself.


def test_a_mapping_becomes_an_object() -> None:
    node = {"metric": "test/loss", "published": 1, "low": 0, "high": 2, "source": "3.4"}
    made, found = instance(node, Expectation, "expect")
    assert found == []
    assert made == Expectation(metric="test/loss", published=1.0, low=0.0, high=2.0, source="3.4")


def test_a_mapping_with_problems_becomes_no_object() -> None:
    node = {"metric": "test/loss", "published": "x", "low": 0, "high": 2, "sauce": "3.4"}
    made, found = instance(node, Expectation, "expect")
    assert made is None
    assert sorted(problem.key for problem in found) == [
        "expect.published",
        "expect.sauce",
        "expect.source",
    ]
