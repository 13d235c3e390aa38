"""What a sweep came to: its metric against each key that it varied, with the spread over seeds."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dltrain.metrics import higher_is_better, metric_of
from dltrain.plots import style
from dltrain.plots.scales import LOST, Scale, by_importance, scale_of, usable
from dltrain.runs.compare.results import Result, best_result

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
    """Draw the metric against each key, the one that matters most first.

    With one key, the line is the mean over seeds; with two, there is a line for each value of the
    other; with more, the mean over all the rest. Bands are a standard deviation each way.

    Args:
        results: How the members came out.
        metric: What sorts them.
        title: What they are of.

    Raises:
        ValueError: If no member has a value.
    """
    results = usable(results)
    if not any(own.value is not None for own in results):
        raise ValueError("no member has a value yet")
    keys = by_importance(results, metric)
    if not keys:
        raise ValueError("the sweep varies no key")
    shown = keys[:MAX_PANELS]
    columns = min(COLUMNS, len(shown))
    lines = -(-len(shown) // columns)
    beside = 1.6 if _other(keys[0], keys, results) else 0.0
    figure = style.figure(max(4.2 * columns, 5.6) + beside, 3.5 * lines + 0.5)
    style.headline(figure, title, _note(results, keys, metric))
    first: Axes | None = None
    for place, key in enumerate(shown, start=1):
        axes = figure.add_subplot(lines, columns, place, sharey=first)
        first = first or axes
        _panel(axes, results, metric=metric, key=key, other=_other(key, keys, results))
        if (place - 1) % columns == 0:
            axes.set_ylabel(style.named(metric, most=40))
        else:
            axes.tick_params(labelleft=False)
    if first is not None and _is_log(results, metric):
        style.logarithmic(first, which="y")
    figure.legend(handles=_key(results, metric), loc="outside lower left", ncols=6)
    return figure


def _is_log(results: Sequence[Result], metric: str) -> bool:
    values = [own.value for own in results if own.value is not None]
    return not higher_is_better(metric) and style.spans_decades(values)


def _note(results: Sequence[Result], keys: Sequence[str], metric: str) -> str:
    """Say what lines and bands are."""
    told = ""
    pooled = len(keys) > 1 and not any(_other(key, keys, results) for key in keys)
    many = any(scale_of(key, _texts(results, key)).is_grouped for key in keys)
    if pooled or many or any("seed" in own.setting for own in results):
        over = "all other keys" if pooled else "seeds"
        over = f"neighbours and {over}" if many else over
        kind = "geometric mean" if _is_log(results, metric) else "mean"
        told = f"lines: {kind} over {over}; bands: its standard deviation"
    dropped = len(keys) - MAX_PANELS
    more = f"the {MAX_PANELS} keys of {len(keys)} that matter most" if dropped > 0 else ""
    return "; ".join(filter(None, [told, more]))


def _texts(results: Sequence[Result], key: str) -> list[str]:
    return [own.setting[key] for own in results]


def _other(key: str, keys: Sequence[str], results: Sequence[Result]) -> str | None:
    """Return the second of two keys, if each of its values can have a line."""
    others = [own for own in keys if own != key]
    if len(others) != 1 or len(set(_texts(results, others[0]))) > MAX_LINES:
        return None
    return others[0]


def _panel(
    axes: Axes, results: Sequence[Result], *, metric: str, key: str, other: str | None
) -> None:
    """Draw points, means and bands against one key."""
    scale = scale_of(key, _texts(results, key))
    scale.apply(axes, which="x")
    by_log = _is_log(results, metric)
    drawn = [own for own in results if not _missing(own, metric)]
    lines: Sequence[str | None] = [None]
    if other is not None:
        lines = scale_of(other, _texts(results, other)).texts
    for place, text in enumerate(lines):
        chosen = [own for own in drawn if other is None or own.setting[other] == text]
        few = len(lines) <= MAX_BANDS
        colour = style.COLOURS[place] if few else style.ramp(place, len(lines))
        _line(axes, chosen, scale=scale, colour=colour, by_log=by_log, banded=few)
        if text is not None:
            label = style.named(text, most=18)
            axes.plot([], [], color=colour, marker="o", markersize=4, label=label)
    if other is not None:
        head = style.named(other.rpartition(".")[2], most=18)
        axes.legend(title=head, loc="center left", bbox_to_anchor=(1, 0.5), handlelength=1.2)
    best = best_result(results, metric)
    if best is not None and best.value is not None:
        axes.plot([scale.places[best.setting[key]]], [best.value], **_STAR)
    _edge(axes, results, scale=scale, metric=metric)


def _line(
    axes: Axes,
    results: Sequence[Result],
    *,
    scale: Scale,
    colour: str,
    by_log: bool,
    banded: bool,
) -> None:
    """Draw the members as points, their mean as a line and its spread as a band."""
    if not results:
        return
    texts, values = _texts(results, scale.key), [own.value or 0.0 for own in results]
    axes.plot([scale.places[text] for text in texts], values, **_POINT, color=colour)
    groups, at = scale.groups(), dict[float, list[float]]()
    for text, value in zip(texts, values, strict=True):
        at.setdefault(groups[text], []).append(value)
    if scale.key == "seed":  # one is not more than another
        at = dict.fromkeys(at, values)
    places = sorted(at)
    low, mean, high = zip(*(_spread(at[x], by_log=by_log) for x in places), strict=True)
    axes.plot(places, mean, color=colour, marker="_", markersize=9)
    if banded and any(len(own) > 1 for own in at.values()):
        axes.fill_between(places, low, high, color=colour, alpha=0.13, linewidth=0)


def _spread(values: Sequence[float], *, by_log: bool) -> tuple[float, float, float]:
    """Return a mean and what lies a standard deviation below and above it."""
    own = [math.log(value) for value in values] if by_log else list(values)
    mean = statistics.fmean(own)
    deviation = statistics.stdev(own) if len(own) > 1 else 0.0
    found = (mean - deviation, mean, mean + deviation)
    return (math.exp(found[0]), math.exp(found[1]), math.exp(found[2])) if by_log else found


def _edge(axes: Axes, results: Sequence[Result], *, scale: Scale, metric: str) -> None:
    """Mark at the edge, on its worse side, where members came to nothing."""
    at: dict[tuple[float, str], int] = {}
    for own in results:
        what = _missing(own, metric)
        if what:
            place = (scale.places[own.setting[scale.key]], what)
            at[place] = at.get(place, 0) + 1
    levels = Counter(x for x, _ in at)
    if at:
        axes.margins(y=0.06 + 0.07 * max(levels.values()))
    bottom, across = higher_is_better(metric), axes.get_xaxis_transform()
    heights: dict[tuple[float, str], float] = {}
    for x, what in sorted(at, key=lambda place: place[0]):
        levels[x] -= 1
        inward = 0.03 + 0.07 * levels[x]
        heights[x, what] = inward if bottom else 1 - inward
    for what, look in _EDGE.items():
        marks = [(x, y) for (x, own), y in heights.items() if own == what]
        if marks:
            xs, ys = zip(*marks, strict=True)
            axes.plot(xs, ys, **look, markersize=8, linestyle="", transform=across)
    if len(heights) > MAX_COUNTED:
        return
    aside: dict[str, Any] = {"xytext": (7, 0), "textcoords": "offset points", "va": "center"}
    aside |= {"fontsize": 8, "color": style.FAINT}
    for (x, what), y in heights.items():
        if at[x, what] > 1:
            axes.annotate(str(at[x, what]), (x, y), xycoords=across, **aside)


def _missing(own: Result, metric: str) -> str:
    """Say why a member is no point in the picture."""
    if own.value is not None:
        return "off the scale" if own.value < metric_of(metric).floor else ""
    if own.status not in LOST:
        return "off the scale" if own.status == "done" else "unfinished"
    return "diverged" if own.status == "diverged" else "failed"


def _key(results: Sequence[Result], metric: str) -> list[Line2D]:
    """Tell what the marks stand for, those that occur."""
    best = best_result(results, metric)
    handles = []
    if best is not None and best.value is not None:
        told = f"best: {style.number(best.value)} (member {best.index})"
        handles.append(Line2D([], [], label=told, **_STAR))
    found = [_missing(own, metric) for own in results]
    for what, look in _EDGE.items():
        if what in found:
            label = f"{what}: {found.count(what)}"
            handles.append(Line2D([], [], label=label, **look, linestyle="", markersize=8))
    return handles
