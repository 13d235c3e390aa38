"""Curves drawn with characters."""

from __future__ import annotations

import io
import math

import pytest
import rich.console
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from dltrain.cli.terminal.curves import chart, side_by_side

FALLING = [(float(x), 10.0 - x) for x in range(11)]
NUMBERS = st.floats(allow_nan=True, allow_infinity=True)


def console(*, colours: bool = False, encoding: str = "utf-8") -> rich.console.Console:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    return rich.console.Console(
        file=file,
        color_system="standard" if colours else None,
        force_terminal=colours,
        markup=False,
    )


def columns_of(lines: list[Text], letter: str) -> list[int]:
    """Return, for each line of a chart, the first column where a letter stands; -1 if nowhere."""
    return [line.plain.partition("|")[2].find(letter) for line in lines[1:-1]]


def test_a_curve_that_falls_goes_from_the_upper_left_to_the_lower_right() -> None:
    lines = chart(console(), {"train": FALLING}, title="loss", width=40, height=10)
    places = columns_of(lines, "t")
    assert places == sorted(places)
    assert places[0] == 0
    assert lines[-2].plain.rstrip().endswith("t")


def test_the_axes_say_where_the_numbers_begin_and_end() -> None:
    lines = [line.plain for line in chart(console(), {"a": FALLING}, title="loss", width=40)]
    assert lines[0].split() == ["loss", "a"]
    assert lines[1].lstrip().startswith("10 |")
    assert lines[-2].lstrip().startswith("0 |")
    assert lines[-1].split() == ["0", "epoch", "10"]


def test_on_a_logarithmic_axis_equal_factors_are_equal_distances() -> None:
    decades = [(float(x), 10.0**-x) for x in range(11)]
    for by_log in (True, False):
        lines = chart(console(), {"t": decades}, title="loss", width=40, by_log=by_log)
        marks = [line.plain.partition("|")[0].strip() for line in lines[1:-1:3]]
        assert (marks == ["1", "0.0004642", "2.154e-07", "1e-10"]) is by_log
        assert (columns_of(lines, "t")[5] > 10) is by_log  # else it falls at once


def test_all_lines_are_as_wide_as_was_asked_for() -> None:
    for width in (30, 61):
        lines = chart(console(), {"a" * 50: FALLING, "b": FALLING}, title="t", width=width)
        assert {line.cell_len for line in lines} == {width}


def test_curves_are_told_apart_by_letters_where_there_are_no_colours() -> None:
    curves = {"rue2/5": FALLING, "rue2/7": [(x, y / 2) for x, y in FALLING]}
    lines = chart(console(), curves, title="loss", width=50)
    assert "5: rue2/5" in lines[0].plain
    assert "7: rue2/7" in lines[0].plain
    text = "".join(line.plain.partition("|")[2] for line in lines[1:-1])
    assert {"5", "7"} <= set(text)
    assert text.isascii()


def test_curves_are_dots_in_colours_where_there_are_any() -> None:
    lines = chart(console(colours=True), {"a": FALLING, "b": FALLING[::-1]}, title="t", width=40)
    text = "".join(line.plain.partition("|")[2] for line in lines[1:-1])
    assert any("\u2800" < each <= "\u28ff" for each in text)
    assert "a" not in text


def test_what_cannot_be_shown_is_not_used() -> None:
    lines = chart(console(colours=True, encoding="latin-1"), {"a": FALLING}, title="t", width=40)
    assert all(line.plain.isascii() for line in lines)


@pytest.mark.parametrize(
    "points", [[], [(1.0, math.nan)], [(math.inf, 1.0)], [(math.nan, math.nan), (1.0, math.inf)]]
)
def test_nothing_is_drawn_of_nothing(points: list[tuple[float, float]]) -> None:
    assert chart(console(), {"a": points}, title="t") == []


@pytest.mark.parametrize("points", [[(3.0, 0.5)], [(1.0, 2.0), (2.0, 2.0)], [(1.0, 0.0)] * 3])
def test_what_does_not_change_is_drawn_all_the_same(points: list[tuple[float, float]]) -> None:
    lines = chart(console(), {"a": points}, title="t", width=40)
    assert "a" in "".join(line.plain.partition("|")[2] for line in lines[1:-1])


def test_foreign_names_are_shown_and_not_obeyed() -> None:
    lines = chart(console(), {"\x1b[31m[red]": FALLING}, title="\x07", width=60)
    assert "\\x1b[31m[red]" in lines[0].plain
    assert "\x1b" not in "".join(line.plain for line in lines)


@given(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=30))
def test_any_numbers_can_be_drawn(points: list[tuple[float, float]]) -> None:
    lines = chart(console(), {"a": points}, title="t", width=40, height=6)
    assert len(lines) in (0, 8)


def test_charts_stand_beside_one_another() -> None:
    one = chart(console(), {"a": FALLING}, title="one", width=30)
    two = chart(console(), {"a": FALLING}, title="two", width=30)
    lines = side_by_side([one, two])
    assert len(lines) == len(one)
    assert {line.cell_len for line in lines} == {63}
    assert lines[0].plain.split() == ["one", "a", "two", "a"]
