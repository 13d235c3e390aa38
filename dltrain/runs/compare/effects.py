"""Effects of settings on the metric: which matter most, and means over repeats."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dltrain.metrics import higher_is_better
from dltrain.runs.compare.axes import Axis, axis_of, can_be_drawn
from dltrain.runs.compare.repeats import REPEATS
from dltrain.runs.compare.results import LOST, Result


@dataclass(frozen=True)
class Mean:
    """The mean of some members at one position of an axis."""

    position: float  # where
    value: float  # the mean
    low: float  # a standard deviation below it
    high: float  # a standard deviation above it
    count: int  # of how many members


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
