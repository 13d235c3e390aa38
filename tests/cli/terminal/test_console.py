"""What is shown: foreign text escaped, figures for people, plain lines in a pipe."""

from __future__ import annotations

import io
import math
import re

import pytest
import rich.console
from hypothesis import given
from hypothesis import strategies as st

from dltrain.cli.terminal.console import bold, dim, output, pairs, safe, table, warning
from dltrain.text import age, duration, figure


def printed(*things: object) -> str:
    file = io.StringIO()
    console = output(file)
    for thing in things:
        console.print(thing)
    return file.getvalue()


def coloured(thing: object, *, width: int = 80) -> str:
    file = io.StringIO()
    rich.console.Console(
        file=file, force_terminal=True, markup=False, emoji=False, highlight=False, width=width
    ).print(thing)
    return file.getvalue()


# Safe text.


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, ünïcode ★ 中文", "plain, ünïcode ★ 中文"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\nb\tc\rd", r"a\x0ab\x09c\x0dd"),
        ("\x00\x07\x7f\x9b", r"\x00\x07\x7f\x9b"),
        ("\u202eevil\u2066", r"\u202eevil\u2066"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("\u2028\u2029", r"\u2028\u2029"),
        ("\udcff", r"\udcff"),
        ("\ue000", r"\ue000"),
        ("[/x] [red]", "[/x] [red]"),
        (7, "7"),
        (None, "None"),
    ],
)
def test_what_a_terminal_would_obey_is_written_out(text: object, shown: str) -> None:
    assert safe(text) == shown


def test_long_text_is_cut() -> None:
    assert safe("x" * 300) == "x" * 300
    assert safe("x" * 301) == "x" * 300 + "..."
    assert safe("x" * 10, limit=3) == "xxx..."
    assert len(safe("\x1b" * 10**6)) <= 303


@given(st.text(alphabet=st.characters(), max_size=50))
def test_safe_text_can_be_written_and_moves_no_cursor(text: str) -> None:
    shown = safe(text)
    shown.encode()
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]", shown)


# Tables and pairs.


NASTY = ["[/x]", "[red]a[/red]", "a\x1b[31mb", ":smile:", "a\nb", "\u202eabc", "https://x.y"]


@pytest.mark.parametrize("text", NASTY)
def test_foreign_text_is_printed_literally(text: str) -> None:
    for thing in (
        table([text], [[text]]),
        pairs([(text, text)]),
        bold(text),
        dim(text),
        warning(text),
        safe(text),
    ):
        assert safe(text) in printed(thing)
        assert "\x1b[31m" not in coloured(thing, width=200)


def test_a_pipe_gets_no_control_characters() -> None:
    text = printed(table(["a", "b"], [[1, bold("x")]]), pairs([("a", dim("b"))]), warning("c"))
    assert re.fullmatch(r"[\n\x20-\x7e]*", text)


def test_a_pipe_has_no_edge_to_wrap_at() -> None:
    row = ["x" * 200, "y" * 200]
    assert len(printed(table(["a", "b"], [row])).splitlines()) == 2


def test_columns_line_up() -> None:
    lines = printed(table(["name", "n"], [["a", 1], ["bbb", 22]], right=["n"])).splitlines()
    assert [line.rstrip() for line in lines] == ["name   n", "a      1", "bbb   22"]


def test_pairs_line_up() -> None:
    assert printed(pairs([("a", 1), ("long", "x")])) == "a     1\nlong  x\n"
    assert printed(pairs([])) == ""


def test_a_warning_is_called_one() -> None:
    assert printed(warning("careful")) == "WARNING: careful\n"


def test_what_the_terminal_cannot_write_is_no_reason_to_stop() -> None:
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    output(file).print(safe("ü★"))
    file.flush()
    assert isinstance(file.buffer, io.BytesIO)
    assert file.buffer.getvalue() == b"\\xfc\\u2605\n"


# Figures.


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.123456, "0.1235"),
        (12345.678, "1.235e+04"),
        (12345.0, "12,345"),
        (-1234567.0, "-1,234,567"),
        (1.1677515e60, "1.168e+60"),
        (1e-9, "1e-09"),
        (math.nan, "-"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
    ],
)
def test_figures_have_four_digits(value: float, text: str) -> None:
    assert figure(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.154, "0.15 s"),
        (9.5, "9.50 s"),
        (2.41, "2.41 s"),
        (0.0042, "4.2 ms"),
        (0, "0.00 s"),
        (9.999, "10.0 s"),
        (25.44, "25.4 s"),
        (125, "2 min 5 s"),
        (12_000, "3 h 20 min"),
        (90_000, "1 d 1 h"),
        (math.nan, "-"),
        (59.7, "59.7 s"),
        (59.97, "1 min 0 s"),
        (119.7, "2 min 0 s"),
        (math.inf, "-"),
    ],
)
def test_durations_have_three_digits_or_two_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.5, "now"),
        (59.7, "1 min 0 s"),
        (-3, "now"),
        (25.4, "25 s"),
        (7300, "2 h 1 min"),
        (5, "5 s"),
        (math.nan, "-"),
    ],
)
def test_ages_are_told_in_words(seconds: float, text: str) -> None:
    assert age(seconds) == text
