"""What stands behind a key, read with Hydra's grammar."""

from __future__ import annotations

import pytest

from dltrain.config.grammar.casts import SweepError
from dltrain.config.grammar.functions import Value
from dltrain.config.grammar.values import MAX_DEPTH, read


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("", ""),
        ("[1,a,null]", [1, "a", None]),
        ("{a:[1,2]}", {"a": [1, 2]}),
        ("'a,b'", "a,b"),
        ("it's, here (~)", "it's, here (~)"),
        ("nosuch(1)", "nosuch(1)"),
        ("9" * 5000, "9" * 5000),
        ("[" * (MAX_DEPTH + 1), "[" * (MAX_DEPTH + 1)),
    ],
)
def test_what_the_grammar_does_not_take_is_text(text: str, parsed: object) -> None:
    assert read(text) == Value(text, parsed)


def test_values_of_a_sweep_keep_the_text_they_were_typed_as() -> None:
    found = read("1e-3,0.10,[1, 2]")
    assert isinstance(found, list)
    assert [(value.text, value.parsed) for value in found] == [
        *(("1e-3", 0.001), ("0.10", 0.1), ("[1,2]", [1, 2]))
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("sort(reverse=true,1,2)", "needs what has a name last"),
        ("sort(1,2,reverse=true,reverse=false)", "is given reverse twice"),
    ],
)
def test_a_function_that_is_misused_says_how_it_is_meant(text: str, says: str) -> None:
    with pytest.raises(SweepError, match=says):
        read(text)
