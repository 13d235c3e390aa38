"""Learning curves: loss and metric over epochs, of one run or of several over one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from dltrain.plots import style
from dltrain.runs.compare.axes import LOG
from dltrain.runs.compare.curves import (
    Curve,
    clipping_note,
    curve_axis,
    headline_metrics,
    shown_range,
    shown_splits,
)

MARKED = 30
_STAR: dict[str, Any] = {
    **{"marker": "*", "markersize": 12, "linestyle": "", "zorder": 4},
    **{"markeredgecolor": "white", "markeredgewidth": 0.6},
}


def draw(
    curves: Sequence[Curve], *, title: str, note: str = "", metric: str | None = None
) -> Figure:
    """Draw them over one another: of several runs what judges, of one its training rows as well.

    Args:
        curves: At least one.
        title: What stands above them.
        note: What else there is to know.
        metric: Draw this one alone, as in ``loss``; None: all that are worth a picture.
    """
    metrics = headline_metrics(curves) if metric is None else [metric]
    note = "; ".join(filter(None, [clipping_note(curves, metrics), note]))
    wide = 4.4 * len(metrics) + 0.4 + (2.6 if len(curves) > 1 else 0)
    figure = style.figure(wide, 3.6)
    style.headline(figure, title, "; ".join(filter(None, [*_notes(curves), note])))
    for number, name in enumerate(metrics, start=1):
        axes = figure.add_subplot(1, len(metrics), number)
        _draw_metric(axes, curves, name)
        if len(curves) == 1 and axes.lines:
            axes.legend(loc="best")
    if len(curves) > 1:
        figure.legend(handles=_legend(curves), loc="outside right upper")
    return figure


def _notes(curves: Sequence[Curve]) -> list[str]:
    """Say which runs are in the picture only in grey, or not at all."""
    notes = []
    empty = ["unreadable" if c.problem else c.status for c in curves if not c.rows]
    if empty:
        counts = ", ".join(
            f"{empty.count(status)} {style.named(status)}" for status in dict.fromkeys(empty)
        )
        notes.append(f"without a whole epoch: {counts}")
    return notes


def _draw_metric(axes: Axes, curves: Sequence[Curve], metric: str) -> None:
    epochs: set[float] = set()
    splits = shown_splits(curves, metric)
    for curve in sorted(curves, key=lambda each: -each.rank):  # the best lies on top
        for split in splits:
            name = f"{split}/{metric}"
            points = curve.points(name)
            if points:
                look = _look(curve, curves, split)
                _draw_line(axes, points, curve=curve, name=name, look=look)
                epochs |= {x for x, _ in points}
        _mark(axes, curve, curves, f"{splits[-1]}/{metric}")
    if curve_axis(curves, metric) == LOG:
        style.logarithmic(axes, which="y")
    ends = shown_range(curves, metric)
    if ends is not None:
        axes.set_ylim(*ends)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if len(epochs) == 1:
        [epoch] = epochs
        axes.set_xlim(epoch - 1, epoch + 1)
    axes.set_xlabel("epoch")
    axes.set_ylabel(metric if len(splits) > 1 else f"{splits[0]}/{metric}")


def _look(curve: Curve, among: Sequence[Curve], split: str) -> dict[str, Any]:
    """Return colour and weight: of a single run by split, of several by run."""
    if len(among) == 1:
        return {"color": style.BLUE if split == "train" else style.VERMILLION}
    if curve.group is None:
        return {"color": "#BBBBBB", "linewidth": 0.7, "zorder": 1.5}
    return {"color": style.COLOURS[curve.group]}


def _draw_line(
    axes: Axes,
    points: Sequence[tuple[float, float]],
    *,
    curve: Curve,
    name: str,
    look: Mapping[str, Any],
) -> None:
    """Draw one line; what diverged ends in a cross."""
    epochs, values = zip(*points, strict=True)
    few = len(points) <= MARKED and "linewidth" not in look
    dots: dict[str, Any] = {"marker": "o", "markersize": 3} if few or len(points) == 1 else {}
    label = f"{name.partition('/')[0]} {style.number(values[-1])}"
    axes.plot(epochs, values, label=label, gid=f"{name}-{curve.rank}", **dots, **look)
    if curve.status == "diverged":
        axes.plot(epochs[-1:], values[-1:], "x", color=look["color"], markersize=8, zorder=3)


def _mark(axes: Axes, curve: Curve, among: Sequence[Curve], name: str) -> None:
    """Put a star on the kept epoch."""
    value = dict(curve.points(name)).get(curve.kept or 0)
    if value is not None and curve.group is not None:
        colour = _look(curve, among, name.partition("/")[0])["color"]
        label = f"kept epoch {curve.kept}: {style.number(value)}"
        axes.plot([curve.kept or 0], [value], label=label, **_STAR, color=colour)


def _legend(curves: Sequence[Curve]) -> list[Line2D]:
    """Tell which colour is whose, and what lines and marks stand for."""
    leading = {curve.group: curve for curve in reversed(curves) if curve.group is not None}
    handles = []
    for _, curve in sorted(leading.items()):
        name = curve.called or curve.name
        alike = [each for each in curves if (each.called or each.name) == name]
        statuses = {each.status for each in alike}
        ending = "" if len(alike) > 1 or statuses == {"done"} else f" ({style.named(curve.status)})"
        label = style.named(name, most=style.MAX_NAME * 2) + ending
        handles.append(Line2D([], [], label=label, **_look(curve, curves, "val")))
    others = sum(curve.group is None for curve in curves)
    if others:
        grey: dict[str, Any] = {"color": "#BBBBBB", "linewidth": 0.7}
        handles.append(Line2D([], [], label=f"{others} others", **grey))
    if any(curve.kept is not None for curve in leading.values()):
        handles.append(Line2D([], [], **_STAR, color=style.FAINT, label="kept epoch"))
    if any(curve.status == "diverged" and curve.rows for curve in curves):
        cross: dict[str, Any] = {"marker": "x", "linestyle": "", "color": style.FAINT}
        handles.append(Line2D([], [], **cross, markersize=8, label="diverged"))
    return handles
