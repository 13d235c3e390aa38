"""``key=value`` split once: kept in order, replaced, told from names of runs, written back."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dltrain.config.grammar.functions import Value
from dltrain.config.overrides import Overrides
from dltrain.config.resolve import resolve


@settings(deadline=None)
@given(st.lists(st.text(max_size=12), max_size=5))
def test_words_come_back_as_they_were_typed(words: list[str]) -> None:
    assert Overrides.parse(words).words == words


def test_a_text_may_hold_equals_signs_and_be_empty() -> None:
    overrides = Overrides.parse(["data.path=a=b.csv", "data.name=", "seed"])
    assert overrides.texts == {"data.path": "a=b.csv", "data.name": ""}
    assert overrides.get("seed") is None
    assert "seed" in overrides


@pytest.mark.parametrize(
    ("typed", "changes", "words"),
    [
        (["seed=1", "model=mlp"], ["seed=2"], ["model=mlp", "seed=2"]),
        (["optimizer=adam", "optimizer.lr=1"], ["optimizer=sgd"], ["optimizer=sgd"]),
        (
            ["optimizer=adam", "optimizer.lr=1"],
            ["optimizer.lr=2"],
            ["optimizer=adam", "optimizer.lr=2"],
        ),
        (["seed=1,2", "x=3"], ["sweep.repeat=5"], ["x=3", "sweep.repeat=5"]),
        (["sweep.repeat=5"], ["seed=1,2"], ["seed=1,2"]),
        (["--config-dir=a", "-m", "seed=1"], ["seed=2"], ["--config-dir=a", "-m", "seed=2"]),
        (["seed=1"], [], ["seed=1"]),
    ],
)
def test_changes_take_the_place_of_what_they_replace(
    typed: list[str], changes: list[str], words: list[str]
) -> None:
    assert Overrides.parse(typed).updated(Overrides.parse(changes)).words == words


def test_values_stand_where_their_keys_stood() -> None:
    overrides = Overrides.parse(["seed=1,2", "model=mlp"])
    values = {"seed": Value("2", 2), "optimizer.lr": Value("0.1", 0.1)}
    assert overrides.with_values(values).words == ["seed=2", "model=mlp", "optimizer.lr=0.1"]


def test_a_value_that_is_known_is_not_read_again() -> None:
    member = Overrides.parse(["data.name=x"]).with_values({"data.name": Value("1,2", "kept")})
    assert resolve(member, {}).values["data.name"].parsed == "kept"
    assert resolve(Overrides.parse(["data.name=1,2"]), {}).problems  # which reading refuses


def test_names_of_runs_are_told_from_overrides() -> None:
    words = ["k3f9", "./a=b", "/x=y/z", "seed=1", "~seed", "+seed=1", "latest"]
    names, overrides = Overrides.parse(words).split_names()
    assert names == ["k3f9", "./a=b", "/x=y/z", "latest"]
    assert overrides.words == ["seed=1", "~seed", "+seed=1"]


@settings(deadline=None)
@given(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=9)
    )
)
def test_plain_values_are_written_so_that_they_are_read_back(value: object) -> None:
    resolved = resolve(Overrides.of({"data.name": value}), {})
    assert resolved.problems == []
    assert resolved.values["data.name"].read(raw=isinstance(value, str)) == value


def test_what_only_lists_runs_loads_no_grammar_for_its_overrides() -> None:
    script = "import sys, dltrain.config.overrides, dltrain.runs.command_line; print(*sys.modules)"
    line = [sys.executable, "-c", script]
    loaded = subprocess.run(line, capture_output=True, text=True, check=True).stdout.split()
    assert "dltrain.config.overrides" in loaded
    assert not {"hydra", "omegaconf", "dltrain.config.resolve"} & set(loaded)
