"""Curves drawn with characters: dots in braille on a terminal with colours, letters elsewhere."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import rich.console
from plotille import Canvas
from rich.text import Text

from dltrain.cli.terminal.console import safe
from dltrain.runs.compare.axes import LOG, can_be_drawn
from dltrain.runs.compare.curves import Curve, curve_axis, curve_splits, headline_metrics

Points = Sequence[tuple[float, float]]
# Told apart by eyes of all kinds, on light and on dark; the same order in every chart.
STYLES = ("bold cyan", "bold yellow", "magenta", "green", "blue", "red")
_BLANK = 0x2800  # of the 256 patterns of braille


def chart(
    console: rich.console.Console,
    curves: Mapping[str, Points],
    *,
    title: str,
    width: int = 60,
    height: int = 10,
    by_log: bool = False,
) -> list[Text]:
    """Draw curves over one another.

    Args:
        console: Where they will be shown; says whether there are colours, and which characters.
        curves: Name -> points (x, y); what no axis can hold is left out.
        title: What the y axis shows.
        width: Of the whole, in characters.
        height: Of the curves, in lines.
        by_log: Whether the y axis is logarithmic; all y are positive then.

    Returns:
        Lines of equal width; none if there is nothing to draw.
    """
    scale, unscale = (math.log10, lambda y: 10**y) if by_log else (float, float)
    finite = {
        name: [(x, scale(y)) for x, y in points if can_be_drawn(x) and can_be_drawn(y)]
        for name, points in curves.items()
    }
    drawn = {name: points for name, points in finite.items() if points}
    if not drawn:
        return []
    ys = [y for points in drawn.values() for _, y in points]
    low, high = _spread(min(ys), max(ys))
    marks = [f"{unscale(high - (high - low) * step / 3):.4g}" for step in range(4)]
    margin = max(map(len, marks)) + 2
    xs = [x for points in drawn.values() for x, _ in points]
    left, right = _spread(min(xs), max(xs))
    box = (left, right, low, high)
    grids = [_grid(points, box, width - margin, height) for points in drawn.values()]
    colours = console.color_system is not None and not console.no_color
    braille = colours and console.encoding.startswith("utf")
    letters = _letters(list(drawn))
    lines = [_legend(title, letters, width, braille=braille)]
    for row in range(height):
        step, rest = divmod(row * 3, height - 1)
        mark = marks[step] if rest == 0 else ""
        line = Text.assemble((f"{mark:>{margin - 2}} |", "dim"))
        for column in range(width - margin):
            line.append_text(_cell([grid[row][column] for grid in grids], letters, braille))
        lines.append(line)
    ends = f"{min(xs):.6g}", f"{max(xs):.6g}" if max(xs) > min(xs) else ""
    inner = f"{ends[0]}{'epoch':^{max(width - margin - sum(map(len, ends)), 5)}}{ends[1]}"
    lines.append(Text(f"{'':{margin}}{inner}"[:width].ljust(width), style="dim"))
    return lines


def side_by_side(charts: Sequence[Sequence[Text]], *, gap: int = 3) -> list[Text]:
    """Put charts of equal height beside one another."""
    return [Text(" " * gap).join(lines) for lines in zip(*charts, strict=True)]


def _spread(low: float, high: float) -> tuple[float, float]:
    """Return bounds that are apart, however close values are."""
    if high > low:
        return low, high
    room = abs(low) * 0.05 or 1.0
    return low - room, high + room


def _grid(
    points: Points, box: tuple[float, float, float, float], width: int, height: int
) -> list[str]:
    """Draw one curve as lines of braille."""
    left, right, low, high = box
    # A line lies within the canvas only if its ends do.
    canvas = Canvas(width, height, left, low, right, high)
    if len(points) == 1:
        canvas.point(*points[0])
    for start, end in itertools.pairwise(points):
        canvas.line(*start, *end)
    return [line.ljust(width, chr(_BLANK))[:width] for line in canvas.plot().splitlines()]


def _letters(names: Sequence[str]) -> dict[str, str]:
    """Find a letter for each curve, where colours cannot tell them apart."""
    symbols: dict[str, str] = {}
    for name in names:
        end = name.rpartition("/")[2]  # members of one sweep differ in it
        options = [each for each in f"{end}{name}abcdefghijklmnopqrstuvwxyz" if each.isalnum()]
        taken = symbols.values()
        symbols[name] = next((each for each in options if each not in taken), "*")
    return symbols


def _legend(title: str, letters: Mapping[str, str], width: int, *, braille: bool) -> Text:
    line = Text.assemble((safe(title), "bold"))
    for index, (name, letter) in enumerate(letters.items()):
        shown = safe(name) if braille or name.startswith(letter) else f"{letter}: {safe(name)}"
        line.append(f"  {shown}", style=_style(index))
    line.pad_right(max(width - line.cell_len, 0))
    return line[:width]


def _cell(dots: Sequence[str], letters: Mapping[str, str], braille: bool) -> Text:
    """Put the dots of all curves into one character, in the colour of the last that has any."""
    bits = [ord(dot) - _BLANK if ord(dot) >= _BLANK else 0 for dot in dots]
    last = max((index for index, mask in enumerate(bits) if mask), default=None)
    if last is None:
        return Text(" ")
    union = 0
    for mask in bits:
        union |= mask
    character = chr(_BLANK + union) if braille else list(letters.values())[last]
    return Text(character, style=_style(last))


def _style(index: int) -> str:
    return STYLES[index % len(STYLES)]


MIN_WIDTH, MAX_WIDTH, GAP, CHARTS = 30, 72, 3, 2


def learning_curves(
    console: Any, curves: Sequence[Curve], *, compared: bool = False
) -> list[object]:
    """Draw the loss and the metric beside it, below one another where there is no room.

    Of the first curve training and validation rows are drawn; if they are compared, of all one.
    """
    metrics = headline_metrics(curves)
    beside = len(metrics) == CHARTS and console.width >= CHARTS * MIN_WIDTH + GAP
    room = (int(console.width) - GAP) // CHARTS if beside else int(console.width)
    charts = []
    for metric in metrics:
        names = [f"{split}/{metric}" for split in curve_splits(curves, metric)]
        lines = {curve.name: curve.points(names[-1]) for curve in curves}
        if not compared:
            lines = {name.partition("/")[0]: curves[0].points(name) for name in names}
        charts.append(
            chart(
                console,
                lines,
                title=names[-1] if compared else metric,
                width=max(MIN_WIDTH, min(MAX_WIDTH, room)),
                by_log=curve_axis(curves, metric) == LOG,
            )
        )
    drawn = [each for each in charts if each]
    return list(side_by_side(drawn, gap=GAP)) if beside else list(itertools.chain(*drawn))
