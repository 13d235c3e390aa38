"""Effects of keys on the metric: which matter most, and the lines to draw for each.

Of two keys there is a line for each value of the other. Of more, each value of a key is shown at
the best of the others: a mean over all of them would be one over hopeless ones.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dltrain.metrics import higher_is_better, metric_of
from dltrain.runs.compare.axes import LOG, Axis, axis_of, can_be_drawn, metric_axis, unclipped
from dltrain.runs.compare.repeats import REPEATS, setting_keys
from dltrain.runs.compare.results import LOST, Result
from dltrain.runs.compare.settings import grouped

MAX_LINES = 8  # in one picture, as many as can be told apart by colour


@dataclass(frozen=True)
class Mean:
    """The mean of some members at one position of an axis."""

    position: float  # where
    value: float  # the mean
    low: float  # a standard deviation below it
    high: float  # a standard deviation above it
    count: int  # of how many members


@dataclass(frozen=True)
class Line:
    """The members that one line goes through."""

    name: str  # the value of the other key; empty if there is one line
    results: Sequence[Result]  # with a value that the picture shows
    means: Sequence[Mean]  # what is joined


@dataclass(frozen=True)
class Effect:
    """What a key does to the metric."""

    axis: Axis  # of the key
    metric_axis: str  # ``linear`` or ``log``
    lines: Sequence[Line]
    other: str | None  # the key whose values have a line each
    at_best: bool  # whether each value is shown at the best of the other keys

    @property
    def is_repeated(self) -> bool:
        """Whether its means are of several members."""
        return any(mean.count > 1 for line in self.lines for mean in line.means)


def effect_of(key: str, results: Sequence[Result], metric: str) -> Effect:
    """Decide how the metric is drawn against a key.

    Args:
        key: One of ``keys_by_importance``.
        results: Of all members, as ``drawable`` returns them.
        metric: What is drawn.
    """
    keys = keys_by_importance(results, metric)
    others = [other for other in keys if other != key]
    axis = axis_of(key, texts_of(results, key))
    kind = metric_axis(metric, [result.value for result in results if result.value is not None])
    hidden = off_scale(results, metric)
    shown = [r for r in results if r.value is not None and r.index not in hidden]
    few = len(others) == 1 and len(set(texts_of(results, others[0]))) <= MAX_LINES
    if not others or few:
        names = axis_of(others[0], texts_of(results, others[0])).texts if others else [""]
        lines = []
        for name in names:
            alike = [r for r in shown if not others or r.setting.get(others[0], "-") == name]
            lines.append(Line(name, alike, means(axis, alike, by_log=kind == LOG)))
        return Effect(axis, kind, lines, others[0] if others else None, at_best=False)
    line = Line("", shown, _best_means(axis, results, metric, by_log=kind == LOG))
    return Effect(axis, kind, [line], None, at_best=True)


def _best_means(axis: Axis, results: Sequence[Result], metric: str, *, by_log: bool) -> list[Mean]:
    """Return at each position the mean of the best setting there."""
    positions, keys = axis.groups(), setting_keys(results)
    there: dict[float, list[Result]] = {}
    for text, result in zip(texts_of(results, axis.key), results, strict=True):
        there.setdefault(positions[text], []).append(result)
    best = {x: grouped(each, metric, keys=keys)[0].results for x, each in there.items()}
    hidden = off_scale(results, metric)
    return [
        _mean(position, [result.value or 0.0 for result in best[position]], by_log=by_log)
        for position in sorted(best)
        if best[position] and best[position][0].index not in hidden
    ]


def off_scale(results: Sequence[Result], metric: str) -> set[int]:
    """Return the numbers of members that pictures leave out: they would flatten all the others."""
    valued = [(result.index, result.value) for result in results if result.value is not None]
    low, high = scale_ends([value for _, value in valued], metric)
    return {index for index, value in valued if not low <= value <= high}


def scale_ends(values: Sequence[float], metric: str) -> tuple[float, float]:
    """Return between what values pictures show a metric; infinite where nothing is left out."""
    floor = metric_of(metric).floor
    low, high = unclipped(metric, [v for v in values if v >= floor]) or (-math.inf, math.inf)
    return max(low, floor), high


def off_scale_note(results: Sequence[Result], metric: str) -> str:
    """Say how many members pictures leave out, and beyond what; nothing if none."""
    hidden = off_scale(results, metric)
    away = [r.value for r in results if r.value is not None and r.index in hidden]
    if not away:
        return ""
    side = "below" if higher_is_better(metric) else "above"
    nearest = max(away) if higher_is_better(metric) else min(away)
    return f"off the scale: {len(away)} of {len(results)}, at {nearest:.3g} and {side}"


def effects_note(effects: Sequence[Effect]) -> str:
    """Say what lines are, where they are no lines through all their points."""
    if any(effect.at_best for effect in effects):
        return "each value is shown at the best of the other keys"
    return ""


def means(axis: Axis, results: Sequence[Result], *, by_log: bool) -> list[Mean]:
    """Return the mean at each position of an axis, ascending; at every repeat that of all.

    It is the geometric one where the metric is on a logarithmic axis.
    """
    positions = axis.groups()
    everything = [result.value or 0.0 for result in results]
    values: dict[float, list[float]] = {}
    for text, value in zip(texts_of(results, axis.key), everything, strict=True):
        values.setdefault(positions[text], []).append(value)
    by_repeat = axis.key in REPEATS  # one is not more than another
    return [
        _mean(position, everything if by_repeat else values[position], by_log=by_log)
        for position in sorted(values)
    ]


def _mean(position: float, values: Sequence[float], *, by_log: bool) -> Mean:
    scaled = [math.log(value) for value in values] if by_log else list(values)
    mean = statistics.fmean(scaled)
    deviation = statistics.stdev(scaled) if len(scaled) > 1 else 0.0
    low, high = mean - deviation, mean + deviation
    if by_log:
        low, mean, high = math.exp(low), math.exp(mean), math.exp(high)
    return Mean(position, mean, low, high, len(values))


def texts_of(results: Sequence[Result], key: str) -> list[str]:
    """Return the value of a setting in each member, as typed."""
    return [result.setting.get(key, "-") for result in results]


def drawable(results: Sequence[Result]) -> list[Result]:
    """Leave out values that no axis can hold; a stranger's record may have any."""
    return [
        result if can_be_drawn(result.value) else replace(result, value=None) for result in results
    ]


