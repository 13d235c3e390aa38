"""The metric of a sweep against each setting, with the spread over seeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dltrain.metrics import higher_is_better
from dltrain.plots import style
from dltrain.runs.compare.axes import LOG, Axis
from dltrain.runs.compare.effects import (
    Effect,
    Line,
    drawable,
    effect_of,
    effects_note,
    keys_by_importance,
    off_scale,
    off_scale_note,
    texts_of,
)
from dltrain.runs.compare.repeats import is_repeated, repeats_called
from dltrain.runs.compare.results import LOST, Result
from dltrain.runs.compare.settings import best_result, best_title

# More panels, or bands in one, cannot be looked at.
MAX_PANELS, MAX_BANDS = 9, 6
MAX_COUNTED = 60
COLUMNS = 3
_STAR: dict[str, Any] = {
    **{"marker": "*", "markersize": 15, "linestyle": "", "zorder": 5},
    **{"markerfacecolor": "none", "markeredgecolor": style.INK, "markeredgewidth": 1.2},
}
_POINT: dict[str, Any] = {
    **{"marker": "o", "markersize": 4, "linestyle": "", "alpha": 0.45, "markeredgewidth": 0}
}
_EDGE: dict[str, dict[str, Any]] = {
    "diverged": {"marker": "x", "color": style.VERMILLION},
    "failed": {"marker": "P", "color": style.INK},
    "unfinished": {"marker": "|", "color": style.FAINT},
    "off the scale": {"marker": "v", "color": style.FAINT},
}


def draw(results: Sequence[Result], *, metric: str, title: str) -> Figure:
    """Draw the metric against each key, the one that matters most first.

    The lines are those of ``runs/compare/effects.py``; bands are a standard deviation each way.

    Raises:
        ValueError: If no member has a value, or nothing varies.
    """
    results = drawable(results)
    if not any(result.value is not None for result in results):
        raise ValueError("no member has a value yet")
    keys = keys_by_importance(results, metric)
    if not keys:
        raise ValueError("the sweep varies no key, or none has two values yet")
    shown = keys[:MAX_PANELS]
    columns = min(COLUMNS, len(shown))
    lines = -(-len(shown) // columns)
    effects = [effect_of(key, results, metric) for key in shown]
    beside = 1.6 if effects[0].other else 0.0
    figure = style.figure(max(4.2 * columns, 5.6) + beside, 3.5 * lines + 0.5)
    style.headline(figure, title, _note(results, keys, effects, metric))
    first: Axes | None = None
    for number, effect in enumerate(effects, start=1):
        axes = figure.add_subplot(lines, columns, number, sharey=first)
        first = first or axes
        _panel(axes, effect, results, metric=metric)
        if (number - 1) % columns == 0:
            axes.set_ylabel(style.named(metric, most=40))
        else:
            axes.tick_params(labelleft=False)
    if first is not None and effects[0].metric_axis == LOG:
        style.logarithmic(first, which="y")
    figure.legend(handles=_legend(results, metric), loc="outside lower left", ncols=6)
    return figure


def _note(
    results: Sequence[Result], keys: Sequence[str], effects: Sequence[Effect], metric: str
) -> str:
    """Say what lines and bands are, and what is left out."""
    note = ""
    grouped = any(effect.axis.is_grouped for effect in effects)
    if is_repeated(results) or grouped:
        each = ["neighbours"] if grouped else []
        over = " and ".join(filter(None, [*each, repeats_called(results)]))
        kind = "geometric mean" if effects[0].metric_axis == LOG else "mean"
        note = f"lines: {kind} over {over}; bands: its standard deviation"
    dropped = len(keys) - MAX_PANELS
    more = f"the {MAX_PANELS} keys of {len(keys):,} that matter most" if dropped > 0 else ""
    return "; ".join(
        filter(None, [effects_note(effects), note, off_scale_note(results, metric), more])
    )


def _panel(axes: Axes, effect: Effect, results: Sequence[Result], *, metric: str) -> None:
    """Draw points, means and bands against one key."""
    axis = effect.axis
    style.show_axis(axes, axis, which="x")
    for number, line in enumerate(effect.lines):
        colour = style.COLOURS[number]
        _line(axes, line, axis=axis, colour=colour, banded=len(effect.lines) <= MAX_BANDS)
        if effect.other is not None:
            label = style.named(line.name, most=18)
            axes.plot([], [], color=colour, marker="o", markersize=4, label=label)
    if effect.other is not None:
        head = style.named(effect.other.rpartition(".")[2], most=18)
        axes.legend(title=head, loc="center left", bbox_to_anchor=(1, 0.5), handlelength=1.2)
    best = best_result(results, metric)
    if best is not None and best.index not in off_scale(results, metric):
        axes.plot([axis.positions[best.setting[axis.key]]], [best.value or 0.0], **_STAR)
    _mark_missing(axes, results, axis=axis, metric=metric)


def _line(axes: Axes, line: Line, *, axis: Axis, colour: str, banded: bool) -> None:
    """Draw the members as points, their means as a line and their spread as a band."""
    if not line.results:
        return
    positions = [axis.positions[text] for text in texts_of(line.results, axis.key)]
    axes.plot(positions, [result.value or 0.0 for result in line.results], **_POINT, color=colour)
    x = [mean.position for mean in line.means]
    axes.plot(x, [mean.value for mean in line.means], color=colour, marker="_", markersize=9)
    if banded and any(mean.count > 1 for mean in line.means):
        low, high = [mean.low for mean in line.means], [mean.high for mean in line.means]
        axes.fill_between(x, low, high, color=colour, alpha=0.13, linewidth=0)


def _mark_missing(axes: Axes, results: Sequence[Result], *, axis: Axis, metric: str) -> None:
    """Mark at the edge, on its worse side, where members came to nothing."""
    counts: Counter[tuple[float, str]] = Counter()
    hidden = off_scale(results, metric)
    for text, result in zip(texts_of(results, axis.key), results, strict=True):
        reason = _missing(result, hidden)
        if reason:
            counts[axis.positions[text], reason] += 1
    levels = Counter(x for x, _ in counts)
    if counts:
        axes.margins(y=0.06 + 0.07 * max(levels.values()))
    bottom, across = higher_is_better(metric), axes.get_xaxis_transform()
    heights: dict[tuple[float, str], float] = {}
    for x, reason in sorted(counts, key=lambda mark: mark[0]):
        levels[x] -= 1
        inward = 0.03 + 0.07 * levels[x]
        heights[x, reason] = inward if bottom else 1 - inward
    for reason, look in _EDGE.items():
        marks = [(x, y) for (x, each), y in heights.items() if each == reason]
        if marks:
            xs, ys = zip(*marks, strict=True)
            axes.plot(xs, ys, **look, markersize=8, linestyle="", transform=across)
    if len(heights) > MAX_COUNTED:
        return
    aside: dict[str, Any] = {"xytext": (7, 0), "textcoords": "offset points", "va": "center"}
    aside |= {"fontsize": 8, "color": style.FAINT}
    for (x, reason), y in heights.items():
        if counts[x, reason] > 1:
            axes.annotate(str(counts[x, reason]), (x, y), xycoords=across, **aside)


def _missing(result: Result, hidden: Container[int]) -> str:
    """Say why a member is no point in the picture."""
    if result.value is not None:
        return "off the scale" if result.index in hidden else ""
    if result.status in LOST:
        return result.status
    return "off the scale" if result.status == "done" else "unfinished"


def _legend(results: Sequence[Result], metric: str) -> list[Line2D]:
    """Tell what the marks stand for, those that occur."""
    best = best_result(results, metric)
    handles = []
    if best is not None and best.value is not None:
        label = f"{best_title(results)}: {style.number(best.value)} (member {best.index})"
        handles.append(Line2D([], [], label=label, **_STAR))
    hidden = off_scale(results, metric)
    reasons = [_missing(result, hidden) for result in results]
    for reason, look in _EDGE.items():
        if reason in reasons:
            label = f"{reason}: {reasons.count(reason)}"
            handles.append(Line2D([], [], label=label, **look, linestyle="", markersize=8))
    return handles
