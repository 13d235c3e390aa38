"""A sweep as a heat map: its metric over the two settings that matter most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from dltrain.metrics import higher_is_better
from dltrain.plots import style
from dltrain.runs.compare.axes import LOG, Axis, apart, axis_of, metric_axis
from dltrain.runs.compare.effects import drawable, keys_by_importance, scale_ends, texts_of
from dltrain.runs.compare.repeats import repeats_called, setting_keys
from dltrain.runs.compare.results import Result
from dltrain.runs.compare.settings import SettingResult, best_result, best_title, grouped

# So few cells have their numbers written in.
WRITTEN = 120
TICKS = 20
# Where fewer cells are filled (a random search, keys that go together) points tell more.
FILLED = 1 / 3
# Values of the two keys -> the members that have them.
Cells = Mapping[tuple[str, str], SettingResult]


def draw(results: Sequence[Result], *, metric: str, title: str) -> Figure:
    """Draw the metric over the two keys that matter most, each cell at the best of the others.

    Raises:
        ValueError: If fewer than two keys vary, or no member has a value.
    """
    results = drawable(results)
    keys = keys_by_importance(results, metric)[:2]
    if len(keys) < 2:
        raise ValueError("a heat map needs two keys that vary")
    if not any(result.value is not None for result in results):
        raise ValueError("no member has a value yet")
    across, down = (axis_of(key, texts_of(results, key)) for key in keys)
    if len(down.texts) > len(across.texts):
        across, down = down, across
    best_first = grouped(results, metric, keys=list(dict.fromkeys([*keys, *setting_keys(results)])))
    settings: dict[tuple[str, str], SettingResult] = {}
    for each in best_first:
        settings.setdefault((each.setting[across.key], each.setting[down.key]), each)
    cells: Cells = settings
    sparse = len(cells) < FILLED * len(across.texts) * len(down.texts)
    size = (7.5, 5.6) if sparse else _size(across, down)
    figure = style.figure(*size)
    means = [cell.mean for cell in cells.values() if cell.results]
    shades = _shades(means, metric)
    notes = [_note(results, keys), _clipping_note(means, shades)]
    style.headline(figure, title, "; ".join(filter(None, notes)))
    axes = figure.add_subplot()
    if sparse:
        _scatter(axes, cells, across=across, down=down, shades=shades)
    else:
        _map(axes, cells, across=across, down=down, shades=shades)
        best = best_result(results, metric)
        if best is not None:  # of splits of the rows none is
            frame = _frame(axes, best, across=across, down=down, title=best_title(results))
            figure.legend(handles=[frame], loc="outside lower left")
    _bar(figure, axes, shades, metric)
    return figure


def _note(results: Sequence[Result], keys: Sequence[str]) -> str:
    """Say what a cell is of, where more varies than the two keys."""
    others = [key for key in setting_keys(results) if key not in keys]
    names = f"{', '.join(map(style.named, others[:4]))}{', ...' if len(others) > 4 else ''}"
    best = f"each cell is shown at the best of {names}" if others else ""
    repeats = repeats_called(results)
    means = f"means over {repeats}" if repeats else ""
    return "; ".join(filter(None, [best, means]))


def _clipping_note(values: Sequence[float], shades: Shades) -> str:
    """Say which cells have a colour that is not theirs alone, for they lie beyond the scale."""
    low, high = float(shades.norm.vmin or 0.0), float(shades.norm.vmax or 0.0)
    beyond = {
        f"above {high:.3g}": sum(value > high for value in values),
        f"below {low:.3g}": sum(value < low for value in values),
    }
    parts = [f"{side} ({n} of {len(values)} cells)" for side, n in beyond.items() if n]
    return f"one colour for all {' and '.join(parts)}" if parts else ""


def _size(across: Axis, down: Axis) -> tuple[float, float]:
    wide = min(max(0.85 * len(across.texts), 3.2), 9.0)
    high = min(max(0.55 * len(down.texts), 1.6), 7.0)
    return wide + 2.6, high + 1.5


@dataclass(frozen=True)
class Shades:
    """Which colour a value has: the better, the brighter."""

    norm: Normalize  # from the worst to the best value to 0 to 1, or back
    colours: Colormap  # of 0 to 1

    def of(self, value: float) -> tuple[float, float, float, float]:
        """Return the colour of a value."""
        return self.colours(float(self.norm(value)))


def _shades(values: Sequence[float], metric: str) -> Shades:
    """Return the colours of values: the better, the brighter."""
    colours: Colormap = matplotlib.colormaps[style.VALUES]
    if not higher_is_better(metric):
        colours = colours.reversed()
    low, high = scale_ends(values, metric)
    low, high = max(low, min(values)), min(high, max(values))
    if low == high:
        low, high = low - 0.5 * abs(low or 1), high + 0.5 * abs(high or 1)
    is_log = metric_axis(metric, values) == LOG
    return Shades(LogNorm(low, high) if is_log else Normalize(low, high), colours)


def _map(axes: Axes, cells: Cells, *, across: Axis, down: Axis, shades: Shades) -> None:
    """Draw a rectangle of cells, those without a value in grey and with a word about why."""
    grid: npt.NDArray[np.float64] = np.full((len(down.texts), len(across.texts)), np.nan)
    for (x, y), cell in cells.items():
        grid[down.texts.index(y), across.texts.index(x)] = cell.mean
    colours = shades.colours.with_extremes(bad="#EEEEEE")
    axes.imshow(
        np.ma.masked_invalid(grid), cmap=colours, norm=shades.norm, aspect="auto", origin="lower"
    )
    for which, axis in (("x", across), ("y", down)):
        shown = [axis.texts[rank] for rank in apart(range(len(axis.texts)), most=TICKS)]
        style.show_ticks(axes, shown, {text: axis.texts.index(text) for text in shown}, which=which)
    axes.set_xlabel(style.named(across.key, most=40))
    axes.set_ylabel(style.named(down.key, most=40))
    style.bare(axes)
    for (x, y), cell in cells.items():
        dark = bool(cell.results) and _is_dark(shades.of(cell.mean))
        axes.text(
            across.texts.index(x),
            down.texts.index(y),
            _text(cell, few=grid.size <= WRITTEN),
            ha="center",
            va="center",
            fontsize=8.5,
            color="white" if dark else style.INK,
        )


def _text(cell: SettingResult, *, few: bool) -> str:
    """Write the mean of a cell, and how many of its members came to nothing."""
    if not cell.results:
        if not cell.lost:
            return "…" if few else ""
        return ("diverged" if cell.diverged else "failed") if few else "✕"
    crosses = f" ✕{cell.lost}" if cell.lost > 1 else " ✕"
    return (style.number(cell.mean) if few else "") + (crosses if cell.lost else "")


def _is_dark(colour: Sequence[float]) -> bool:
    red, green, blue = colour[:3]
    return 0.299 * red + 0.587 * green + 0.114 * blue < 0.55


def _frame(axes: Axes, best: Result, *, across: Axis, down: Axis, title: str) -> Rectangle:
    """Frame the cell of the member that the other pictures put a star on."""
    x, y = (axis.texts.index(best.setting[axis.key]) - 0.5 for axis in (across, down))
    look: dict[str, Any] = {"fill": False, "edgecolor": style.VERMILLION, "linewidth": 2.5}
    look["label"] = f"{title}: {style.number(best.value or 0.0)} (member {best.index})"
    frame = Rectangle((x, y), 1, 1, **look, clip_on=False)
    axes.add_patch(frame)
    return frame


def _scatter(axes: Axes, cells: Cells, *, across: Axis, down: Axis, shades: Shades) -> None:
    """Draw a point for each cell where it lies; those without a value as crosses."""
    style.show_axis(axes, across, which="x")
    style.show_axis(axes, down, which="y")
    points = [(across.positions[x], down.positions[y], cell) for (x, y), cell in cells.items()]
    valued = [point for point in points if point[2].results]
    axes.scatter(
        [x for x, _, _ in valued],
        [y for _, y, _ in valued],
        c=[shades.of(cell.mean) for _, _, cell in valued],
        s=80,
        edgecolors="white",
        zorder=3,
    )
    for lost, colour in ((True, style.VERMILLION), (False, style.FAINT)):
        rest = [point for point in points if not point[2].results and bool(point[2].lost) is lost]
        axes.plot([x for x, _, _ in rest], [y for _, y, _ in rest], "x", color=colour)


def _bar(figure: Figure, axes: Axes, shades: Shades, metric: str) -> None:
    bar = figure.colorbar(
        ScalarMappable(shades.norm, shades.colours),
        ax=axes,
        label=style.named(metric, most=40),
        pad=0.02,
        aspect=30,
    )
    bar.outline.set_visible(False)
    if isinstance(shades.norm, LogNorm):
        bar.ax.yaxis.set_major_locator(LogLocator(numticks=8))
        bar.ax.yaxis.set_minor_locator(NullLocator())
        bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
