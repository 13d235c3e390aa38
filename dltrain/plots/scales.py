"""How the values of a key that a sweep varied lie along an axis, and how much the key matters."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from dltrain.metrics import higher_is_better
from dltrain.plots import style
from dltrain.runs.compare.curves import can_be_drawn
from dltrain.runs.compare.results import Result

# So many values have a tick each; more numbers are looked at in so many groups of neighbours.
TICKS, GROUPS = 12, 10
# Positive numbers are a matter of factors, not of differences, if they span as much.
FACTOR = 8.0
# Those that came to nothing; what else has no value has not come to its end.
LOST = ("diverged", "failed", "crashed")


@dataclass(frozen=True)
class Scale:
    """The values of one key.

    Attributes:
        key: As in ``optimizer.lr``.
        texts: Its values as they were typed, in order.
        numbers: They as numbers; empty if any is none, or if they lie at even distances.
        is_log: Whether numbers lie by their logarithm.
    """

    key: str
    texts: tuple[str, ...]
    numbers: tuple[float, ...] = ()
    is_log: bool = False
    places: dict[str, float] = field(default_factory=dict)

    @property
    def is_grouped(self) -> bool:
        """Whether it has more numbers than can be looked at one by one."""
        return bool(self.numbers) and len(self.texts) > TICKS

    def groups(self) -> dict[str, float]:
        """Return the place of each value; of many numbers neighbours share that of their middle."""
        if not self.is_grouped:
            return self.places
        found: dict[str, float] = {}
        for index in range(GROUPS):
            start, end = (len(self.texts) * part // GROUPS for part in (index, index + 1))
            own = self.numbers[start:end]
            middle = statistics.geometric_mean(own) if self.is_log else statistics.fmean(own)
            found |= dict.fromkeys(self.texts[start:end], middle)
        return found

    def apply(self, axes: Axes, *, which: str) -> None:
        """Give an axis the name, the scale and the ticks of this key.

        Args:
            axes: The panel.
            which: ``x`` or ``y``.
        """
        axis = axes.xaxis if which == "x" else axes.yaxis
        axis.set_label_text(style.named(self.key, most=40))
        if self.is_log:
            style.logarithmic(axes, which=which)
        if not self.is_grouped:
            self.tick(axes, [self.places[text] for text in self.texts], which=which)

    def tick(self, axes: Axes, places: Sequence[float], *, which: str, most: int = TICKS) -> None:
        """Put the values themselves on an axis, as many as can be read.

        Args:
            axes: The panel.
            places: Where each value lies, ascending.
            which: ``x`` or ``y``.
            most: So many fit, if they are short.
        """
        axis = axes.xaxis if which == "x" else axes.yaxis
        by_log = self.is_log and places[0] > 0
        ways = [math.log(x) for x in places] if by_log else list(places)
        shown = _apart(ways, (ways[-1] - ways[0]) / most)
        axis.set_major_locator(FixedLocator([places[i] for i in shown]))
        axis.set_minor_locator(NullLocator())
        texts = [style.named(self.texts[i], most=18) for i in shown]
        axis.set_ticklabels(texts)
        if which == "x" and sum(len(text) + 2 for text in texts) > 44:
            style.slanted(axes, degrees=35)


def _apart(places: Sequence[float], distance: float) -> list[int]:
    """Choose ascending places that lie at least so far from one another, the first among them."""
    shown = [0]
    for index, place in enumerate(places[1:], start=1):
        if place - places[shown[-1]] >= distance * (1 - 1e-9):
            shown.append(index)
    return shown


def scale_of(key: str, texts: Sequence[str]) -> Scale:
    """Lay out the values of a key: numbers by size, by their logarithm if they span decades.

    Args:
        key: Its name.
        texts: Values as typed, one per member, in any order.

    Example:
        >>> scale_of("optimizer.lr", ["0.1", "0.001", "0.01"]).is_log
        True
    """
    different = list(dict.fromkeys(texts))
    found = {text: _number(text) for text in different}
    known = {text: value for text, value in found.items() if value is not None}
    order = [*sorted(known, key=lambda text: known[text])]
    order += [text for text in different if text not in known]
    numbers = [known[text] for text in order if text in known]
    is_log = _by_factors(numbers)
    # Zero beside decades has a place on neither scale.
    mixed = not is_log and _by_factors([x for x in numbers if x > 0])
    if len(numbers) < len(order) or mixed or len(order) == 1:
        places = {text: float(place) for place, text in enumerate(order)}
        return Scale(key, tuple(order), places=places)
    places = dict(zip(order, numbers, strict=True))
    return Scale(key, tuple(order), tuple(numbers), is_log, places)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if can_be_drawn(value) else None


def _by_factors(numbers: Sequence[float]) -> bool:
    """Whether ascending numbers are spread much more evenly by their logarithm than as they are."""
    if len(numbers) < 2 or numbers[0] <= 0 or numbers[-1] < FACTOR * numbers[0]:
        return False
    return _unevenness([math.log(x) for x in numbers]) <= 0.8 * _unevenness(numbers) + 1e-9


def _unevenness(numbers: Sequence[float]) -> float:
    gaps = [b - a for a, b in itertools.pairwise(numbers)]
    return statistics.pstdev(gaps) / statistics.fmean(gaps)


def usable(results: Sequence[Result]) -> list[Result]:
    """Take away values that no axis can hold; a stranger's record may have any."""
    return [
        own if own.value is None or can_be_drawn(own.value) else replace(own, value=None)
        for own in results
    ]


def by_importance(results: Sequence[Result], metric: str) -> list[str]:
    """Sort the keys of a sweep by how much of the differences between its members they explain.

    Of the variance of the members' ranks it is the share that lies between a key's values; those
    that diverged or failed share the last rank. The seed is no key unless nothing else varies.
    """
    keys = list(results[0].setting) if results else []
    keys = [key for key in keys if key != "seed"] or keys
    counted = [own for own in results if own.value is not None or own.status in LOST]
    worst = -math.inf if higher_is_better(metric) else math.inf
    values = [worst if own.value is None else own.value for own in counted]
    order = sorted(values, reverse=higher_is_better(metric))
    first = {value: float(place) for place, value in reversed(list(enumerate(order)))}
    ranks = [first[value] for value in values]

    def explained(key: str) -> float:
        places = scale_of(key, [own.setting[key] for own in counted]).groups()
        groups: dict[float, list[float]] = {}
        for own, rank in zip(counted, ranks, strict=True):
            groups.setdefault(places[own.setting[key]], []).append(rank)
        whole = statistics.fmean(ranks)
        return sum(len(g) * (statistics.fmean(g) - whole) ** 2 for g in groups.values())

    return sorted(keys, key=explained, reverse=True) if counted else keys
