"""Axes of plots: how the values of a setting or a metric are laid out, for every picture."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from dltrain.metrics import higher_is_better
from dltrain.runs.compare.repeats import REPEATS
from dltrain.runs.metrics_file import as_number

# So many ticks fit beside an axis; more numbers are looked at in so many groups of neighbours.
TICKS, GROUPS = 12, 10
# Positive settings are a matter of factors, not of differences, if they span as much; three or more
# do so earlier. Metrics always have some spread, and need more.
FACTOR, FACTOR_OF_SEVERAL, METRIC_FACTOR = 8.0, 4.0, 100.0
# Values are left out that would make the axis so many times as long as the better three quarters
# are, and those are shown that lie within as many lengths of them.
FLATTENS, WITHIN = 10.0, 2.0
# Beyond this an axis has no room for its margins.
LARGEST = 1e100
CATEGORY, LINEAR, LOG = "category", "linear", "log"


@dataclass(frozen=True)
class Axis:
    """The axis of one setting."""

    key: str  # as in ``optimizer.lr``
    kind: str  # ``linear`` or ``log`` for numbers; ``category`` puts values at even distances
    positions: Mapping[str, float]  # where each value lies, as typed -> position, in order

    @property
    def texts(self) -> list[str]:
        """Values as typed, in order."""
        return list(self.positions)

    @property
    def is_grouped(self) -> bool:
        """Whether it has more numbers than can be looked at one by one."""
        return self.kind != CATEGORY and len(self.positions) > TICKS

    @property
    def ticks(self) -> list[str]:
        """Values that have a tick; none where neighbours are grouped."""
        positions = list(self.positions.values())
        if self.kind == LOG:
            positions = [math.log(x) for x in positions]
        return [] if self.is_grouped else [self.texts[i] for i in apart(positions, most=TICKS)]

    def groups(self) -> Mapping[str, float]:
        """Return the position of each value; neighbours of many numbers share their mean."""
        if not self.is_grouped:
            return self.positions
        texts, groups = self.texts, dict[str, float]()
        mean = statistics.geometric_mean if self.kind == LOG else statistics.fmean
        for part in range(GROUPS):
            start, end = (len(texts) * number // GROUPS for number in (part, part + 1))
            neighbours = texts[start:end]
            middle = mean([self.positions[text] for text in neighbours])
            groups |= dict.fromkeys(neighbours, middle)
        return groups


def axis_of(key: str, texts: Sequence[str]) -> Axis:
    """Lay out the values of a setting: numbers by size, or by their logarithm if they span decades.

    Seeds are never on a logarithmic axis: one is not more than another.

    Example:
        >>> axis_of("optimizer.lr", ["0.1", "0.001", "0.01"]).kind
        'log'
    """
    distinct = list(dict.fromkeys(texts))
    read = ((text, as_number(text)) for text in distinct)
    numbers = {text: number for text, number in read if can_be_drawn(number)}
    order = sorted(numbers, key=lambda text: numbers[text])
    values = [numbers[text] for text in order]
    factor = FACTOR if len(values) < 3 else FACTOR_OF_SEVERAL
    is_log = key not in REPEATS and _is_multiplicative(values, factor)
    # Zero beside decades has a position on neither scale.
    positive = [x for x in values if x > 0] if key not in REPEATS and not is_log else []
    mixed = _is_multiplicative(positive, FACTOR)
    if len(numbers) < len(distinct) or mixed or len(distinct) == 1:
        order += [text for text in distinct if text not in numbers]
        return Axis(key, CATEGORY, {text: float(rank) for rank, text in enumerate(order)})
    return Axis(key, LOG if is_log else LINEAR, {text: numbers[text] for text in order})


def apart(positions: Sequence[float], *, most: int) -> list[int]:
    """Choose those of ascending positions whose names do not overlap, the first among them."""
    distance = (positions[-1] - positions[0]) / most * (1 - 1e-9)
    chosen = [0]
    for index, position in enumerate(positions[1:], start=1):
        if position - positions[chosen[-1]] >= distance:
            chosen.append(index)
    return chosen


def metric_axis(metric: str, values: Sequence[float]) -> str:
    """Choose ``linear`` or ``log`` for values of a metric: losses may span decades.

    One of which more is better has an upper end, and stays linear.
    """
    if higher_is_better(metric) or not values or min(values) <= 0:
        return LINEAR
    return LOG if max(values) >= METRIC_FACTOR * min(values) else LINEAR


def unclipped(metric: str, values: Sequence[float]) -> tuple[float, float] | None:
    """Return the ends of an axis that leaves out what would flatten the rest; None: it has all.

    Only the worse side is cut, so the best is always there.

    Example:
        >>> unclipped("val/loss", [0.5, 0.6, 0.7, 0.8, 0.9, 30.0])
        (0.48, 0.92)
        >>> unclipped("val/loss", [0.5, 0.6, 0.7, 1.4])
    """
    if len(values) < 4:
        return None
    is_log = metric_axis(metric, values) == LOG
    sign = -1 if higher_is_better(metric) else 1
    costs = sorted(sign * (math.log(value) if is_log else value) for value in values)
    length = costs[(3 * len(costs) - 1) // 4] - costs[0]
    limit = costs[0] + (1 + WITHIN) * length
    if length <= 0 or costs[-1] - costs[0] <= FLATTENS * length:
        return None
    worst = max(cost for cost in costs if cost <= limit)
    margin = 0.05 * (worst - costs[0])
    ends = sorted((sign * (costs[0] - margin), sign * (worst + margin)))
    low, high = map(math.exp, ends) if is_log else ends
    return low, high


def can_be_drawn(value: float | None) -> TypeGuard[float]:
    """Whether an axis can hold a number, with its margins."""
    return value is not None and math.isfinite(value) and abs(value) < LARGEST


def _is_multiplicative(numbers: Sequence[float], factor: float) -> bool:
    """Whether ascending numbers are spread much more evenly by their logarithm than as they are."""
    if len(numbers) < 2 or numbers[0] <= 0 or numbers[-1] < factor * numbers[0]:
        return False
    return _unevenness([math.log(x) for x in numbers]) <= 0.8 * _unevenness(numbers) + 1e-9


def _unevenness(numbers: Sequence[float]) -> float:
    gaps = [b - a for a, b in itertools.pairwise(numbers)]
    return statistics.pstdev(gaps) / statistics.fmean(gaps)
