"""How pictures look: the same bytes each time, whatever the user's settings and whatever names."""

from __future__ import annotations

import subprocess
import sys
from typing import Any
from xml.etree import ElementTree

import matplotlib
import pytest
from matplotlib.figure import Figure

from dltrain.plots import style

STARTS = {"png": b"\x89PNG\r\n\x1a\n", "svg": b"<?xml", "pdf": b"%PDF-"}
DRAW = """
import sys
from dltrain.plots import style
def draw():
    figure = style.figure(4, 3)
    style.headline(figure, "a title")
    figure.add_subplot().plot([1, 2, 3], [3, 1, 2], label="line")
    figure.axes[0].fill_between([1, 2], 1, 2)
    figure.legend()
    return figure
sys.stdout.buffer.write(style.picture(draw, form=sys.argv[1]))
"""


def titled(title: str) -> Figure:
    figure = style.figure(5, 3)
    style.headline(figure, title)
    axes = figure.add_subplot()
    axes.plot([1, 2], [3, 4], label=style.named(title))
    axes.set_xlabel(style.named(title))
    axes.set_xticks([1, 2], [style.named(title), "b"])
    axes.legend()
    return figure


def words(svg: bytes) -> list[str]:
    """Return the texts of an SVG."""
    root = ElementTree.fromstring(svg)
    return [node.text or "" for node in root.iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(form, marks=[] if form == "svg" else [pytest.mark.proof])
        for form in style.FORMATS
    ],
)
def test_two_processes_draw_the_same_bytes(form: str) -> None:
    found = [
        subprocess.run(
            [sys.executable, "-c", DRAW, form],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert found[0] == found[1]
    assert found[0].startswith(STARTS[form])
    assert b"Date" not in found[0]


def test_settings_of_the_users_change_nothing_and_stay_as_they_are() -> None:
    usual = style.picture(lambda: titled("a"))
    # Values that pictures elsewhere may well have.
    other: Any = {
        "font.size": 30,
        "axes.facecolor": "black",
        "lines.linewidth": 9,
        "savefig.dpi": 20,
    }
    with matplotlib.rc_context(other):
        assert style.picture(lambda: titled("a")) == usual
        assert matplotlib.rcParams["font.size"] == 30


@pytest.mark.parametrize("form", style.FORMATS)
@pytest.mark.parametrize(
    "title", ["$a_1$ and $", "a\x1b[31m\nb\0", "価格 µ 🦆", "\u202eabc", "<b>&"]
)
def test_foreign_names_are_written_as_they_are_and_raise_no_warning(title: str, form: str) -> None:
    assert style.picture(lambda: titled(title), form=form).startswith(STARTS[form])


def test_an_svg_holds_its_texts_as_words() -> None:
    found = words(style.picture(lambda: titled("price $x$ \x1b <b>"), form="svg"))
    assert found.count("price $x$ \\x1b <b>") == 4


def test_a_long_title_is_broken_into_lines_and_a_long_name_is_clipped() -> None:
    figure = titled("word " * 100)
    lines = figure.get_suptitle().split("\n")
    assert len(lines) > 2
    assert max(map(len, lines)) <= 5 * style.LETTERS_PER_INCH
    assert style.named("x" * 100) == "x" * style.MAX_NAME + "…"
