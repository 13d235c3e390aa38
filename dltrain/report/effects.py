"""What the settings of compared runs do to the metric, in small plots and parallel axes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dltrain.report.blocks import MAX_COLOURS, Block
from dltrain.runs.compare.axes import CATEGORY, LOG, Axis, axis_of, metric_axis
from dltrain.runs.compare.comparison import Comparison, setting_text
from dltrain.runs.compare.effects import drawable, keys_by_importance, means, texts_of
from dltrain.runs.compare.repeats import REPEATS, is_repeated
from dltrain.runs.compare.results import Result

MAX_AXES = 12
FEW = 8  # values of a metric that have a tick each
# Lines across parallel axes; a browser is slow with more.
MAX_LINES = 2000


def effects(comparison: Comparison) -> Iterator[Block]:
    """Yield the metric against each key, those that share all other keys joined by a line."""
    results = drawable(comparison.results)
    valued = [result for result in results if result.value is not None]
    if not comparison.metric or len(valued) < 2:
        return
    keys = keys_by_importance(results, comparison.metric)
    for key in keys[:MAX_AXES]:
        if len(set(texts_of(valued, key))) < 2:
            continue
        axis = axis_of(key, texts_of(results, key))
        others = [other for other in keys if other != key]
        lines: dict[str, list[Result]] = {}
        for result in valued:
            lines.setdefault(setting_text(result.setting, others), []).append(result)
        joined = len(lines) <= MAX_COLOURS
        lines = lines if joined else {"all runs": valued}
        by = metric_axis(comparison.metric, [result.value or 0.0 for result in valued])
        yield {
            "kind": "effect",
            "key": key,
            "metric": comparison.metric,
            "axis": _axis(axis),
            "metric_axis": by,
            "lines": [
                {
                    "name": name,
                    "x": [_x(axis, text) for text in texts_of(line, key)],
                    "y": [result.value for result in line],
                    "called": [comparison.names[result.index] for result in line],
                    "means": _means(axis, line, by_log=by == LOG) if joined else [],
                }
                for name, line in lines.items()
            ],
            "repeated": is_repeated(valued) and key not in REPEATS,
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


def _means(axis: Axis, results: list[Result], *, by_log: bool) -> list[Block]:
    texts = dict(zip(axis.positions.values(), axis.texts, strict=True))
    return [
        {**vars(mean), "x": texts[mean.position] if axis.kind == CATEGORY else mean.position}
        for mean in means(axis, results, by_log=by_log)
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
