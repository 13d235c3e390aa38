"""The metric of a sweep against each setting, with the spread over seeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dltrain.metrics import higher_is_better, metric_of
from dltrain.plots import style
from dltrain.runs.compare.axes import LOG, Axis, axis_of, metric_axis
from dltrain.runs.compare.effects import drawable, keys_by_importance, means, texts_of
from dltrain.runs.compare.repeats import is_repeated
from dltrain.runs.compare.results import LOST, Result
from dltrain.runs.compare.settings import best_result, best_title

# More panels, or lines in one, cannot be looked at.
MAX_PANELS, MAX_LINES, MAX_BANDS = 9, 12, 6
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
    """Draw the metric against each setting, the one that matters most first.

    With one setting, the line is the mean over seeds; with two, there is a line for each value of
    the other; with more, the mean over all the rest. Bands are a standard deviation each way.

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
    beside = 1.6 if _other(keys[0], keys, results) else 0.0
    figure = style.figure(max(4.2 * columns, 5.6) + beside, 3.5 * lines + 0.5)
    style.headline(figure, title, _note(results, keys, metric))
    first: Axes | None = None
    for number, key in enumerate(shown, start=1):
        axes = figure.add_subplot(lines, columns, number, sharey=first)
        first = first or axes
        _panel(axes, results, metric=metric, key=key, other=_other(key, keys, results))
        if (number - 1) % columns == 0:
            axes.set_ylabel(style.named(metric, most=40))
        else:
            axes.tick_params(labelleft=False)
    if first is not None and _is_log(results, metric):
        style.logarithmic(first, which="y")
    figure.legend(handles=_legend(results, metric), loc="outside lower left", ncols=6)
    return figure


def _is_log(results: Sequence[Result], metric: str) -> bool:
    values = [result.value for result in results if result.value is not None]
    return metric_axis(metric, values) == LOG


def _note(results: Sequence[Result], keys: Sequence[str], metric: str) -> str:
    """Say what lines and bands are."""
    note = ""
    pooled = len(keys) > 1 and not any(_other(key, keys, results) for key in keys)
    many = any(axis_of(key, texts_of(results, key)).is_grouped for key in keys)
    if pooled or many or is_repeated(results):
        over = "all other keys" if pooled else "repeats"
        over = f"neighbours and {over}" if many else over
        kind = "geometric mean" if _is_log(results, metric) else "mean"
        note = f"lines: {kind} over {over}; bands: its standard deviation"
    dropped = len(keys) - MAX_PANELS
    more = f"the {MAX_PANELS} keys of {len(keys):,} that matter most" if dropped > 0 else ""
    return "; ".join(filter(None, [note, more]))


def _other(key: str, keys: Sequence[str], results: Sequence[Result]) -> str | None:
    """Return the second of two settings, if each of its values can have a line."""
    others = [other for other in keys if other != key]
    if len(others) != 1 or len(set(texts_of(results, others[0]))) > MAX_LINES:
        return None
    return others[0]


def _panel(
    axes: Axes, results: Sequence[Result], *, metric: str, key: str, other: str | None
) -> None:
    """Draw points, means and bands against one setting."""
    axis = axis_of(key, texts_of(results, key))
    style.show_axis(axes, axis, which="x")
    by_log = _is_log(results, metric)
    drawn = [result for result in results if not _missing(result, metric)]
    lines: Sequence[str | None] = [None]
    if other is not None:
        lines = axis_of(other, texts_of(results, other)).texts
    for number, text in enumerate(lines):
        chosen = [result for result in drawn if other is None or result.setting[other] == text]
        few = len(lines) <= MAX_BANDS
        colour = style.COLOURS[number] if few else style.ramp(number, len(lines))
        _line(axes, chosen, axis=axis, colour=colour, by_log=by_log, banded=few)
        if text is not None:
            label = style.named(text, most=18)
            axes.plot([], [], color=colour, marker="o", markersize=4, label=label)
    if other is not None:
        head = style.named(other.rpartition(".")[2], most=18)
        axes.legend(title=head, loc="center left", bbox_to_anchor=(1, 0.5), handlelength=1.2)
    best = best_result(results, metric)
    if best is not None and best.value is not None:
        axes.plot([axis.positions[best.setting[key]]], [best.value], **_STAR)
    _mark_missing(axes, results, axis=axis, metric=metric)


def _line(
    axes: Axes, results: Sequence[Result], *, axis: Axis, colour: str, by_log: bool, banded: bool
) -> None:
    """Draw the members as points, their mean as a line and its spread as a band."""
    if not results:
        return
    positions = [axis.positions[text] for text in texts_of(results, axis.key)]
    axes.plot(positions, [result.value or 0.0 for result in results], **_POINT, color=colour)
    line = means(axis, results, by_log=by_log)
    x = [mean.position for mean in line]
    axes.plot(x, [mean.value for mean in line], color=colour, marker="_", markersize=9)
    if banded and any(mean.count > 1 for mean in line):
        low, high = [mean.low for mean in line], [mean.high for mean in line]
        axes.fill_between(x, low, high, color=colour, alpha=0.13, linewidth=0)


def _mark_missing(axes: Axes, results: Sequence[Result], *, axis: Axis, metric: str) -> None:
    """Mark at the edge, on its worse side, where members came to nothing."""
    counts: Counter[tuple[float, str]] = Counter()
    for text, result in zip(texts_of(results, axis.key), results, strict=True):
        reason = _missing(result, metric)
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


def _missing(result: Result, metric: str) -> str:
    """Say why a member is no point in the picture."""
    if result.value is not None:
        return "off the scale" if result.value < metric_of(metric).floor else ""
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
    reasons = [_missing(result, metric) for result in results]
    for reason, look in _EDGE.items():
        if reason in reasons:
            label = f"{reason}: {reasons.count(reason)}"
            handles.append(Line2D([], [], label=label, **look, linestyle="", markersize=8))
    return handles
