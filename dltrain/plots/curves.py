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
from dltrain.runs.compare.curves import Curve, curve_axis, curve_splits, headline_metrics

# So many runs have a colour each; of more the best have one, and the others are grey.
MANY, LEADING = len(style.COLOURS), 5
MARKED = 30
_STAR: dict[str, Any] = {
    **{"marker": "*", "markersize": 12, "linestyle": "", "zorder": 4},
    **{"markeredgecolor": "white", "markeredgewidth": 0.6},
}


def draw(curves: Sequence[Curve], *, title: str, note: str = "") -> Figure:
    """Draw them over one another: solid on training rows, dashed on validation rows."""
    metrics = headline_metrics(curves)
    wide = 4.4 * len(metrics) + 0.4 + (2.6 if len(curves) > 1 else 0)
    figure = style.figure(wide, 3.6)
    style.headline(figure, title, "; ".join(filter(None, [*_notes(curves), note])))
    for number, metric in enumerate(metrics, start=1):
        axes = figure.add_subplot(1, len(metrics), number)
        _draw_metric(axes, curves, metric)
        if len(curves) == 1 and axes.lines:
            axes.legend(loc="best")
    if len(curves) > 1:
        figure.legend(handles=_legend(curves), loc="outside right upper")
    return figure


def _notes(curves: Sequence[Curve]) -> list[str]:
    """Say which runs are in the picture only in grey, or not at all."""
    notes = []
    if len(curves) > MANY:
        notes.append(f"the best {LEADING} of {len(curves):,} in colour, on validation rows")
    empty = ["unreadable" if c.problem else c.status for c in curves if not c.rows]
    if empty:
        counts = ", ".join(
            f"{empty.count(status)} {style.named(status)}" for status in dict.fromkeys(empty)
        )
        notes.append(f"without a whole epoch: {counts}")
    return notes


def _draw_metric(axes: Axes, curves: Sequence[Curve], metric: str) -> None:
    epochs: set[float] = set()
    splits = curve_splits(curves, metric)
    splits = splits if len(curves) <= MANY else splits[-1:]
    for curve in sorted(curves, key=lambda each: -each.rank):  # the best lies on top
        for split in splits:
            name = f"{split}/{metric}"
            points = curve.points(name)
            if points:
                dashed = split == "val" and len(splits) > 1
                look = {"linestyle": "--" if dashed else "-", **_look(curve, curves, split)}
                _draw_line(axes, points, curve=curve, name=name, look=look)
                epochs |= {x for x, _ in points}
        _mark(axes, curve, curves, f"{splits[-1]}/{metric}")
    if curve_axis(curves, metric) == LOG:
        style.logarithmic(axes, which="y")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if len(epochs) == 1:
        [epoch] = epochs
        axes.set_xlim(epoch - 1, epoch + 1)
    axes.set_xlabel("epoch")
    axes.set_ylabel(metric)


def _look(curve: Curve, among: Sequence[Curve], split: str) -> dict[str, Any]:
    """Return colour and weight: of a single run by split, of several by run."""
    if len(among) == 1:
        return {"color": style.BLUE if split == "train" else style.VERMILLION}
    if not _is_leading(curve, among):
        return {"color": "#BBBBBB", "linewidth": 0.7, "zorder": 1.5}
    return {"color": style.COLOURS[curve.rank % MANY]}


def _is_leading(curve: Curve, among: Sequence[Curve]) -> bool:
    return len(among) <= MANY or curve.rank < LEADING


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
    if value is not None and _is_leading(curve, among):
        colour = _look(curve, among, name.partition("/")[0])["color"]
        label = f"kept epoch {curve.kept}: {style.number(value)}"
        axes.plot([curve.kept or 0], [value], label=label, **_STAR, color=colour)


def _legend(curves: Sequence[Curve]) -> list[Line2D]:
    """Tell which colour is whose, and what lines and marks stand for."""
    leading = sorted((c for c in curves if _is_leading(c, curves)), key=lambda curve: curve.rank)
    handles = []
    for curve in leading:
        ending = "" if curve.status == "done" else f" ({style.named(curve.status)})"
        label = style.named(curve.name, most=style.MAX_NAME * 2) + ending
        handles.append(Line2D([], [], label=label, **_look(curve, curves, "val")))
    if len(leading) < len(curves):
        grey: dict[str, Any] = {"color": "#BBBBBB", "linewidth": 0.7}
        handles.append(Line2D([], [], label=f"{len(curves) - len(leading)} others", **grey))
    elif any(name.startswith("val/") for c in curves for row in c.rows for name in row):
        handles.append(Line2D([], [], color=style.FAINT, label="train"))
        handles.append(Line2D([], [], color=style.FAINT, linestyle="--", label="val"))
    if any(curve.kept is not None for curve in leading):
        handles.append(Line2D([], [], **_STAR, color=style.FAINT, label="kept epoch"))
    if any(curve.status == "diverged" and curve.rows for curve in curves):
        cross: dict[str, Any] = {"marker": "x", "linestyle": "", "color": style.FAINT}
        handles.append(Line2D([], [], **cross, markersize=8, label="diverged"))
    return handles
