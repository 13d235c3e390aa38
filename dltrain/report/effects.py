"""What the settings of compared runs do to the metric, in small plots and parallel axes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dltrain.report.blocks import Block, paragraph
from dltrain.runs.compare.axes import CATEGORY, Axis, axis_of, metric_axis
from dltrain.runs.compare.comparison import Comparison
from dltrain.runs.compare.effects import (
    Mean,
    drawable,
    effect_of,
    effects_note,
    keys_by_importance,
    off_scale,
    off_scale_note,
    texts_of,
)
from dltrain.runs.compare.repeats import REPEATS
from dltrain.runs.compare.settings import best_result, best_title

MAX_AXES = 12
FEW = 8  # values of a metric that have a tick each
# Lines across parallel axes; a browser is slow with more.
MAX_LINES = 2000


def effects(comparison: Comparison) -> Iterator[Block]:
    """Yield the metric against each key, with the lines that ``runs/compare/effects.py`` chose."""
    results = drawable(comparison.results)
    valued = [result for result in results if result.value is not None]
    if not comparison.metric or len(valued) < 2:
        return
    keys = keys_by_importance(results, comparison.metric)[:MAX_AXES]
    keys = [key for key in keys if len(set(texts_of(valued, key))) > 1]
    drawn = [effect_of(key, results, comparison.metric) for key in keys]
    notes = [effects_note(drawn), off_scale_note(results, comparison.metric)]
    said = "; ".join(filter(None, notes))
    if drawn and said:
        yield paragraph(f"{said[0].upper()}{said[1:]}.")
    best, title = best_result(results, comparison.metric), best_title(results)
    for key, effect in zip(keys, drawn, strict=True):
        star = None
        if best is not None and best.index not in off_scale(results, comparison.metric):
            name = comparison.names[best.index]
            x = _x(effect.axis, best.setting[key])
            star = {"x": x, "y": best.value, "called": name, "title": title}
        yield {
            "kind": "effect",
            "key": key,
            "metric": comparison.metric,
            "axis": _axis(effect.axis),
            "metric_axis": effect.metric_axis,
            "star": star,
            "lines": [
                {
                    "name": f"{effect.other}={line.name}" if effect.other else "all runs",
                    "x": [_x(effect.axis, text) for text in texts_of(line.results, key)],
                    "y": [result.value for result in line.results],
                    "called": [comparison.names[result.index] for result in line.results],
                    "means": _means(effect.axis, line.means),
                }
                for line in effect.lines
            ],
            "repeated": effect.is_repeated and key not in REPEATS,
            "at_best": effect.at_best,
        }


def _axis(axis: Axis) -> Block:
    """Describe an axis: its categories, if it has any, and its ticks, if they are settled."""
    return {
        "name": axis.key,
        "kind": axis.kind,
        "categories": axis.texts if axis.kind == CATEGORY else [],
        "ticks": [_x(axis, text) for text in axis.ticks],
    }


def _x(axis: Axis, text: str) -> float | str:
    """Return what stands on an axis: a number, or the name of a category."""
    return text if axis.kind == CATEGORY else axis.positions[text]


def _means(axis: Axis, means: Sequence[Mean]) -> list[Block]:
    texts = dict(zip(axis.positions.values(), axis.texts, strict=True))
    return [
        {**vars(mean), "x": texts[mean.position] if axis.kind == CATEGORY else mean.position}
        for mean in means
    ]


def parallel(comparison: Comparison) -> Block | None:
    """Draw each run as a line across an axis for each key, and the metric's."""
    results = drawable(comparison.results)
    valued = {result.index for result in results if result.value is not None}
    ranking = [result for result in comparison.ranking if result.index in valued][:MAX_LINES]
    keys = [key for key in comparison.keys if key not in REPEATS][: MAX_AXES - 2]
    if not comparison.metric or len(ranking) < 3 or not keys:
        return None
    layout = {key: axis_of(key, texts_of(results, key)) for key in keys}
    axes = [_axis(axis) for axis in layout.values()]
    columns: list[list[Any]] = [
        [_x(layout[key], text) for text in texts_of(ranking, key)] for key in keys
    ]
    test = f"test/{comparison.metric.rpartition('/')[2]}"
    metrics = {comparison.metric: [result.value or 0.0 for result in ranking]}
    if test != comparison.metric and all(test in result.metrics for result in ranking):
        metrics = {test: [result.metrics[test] for result in ranking], **metrics}
    for name, values in metrics.items():
        ticks = sorted(set(values))
        kind = metric_axis(name, values)
        axes.append({"name": name, "kind": kind, "ticks": ticks if len(ticks) <= FEW else []})
        columns.append(values)
    if len(axes) < 3:
        return None
    return {
        "kind": "parallel",
        "axes": axes,
        "rows": [list(cells) for cells in zip(*columns, strict=True)],
        "ids": [result.index for result in ranking],
        "called": [comparison.names[result.index] for result in ranking],
    }
