"""The nearest known word to a mistyped one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dltrain.text import closest

KEYS = ["seed", "output_dir", "optimizer.lr", "model.hidden", "trainer.epochs"]


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("sed", "seed"),
        ("ouput_dir", "output_dir"),
        ("optimzer.lr", "optimizer.lr"),
        ("lr", "optimizer.lr"),
        ("epoch", "trainer.epochs"),
        ("modle.hiden", "model.hidden"),
    ],
)
def test_a_slip_finds_the_word_that_was_meant(word: str, found: str) -> None:
    assert closest(word, KEYS) == f"; did you mean {found}?"


@pytest.mark.parametrize("word", ["", "x", "zebra", "."])
def test_what_resembles_nothing_gets_no_hint(word: str) -> None:
    assert closest(word, KEYS) == ""


def test_nothing_known_is_nothing_meant() -> None:
    assert closest("seed", []) == ""


def test_of_two_tails_the_first_is_taken() -> None:
    assert closest("lr", ["optimizer.lr", "schedule.lr"]) == "; did you mean optimizer.lr?"


@given(st.sampled_from(KEYS))
def test_the_word_itself_is_the_nearest(word: str) -> None:
    assert closest(word, KEYS) == f"; did you mean {word}?"
