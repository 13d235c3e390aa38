"""What the keys of compared runs do to the metric, and how the runs got there. No torch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dltrain.report.blocks import Block, paragraph
from dltrain.report.curves import MAX_COLOURS, curves, thinned
from dltrain.runs.compare.comparison import (
    Comparison,
    axis_of,
    full_name,
    metric_axis,
    read_value,
    setting_text,
)
from dltrain.runs.compare.results import by_setting, is_repeated

MAX_AXES = 12
# Lines across parallel axes; a browser is slow with more.
MAX_LINES = 2000


def effects(comparison: Comparison) -> Iterator[Block]:
    """Yield the metric against each key, those that share all other keys joined by a line."""
    found = [result for result in comparison.results if result.value is not None]
    keys = [key for key in comparison.keys if key != "seed"] or list(comparison.keys)
    if not comparison.metric or len(found) < 2:
        return
    for key in keys[:MAX_AXES]:
        values = [result.setting.get(key, "-") for result in found]
        if len(set(values)) < 2:
            continue
        rest = [other for other in keys if other != key]
        lines = [setting_text(result.setting, rest) for result in found]
        names = list(dict.fromkeys(lines))
        joined = len(names) <= MAX_COLOURS
        yield {
            "kind": "effect",
            "key": key,
            "metric": comparison.name,
            "axis": axis_of(key, values),
            "metric_axis": metric_axis([result.value or 0.0 for result in found]),
            "lines": names if joined else ["all runs"],
            "points": [
                [read_value(x), result.value, names.index(line) if joined else 0, result.index]
                for x, result, line in zip(values, found, lines, strict=True)
            ],
            "joined": joined,
            "repeated": is_repeated(found) and key != "seed",
            "called": [comparison.names[result.index] for result in found],
        }


def parallel(comparison: Comparison) -> Block | None:
    """Draw each run as a line across an axis for each key, and the metric's."""
    ranking = [result for result in comparison.ranking if result.value is not None][:MAX_LINES]
    keys = [key for key in comparison.keys if key != "seed"][: MAX_AXES - 2]
    if not comparison.metric or len(ranking) < 3 or not keys:
        return None
    tests = [f"last/test/{comparison.metric.rpartition('/')[2]}"]
    tests = [name for name in tests if all(name in result.metrics for result in ranking)]
    columns: dict[str, list[Any]] = {
        key: [read_value(result.setting.get(key, "-")) for result in ranking] for key in keys
    }
    axes = [
        {"name": key, "axis": axis_of(key, [result.setting.get(key, "-") for result in ranking])}
        for key in keys
    ]
    judged = comparison.name
    for name in [*(n for n in tests if n != judged), judged]:
        own = name == judged
        columns[name] = [r.value if own else r.metrics[name] for r in ranking]
        axes.append({"name": name, "axis": metric_axis(columns[name])})
    if len(axes) < 3:
        return None
    return {
        "kind": "parallel",
        "axes": axes,
        "rows": [list(cells) for cells in zip(*columns.values(), strict=True)],
        "ids": [result.index for result in ranking],
        "called": [comparison.names[result.index] for result in ranking],
    }


def learning_curves(comparison: Comparison) -> list[Block]:
    """Draw the learning curves of the best, and of some of the rest."""
    ranking = comparison.ranking
    chosen = [ranking[place] for place in thinned(len(ranking))]
    of_settings = is_repeated(comparison.results) and bool(set(comparison.keys) - {"seed"})
    keys = [key for key in comparison.keys if key != "seed"] if of_settings else comparison.keys
    if of_settings and comparison.metric:
        order = [
            setting_text(g.setting, keys) for g in by_setting(comparison.results, comparison.metric)
        ]
    else:
        order = [full_name(comparison, result, keys) for result in ranking]
    coloured = {name: place for place, name in enumerate(order[:MAX_COLOURS])}
    called = [
        setting_text(result.setting, keys) if of_settings else full_name(comparison, result, keys)
        for result in chosen
    ]
    block = curves(
        [comparison.runs[result.index] for result in chosen],
        names=[comparison.names[result.index] for result in chosen],
        groups=[coloured.get(name) for name in called],
    )
    if block is None:
        return []
    block["groups"] = list(coloured)
    what = "settings" if of_settings else "runs"
    notes = []
    if len(order) > MAX_COLOURS:
        notes.append(f"The best {MAX_COLOURS} {what} are coloured; the others are grey.")
    if len(chosen) < len(ranking):
        notes.append(
            f"Drawn are {len(chosen)} of {len(ranking):,} runs: the best, and of the others some "
            "evenly spaced by rank."
        )
    return [*([paragraph(" ".join(notes))] if notes else []), block]