def keys_by_importance(results: Sequence[Result], metric: str) -> list[str]:
    """Sort the settings by how much of the differences between members they explain.

    Of the variance of the members' ranks it is the share that lies between a setting's values;
    those that diverged or failed share the last rank. What repeats differ in is no setting unless
    nothing else varies, and of what has only one value so far there is nothing to say.
    """
    keys = list(results[0].setting) if results else []
    keys = [key for key in keys if key not in REPEATS] or keys
    keys = [key for key in keys if len(set(texts_of(results, key))) > 1]
    counted = [result for result in results if result.value is not None or result.status in LOST]
    worst = -math.inf if higher_is_better(metric) else math.inf
    values = [worst if result.value is None else result.value for result in counted]
    order = sorted(values, reverse=higher_is_better(metric))
    first = {value: float(rank) for rank, value in reversed(list(enumerate(order)))}
    ranks = [first[value] for value in values]

    def explained(key: str) -> float:
        texts = texts_of(counted, key)
        positions = axis_of(key, texts).groups()
        groups: dict[float, list[float]] = {}
        for text, rank in zip(texts, ranks, strict=True):
            groups.setdefault(positions[text], []).append(rank)
        whole = statistics.fmean(ranks)
        return sum(len(g) * (statistics.fmean(g) - whole) ** 2 for g in groups.values())

    return sorted(keys, key=explained, reverse=True) if counted else keys
