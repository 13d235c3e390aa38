"""How pictures look and how they become bytes: colours, sizes and fonts in one place.

Matplotlib's objects are used without pyplot: no display, no figures kept, and what the user's own
``matplotlibrc`` says does not count. Equal content gives equal bytes: no file holds a date.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
import io
import textwrap
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import matplotlib
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from dltrain.runs.compare.axes import LOG, Axis
from dltrain.text import escaped
from dltrain.text import figure as as_text

FORMATS = ("png", "svg", "pdf")
# Okabe and Ito's colours, which the colour-blind tell apart, darker where white would swallow them;
# the page's light series.
BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#00795A", "#B0508A"
COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, "#8A6D00", "#2F8EC4", "#1D1C1A", "#8C5A3C")
INK, FAINT = "#222222", "#777777"
# Better values are brighter; counts are darker; weights have white for none.
VALUES, COUNTS, SIGNED = "viridis", "Blues", "RdBu_r"
DPI = 144
MAX_NAME = 28
LETTERS_PER_INCH = 11.5
# The first comes with matplotlib; of the others, which have more scripts, those that are there.
_FONT = "DejaVu Sans"
_MORE_FONTS = (
    *("Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Micro Hei", "PingFang SC"),
    *("Hiragino Sans GB", "Heiti SC", "Noto Sans Arabic", "Noto Sans Devanagari", "Noto Sans Thai"),
)
_STYLE = {
    "font.size": 10,
    "text.color": INK,
    "text.parse_math": False,  # a $ in a name is a dollar
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.8,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "lines.linewidth": 1.6,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "figure.titlesize": 12,
    "figure.dpi": DPI,
    "savefig.dpi": DPI,
    "svg.fonttype": "none",  # words stay words: they can be found, read aloud and copied
    "svg.hashsalt": "dltrain",
    "pdf.fonttype": 42,
}
# Settings that change how a picture looks, which a user's file may have changed.
_APPEARANCE = {
    *("agg", "axes", "errorbar", "figure", "font", "grid", "hatch", "hist", "image", "legend"),
    *("lines", "markers", "mathtext", "patch", "path", "pdf", "savefig", "scatter", "svg", "text"),
    *("xtick", "ytick"),
}
_UNDATED: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": "dltrain"},
    "pdf": {"CreationDate": None, "Creator": "dltrain", "Producer": None},
}
# Settings are matplotlib's own, one set for all threads.
_DRAWING = threading.RLock()
# The size that a user asked for, of the picture that is being drawn.
_SIZE = contextvars.ContextVar[tuple[float, float] | None]("size", default=None)


def picture(
    draw: Callable[[], Figure], *, form: str = "png", size: tuple[float, float] | None = None
) -> bytes:
    """Draw in the style of the house, and return the file.

    Args:
        draw: Draws it, in a figure of ``figure``'s.
        form: One of ``FORMATS``.
        size: Width and height in inches; None: as much as it needs.
    """
    token = _SIZE.set(size)
    try:
        with drawing():
            return written(draw(), form=form)
    finally:
        _SIZE.reset(token)


def written(figure: Figure, *, form: str) -> bytes:
    """Return a figure as a file of one of the formats, the same bytes each time."""
    content = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(content, format=form, metadata=_UNDATED[form])
    return content.getvalue()


@contextlib.contextmanager
def drawing() -> Iterator[None]:
    """Give what is drawn meanwhile the style of the house, whatever the user has set."""
    with _DRAWING, warnings.catch_warnings(), matplotlib.rc_context(_settings()):
        # No font has every character, and names may have any.
        warnings.filterwarnings("ignore", message="Glyph|Matplotlib currently does not support")
        yield


@functools.cache
def _settings() -> Any:
    known = {font.name for font in font_manager.fontManager.ttflist}
    fonts = [_FONT, *(name for name in _MORE_FONTS if name in known)]
    usual = {
        name: value
        for name, value in matplotlib.rcParamsDefault.items()
        if name.partition(".")[0] in _APPEARANCE
    }
    return {**usual, **_STYLE, "font.family": fonts}


def figure(width: float, height: float) -> Figure:
    """Return an empty figure of that many inches, or as asked; its parts make room for others."""
    room = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1, wspace=0.03, hspace=0.03)
    return Figure(figsize=_SIZE.get() or (width, height), layout=room)


def headline(figure: Figure, title: str, note: str = "") -> None:
    """Write what a picture shows above it, and what else there is to know, small, below that."""
    width = int(figure.get_figwidth() * LETTERS_PER_INCH)
    lines = [*textwrap.wrap(named(title, most=160), width), *textwrap.wrap(note, width)]
    figure.suptitle("\n".join(lines), x=0.01, ha="left", fontsize=11, color=INK)


def named(text: object, *, most: int = MAX_NAME) -> str:
    r"""Write foreign text so that a picture can hold it: bounded, nothing in it obeyed.

    Example:
        >>> named("a\nb")
        'a\\x0ab'
    """
    whole = str(text)
    shown = escaped(whole[: most + 1])
    return shown if max(len(whole), len(shown)) <= most else f"{shown[:most]}…"


def number(value: float) -> str:
    """Write a number for people: four significant digits.

    Example:
        >>> number(0.83921)
        '0.8392'
    """
    return as_text(value)


def logarithmic(axes: Axes, *, which: str) -> None:
    """Give an axis, whose data are drawn, a logarithmic scale with plain numbers on it."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    low, high = axis.get_data_interval()
    few = 0 < low < high < 1e3 * low
    axes.set(**{f"{which}scale": "log"})
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if few else (1,), numticks=8))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def slanted(axes: Axes, *, degrees: float) -> None:
    """Turn the names below a panel, which would overlap."""
    axes.tick_params(axis="x", labelrotation=degrees)
    for label in axes.get_xticklabels():
        label.set(horizontalalignment="right", rotation_mode="anchor")


def bare(axes: Axes) -> None:
    """Take away what an image or a table does not need: grid, spines, ticks."""
    axes.grid(visible=False)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def show_axis(axes: Axes, axis: Axis, *, which: str) -> None:
    """Give a panel the name, the scale and the ticks of a setting."""
    side = axes.xaxis if which == "x" else axes.yaxis
    side.set_label_text(named(axis.key, most=40))
    if axis.kind == LOG:
        logarithmic(axes, which=which)
    if not axis.is_grouped:
        show_ticks(axes, axis.ticks, axis.positions, which=which)


def show_ticks(
    axes: Axes, texts: Sequence[str], positions: Mapping[str, float], *, which: str
) -> None:
    """Write values of a setting beside a panel."""
    side = axes.xaxis if which == "x" else axes.yaxis
    side.set_major_locator(FixedLocator([positions[text] for text in texts]))
    side.set_minor_locator(NullLocator())
    names = [named(text, most=18) for text in texts]
    side.set_ticklabels(names)
    if which == "x" and sum(len(name) + 2 for name in names) > 44:
        slanted(axes, degrees=35)
