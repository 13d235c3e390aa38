"""A sweep as a map: its metric over the two keys that matter most."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
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
from dltrain.plots.scales import LOST, Scale, by_importance, scale_of, usable
from dltrain.runs.compare.results import Result

# So few cells have their numbers written in.
WRITTEN = 120
TICKS = 20
# Where fewer cells are filled (a random search, keys that go together) points tell more.
FILLED = 1 / 3
Cells = dict[tuple[str, str], list[Result]]


def draw(results: Sequence[Result], *, metric: str, title: str) -> Figure:
    """Draw the mean of the metric over the two keys that matter most, whatever else varies.

    Args:
        results: How the members came out.
        metric: What sorts them.
        title: What they are of.

    Raises:
        ValueError: If fewer than two keys vary, or no member has a value.
    """
    results = usable(results)
    keys = by_importance(results, metric)
    if len(keys) < 2:
        raise ValueError("a heat map needs two keys that vary")
    if not any(own.value is not None for own in results):
        raise ValueError("no member has a value yet")
    across, down = (scale_of(key, [own.setting[key] for own in results]) for key in keys[:2])
    if len(down.texts) > len(across.texts):
        across, down = down, across
    cells: Cells = {}
    for own in results:
        place = own.setting[across.key], own.setting[down.key]
        cells.setdefault(place, []).append(own)
    others = [key for key in (results[0].setting if results else ()) if key not in keys[:2]]
    sparse = len(cells) < FILLED * len(across.texts) * len(down.texts)
    size = (7.5, 5.6) if sparse else _size(across, down)
    figure = style.figure(*size)
    means = f"means over {', '.join(style.named(key) for key in others[:4])}" if others else ""
    style.headline(figure, title, means + (", ..." if len(others) > 4 else ""))
    axes = figure.add_subplot()
    values = {place: mean for place, own in cells.items() if (mean := _mean(own)) is not None}
    shades = _shades(list(values.values()), metric)
    if sparse:
        _scatter(axes, cells, across=across, down=down, shades=shades)
    else:
        _map(axes, cells, across=across, down=down, shades=shades)
        _outline(axes, values, across=across, down=down, metric=metric)
    _bar(figure, axes, shades, metric)
    return figure


def _size(across: Scale, down: Scale) -> tuple[float, float]:
    wide = min(max(0.85 * len(across.texts), 3.2), 9.0)
    high = min(max(0.55 * len(down.texts), 1.6), 7.0)
    return wide + 2.6, high + 1.5


def _mean(results: Sequence[Result]) -> float | None:
    values = [own.value for own in results if own.value is not None]
    return statistics.fmean(values) if values else None


@dataclass(frozen=True)
class Shades:
    """Which colour a value has: the better, the brighter.

    Attributes:
        norm: From the worst to the best value to 0 to 1, or back.
        colours: Of 0 to 1.
    """

    norm: Normalize
    colours: Colormap

    def of(self, value: float) -> tuple[float, float, float, float]:
        """Return the colour of a value."""
        return self.colours(float(self.norm(value)))


def _shades(values: Sequence[float], metric: str) -> Shades:
    """Return the colours of values: the better, the brighter."""
    colours: Colormap = matplotlib.colormaps[style.VALUES]
    if not higher_is_better(metric):
        colours = colours.reversed()
    low, high = min(values), max(values)
    if low == high:
        low, high = low - 0.5 * abs(low or 1), high + 0.5 * abs(high or 1)
    of_factors = not higher_is_better(metric) and style.spans_decades(list(values))
    norm = LogNorm(low, high) if of_factors else Normalize(low, high)
    return Shades(norm, colours)


def _map(axes: Axes, cells: Cells, *, across: Scale, down: Scale, shades: Shades) -> None:
    """Draw a rectangle of cells, those without a value in grey and with a word about why."""
    grid: npt.NDArray[np.float64] = np.full((len(down.texts), len(across.texts)), np.nan)
    for (x, y), own in cells.items():
        mean = _mean(own)
        if mean is not None:
            grid[down.texts.index(y), across.texts.index(x)] = mean
    colours = shades.colours.with_extremes(bad="#EEEEEE")
    axes.imshow(
        np.ma.masked_invalid(grid), cmap=colours, norm=shades.norm, aspect="auto", origin="lower"
    )
    across.tick(axes, range(len(across.texts)), which="x", most=TICKS)
    down.tick(axes, range(len(down.texts)), which="y", most=TICKS)
    axes.set_xlabel(style.named(across.key, most=40))
    axes.set_ylabel(style.named(down.key, most=40))
    style.bare(axes)
    few = grid.size <= WRITTEN
    for (x, y), own in cells.items():
        text, value = _written(own, few=few), _mean(own)
        dark = value is not None and _is_dark(shades.of(value))
        axes.text(
            across.texts.index(x),
            down.texts.index(y),
            text,
            ha="center",
            va="center",
            fontsize=8.5,
            color="white" if dark else style.INK,
        )


def _written(results: Sequence[Result], *, few: bool) -> str:
    """Write what a cell holds, and how many of its members came to nothing."""
    mean = _mean(results)
    lost = sum(own.status in LOST for own in results)
    if mean is None:
        what = "diverged" if any(own.status == "diverged" for own in results) else "failed"
        return (what if lost else "…") if few else ("✕" if lost else "")
    crosses = f" ✕{lost}" if lost > 1 else " ✕"
    return (style.number(mean) if few else "") + (crosses if lost else "")


def _is_dark(colour: Sequence[float]) -> bool:
    red, green, blue = colour[:3]
    return 0.299 * red + 0.587 * green + 0.114 * blue < 0.55


def _outline(
    axes: Axes,
    values: dict[tuple[str, str], float],
    *,
    across: Scale,
    down: Scale,
    metric: str,
) -> None:
    """Frame the best cell."""
    choose = max if higher_is_better(metric) else min
    x, y = choose(values, key=lambda place: values[place])
    corner = across.texts.index(x) - 0.5, down.texts.index(y) - 0.5
    look: dict[str, Any] = {"fill": False, "edgecolor": style.VERMILLION, "linewidth": 2.5}
    axes.add_patch(Rectangle(corner, 1, 1, **look, clip_on=False))


def _scatter(axes: Axes, cells: Cells, *, across: Scale, down: Scale, shades: Shades) -> None:
    """Draw a point for each cell where it lies; those without a value as crosses."""
    across.apply(axes, which="x")
    down.apply(axes, which="y")
    found = {place: _mean(own) for place, own in cells.items()}
    live = [place for place, mean in found.items() if mean is not None]
    axes.scatter(
        [across.places[x] for x, _ in live],
        [down.places[y] for _, y in live],
        c=[shades.of(found[place] or 0.0) for place in live],
        s=80,
        edgecolors="white",
        zorder=3,
    )
    for lost, colour in ((True, style.VERMILLION), (False, style.FAINT)):
        rest = [place for place, mean in found.items() if mean is None]
        rest = [own for own in rest if any(r.status in LOST for r in cells[own]) is lost]
        xs, ys = [across.places[x] for x, _ in rest], [down.places[y] for _, y in rest]
        axes.plot(xs, ys, "x", color=colour)


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
