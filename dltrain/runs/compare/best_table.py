"""The table of what came out of a sweep: a row per setting, or per member where nothing repeats.

Its figures are whole for programs; for people those of a column have as many decimals as one
another, as many as the spread between repeats supports.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from dltrain.runs.compare.comparison import Comparison
from dltrain.runs.compare.digits import decimals, sd_decimals, written
from dltrain.runs.compare.field_names import EPOCH, Names, tests
from dltrain.runs.compare.listing import resolve
from dltrain.runs.compare.results import Result, ranked
from dltrain.runs.compare.settings import SettingResult, noise_word

MEMBER, MEAN, SD, COUNT, VERDICT = "member", "mean", "sd", "n", "verdict"


@dataclass(frozen=True)
class Column:
    """A column of the table."""

    name: str
    values: Sequence[float | int | str | None]  # whole; None where there is none
    texts: Sequence[str]  # the same for people
    sd_of: str = ""  # the column of means whose deviations these are
    is_key: bool = False  # whether it says which setting a row is of
    places: int | None = None  # how many decimals its figures have; None: as many as each needs

    @property
    def is_number(self) -> bool:
        """Whether it holds figures."""
        return not self.is_key and self.name != VERDICT


def best_table(comparison: Comparison, *, asked: str | None = None) -> list[Column]:
    """Return the columns of a sweep's settings, or members, best first.

    Args:
        comparison: Of a sweep in which some member has a value.
        asked: Names of columns between commas: keys, ``mean``, ``sd``, ``n``, ``verdict``, any
            metric (of settings its mean, ``sd METRIC`` its deviation); None: the usual ones.

    Raises:
        ValueError: If a column is asked for that there is not.
    """
    settings = comparison.settings
    table = _Settings(settings, comparison.metric) if settings else _Members(comparison)
    names = table.usual
    if asked is not None:
        known = Names.of([dict.fromkeys(table.known)])
        words = (word.strip() for word in asked.split(","))
        names = list(dict.fromkeys(resolve("--columns", word, known) for word in words))
    return [table.column(name) for name in names]


def chosen_by(metric: str) -> str:
    """Say what it means that test rows have chosen; nothing where they have not."""
    if not metric.startswith("test/"):
        return ""
    return "chosen by test rows: these figures are no estimate for new rows"


class _Settings:
    """A row per setting."""

    def __init__(self, settings: Sequence[SettingResult], metric: str) -> None:
        every = [result for each in settings for result in each.results]
        metrics = dict.fromkeys([metric, *(name for result in every for name in result.metrics)])
        self._settings, self._metric = settings, metric
        self._keys = list(settings[0].setting)
        self.known = [*self._keys, MEAN, SD, COUNT, VERDICT, *metrics]
        self.known += [f"{kind} {name}" for kind in (MEAN, SD) for name in metrics]
        others = [name for name in tests() if name in metrics and name != metric][:1]
        of_test = [f"{kind} {name}" for name in others for kind in (MEAN, SD)]
        verdict = [VERDICT] if len(settings) > 1 else []
        self.usual = [*self._keys, MEAN, SD, COUNT, *verdict, *of_test]

    def column(self, name: str) -> Column:
        """Return the column of a name."""
        settings = self._settings
        if name in self._keys:
            texts = [each.setting[name] for each in settings]
            return Column(name, texts, texts, is_key=True)
        if name == VERDICT:
            texts = [noise_word(each) for each in settings]
            return Column(name, texts, texts)
        if name == COUNT:
            counts = [each.count for each in settings]
            return Column(name, [len(each.results) for each in settings], counts)
        kind, _, metric = name.partition(" ")
        kind, metric = (kind, metric or self._metric) if kind in (MEAN, SD) else (MEAN, name)
        rows = [[_value(r, metric, self._metric) for r in each.results] for each in settings]
        means, deviations = zip(*map(_mean_and_sd, rows), strict=True)
        places = sd_decimals(deviations, otherwise=means)
        mean = f"{MEAN} {metric}"
        if kind == MEAN:
            return _figures(mean, means, places)
        label = SD if metric == self._metric else f"{SD} {metric}"
        return _figures(label, deviations, places, sd_of=mean)


class _Members:
    """A row per member that has come to an end."""

    def __init__(self, comparison: Comparison) -> None:
        self._metric = comparison.metric
        self._ranking = ranked(comparison.results, comparison.metric)
        self._keys = list(self._ranking[0].setting)
        metrics = [comparison.metric, *(name for r in self._ranking for name in r.metrics)]
        self.known = list(dict.fromkeys([MEMBER, *self._keys, EPOCH, *metrics]))
        others = [name for name in tests() if name in self.known and name != comparison.metric]
        self.usual = [MEMBER, *self._keys, comparison.metric, EPOCH, *others]

    def column(self, name: str) -> Column:
        """Return the column of a name."""
        ranking = self._ranking
        if name in self._keys:
            texts = [result.setting[name] for result in ranking]
            return Column(name, texts, texts, is_key=True)
        if name in (MEMBER, EPOCH):
            counts = [result.index if name == MEMBER else result.epoch for result in ranking]
            return Column(name, counts, [str(count) for count in counts])
        values = [_value(result, name, self._metric) for result in ranking]
        return _figures(name, values, decimals(values))


def _figures(
    name: str, values: Sequence[float | None], places: int | None, *, sd_of: str = ""
) -> Column:
    texts = [written(value, places) for value in values]
    return Column(name, values, texts, sd_of=sd_of, places=places)


def _value(result: Result, name: str, metric: str) -> float | None:
    return result.value if name == metric else result.metrics.get(name)


def _mean_and_sd(values: Sequence[float | None]) -> tuple[float | None, float | None]:
    """Return both; None where some member has no value."""
    numbers = [value for value in values if value is not None]
    if len(numbers) < len(values):
        return None, None
    return statistics.fmean(numbers), statistics.stdev(numbers) if len(numbers) > 1 else None
