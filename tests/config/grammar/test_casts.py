"""The casts of a sweep."""

from __future__ import annotations

import pytest

from dltrain.config.grammar.casts import SweepError, converted


@pytest.mark.parametrize(
    ("value", "name", "expected"),
    [
        ("7", "int", 7),
        (1.9, "int", 1),
        ("1e-3", "float", 0.001),
        ("FALSE", "bool", False),
        (0.5, "bool", True),
        (True, "str", "true"),
        ([1, [2.5]], "str", ["1", ["2.5"]]),
        ({"a": "1"}, "int", {"a": 1}),
    ],
)
def test_a_value_is_cast_and_of_a_list_each(value: object, name: str, expected: object) -> None:
    found = converted(value, name)
    assert (type(found), found) == (type(expected), expected)


@pytest.mark.parametrize(
    ("value", "name", "kind"),
    [
        ("x", "int", "a whole number of x"),
        (float("inf"), "int", "a whole number of inf"),
        (None, "float", "a number of null"),
        ("yes", "bool", "true or false of yes"),
        ([1, None], "str", "text of null"),
    ],
)
def test_what_cannot_be_cast_is_named(value: object, name: str, kind: str) -> None:
    with pytest.raises(SweepError) as caught:
        converted(value, name)
    assert str(caught.value) == f"{name}() cannot make {kind}"
