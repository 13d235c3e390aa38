"""Commands as one types them."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dltrain.config.resolve import read_value
from dltrain.system.shell import as_value, below, command, located, shortest

TEXTS = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=12)


@given(TEXTS | st.sampled_from(["null", "it's", "a\\", "\\'", "[x]", "a,b", " x ", "${x}", "1e-3"]))
def test_what_is_written_behind_a_key_is_read_back_by_shell_and_grammar(text: str) -> None:
    program, word = shlex.split(command(f"key={as_value(text)}"))
    assert program == "dltrain"
    assert read_value(word.removeprefix("key=")).read(raw=True) == text


@pytest.mark.parametrize("value", [0.1, 1e-300, 1 / 3, -0.0, 7, True, None, [64, 32], [0.5, None]])
def test_no_digit_of_a_value_is_lost(value: object) -> None:
    assert repr(read_value(as_value(value)).read(raw=False)) == repr(value)


def test_a_path_is_relative_where_it_lies_below(here: Path) -> None:
    assert shortest(here / "a" / "b") == "a/b"
    assert shortest(here.parent / "elsewhere") == str(here.parent / "elsewhere")
    assert below("outputs") == []
    assert below(here / "my runs, old") == ["output_dir='my runs, old'"]


def test_a_path_that_was_typed_elsewhere_leads_to_the_same_as_long_as_that_is_there(
    here: Path,
) -> None:
    (here / "then").mkdir()
    (here / "then" / "t.csv").touch()
    then = str(here / "then")
    assert located("t.csv", then) == "then/t.csv"
    assert located("t.csv", None) == located("t.csv", os.getcwd()) == "t.csv"
    (here / "then" / "u.csv").touch()
    assert located("[t.csv,u.csv]", then) == "[then/t.csv,then/u.csv]"
    assert located("*.csv", then) == "then/*.csv"
    for text in ("*.txt", "package:house_tiny.csv", str(here / "t.csv"), "gone.csv"):
        assert located(text, then) == text
