"""A comparison of runs: the data behind terminal, pictures and page."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from dltrain.config.plain import shown
from dltrain.runs.compare.fields import reached_by
from dltrain.runs.compare.listing import differs, rows, varying
from dltrain.runs.compare.repeats import is_repeated
from dltrain.runs.compare.results import (
    Result,
    numbered_members,
    ranking,
    result_of,
    results_of,
)
from dltrain.runs.compare.settings import (
    SettingResult,
    best_result,
    best_title,
    by_setting,
    noise_sentence,
)
from dltrain.runs.compare.split_mean import SplitMean, split_mean
from dltrain.runs.find import distinct, members
from dltrain.runs.metrics_file import as_number
from dltrain.runs.run import Run

# Keys that get a column; only a stranger's runs differ in as many.
MAX_KEYS = 40


@dataclass(frozen=True)
class Comparison:
    """Runs that are compared."""

    metric: str  # what says which is better; empty if they have none in common
    keys: Sequence[str]  # in what they differ
    results: Sequence[Result]  # how they came out
    planned: int  # how many there are to be
    # the same, by the numbers of the results; none if nobody asks for them
    runs: Mapping[int, Run] = field(default_factory=dict)
    names: Mapping[int, str] = field(default_factory=dict)  # what each is called, likewise
    margin: float | None = None  # how much worse than the best still counts as good; None: as usual

    @functools.cached_property
    def ranking(self) -> list[Result]:
        """All results, best first."""
        return ranking(self.results, self.metric)

    @property
    def best(self) -> Result | None:
        """The best result, if any has a value."""
        return best_result(self.results, self.metric) if self.metric else None

    @property
    def best_title(self) -> str:
        """What the best result is the best of."""
        return best_title(self.results)

    @functools.cached_property
    def settings(self) -> list[SettingResult]:
        """Settings with several repeats, best first; empty if nothing repeats."""
        repeated = self.metric and is_repeated(self.results)
        return by_setting(self.results, self.metric, margin=self.margin) if repeated else []

    def best_of(self, count: int) -> Comparison:
        """Keep so many settings, the best of them, or runs where nothing repeats."""
        kept = self.ranking[:count]
        if self.settings:
            kept = [result for each in self.settings[:count] for result in each.results]
        return replace(self, results=sorted(kept, key=lambda result: result.index))

    @property
    def split_mean(self) -> SplitMean | None:
        """What the best setting reaches on average, if members learned from several splits."""
        return split_mean(self.settings, self.metric)

    @property
    def noise(self) -> str:
        """A sentence on which settings are worse than the best, as good, or cannot be told."""
        begun = len(self.results) >= self.planned
        return noise_sentence(self.settings, self.metric, margin=self.margin, all_begun=begun)


def compare(runs: Sequence[Run], *, metric: str | None = None) -> Comparison:
    """Compare the members of a sweep, or several runs; of sweeps among these their members."""
    if len(runs) == 1 and runs[0].is_sweep:
        return of_sweep(runs[0], metric=metric)
    single = distinct(m for run in runs for m in (members(run) if run.is_sweep else [run]))
    return of_runs(single, metric=metric)


def of_sweep(sweep: Run, *, metric: str | None = None) -> Comparison:
    """Compare the members of a sweep that have begun, by its own metric if none is given."""
    runs, planned = numbered_members(sweep), sweep.part("members")
    metric = metric or str(sweep.part("metric") or "")
    return Comparison(
        metric=metric,
        keys=sweep.texts("varying")[:MAX_KEYS],
        results=results_of(sweep, runs, metric=metric),
        planned=planned if isinstance(planned, int) else len(runs),
        runs=runs,
        names={index: str(index) for index in runs},
        margin=as_number(sweep.part("margin")),
    )


def of_runs(runs: Sequence[Run], *, metric: str | None = None) -> Comparison:
    """Compare any runs, by the metric that chose in all of them if none is given."""
    listed = rows(runs, numbered=False)
    chosen = {best[0] for run in runs if (best := reached_by(run)) is not None}
    metric = metric or (chosen.pop() if len(chosen) == 1 else "")
    keys = varying(listed)[:MAX_KEYS]
    for name in ("data", "model"):
        if differs(listed, name):
            keys = [name, *(key for key in keys if key != name)]
    results = []
    for number, row in enumerate(listed):
        values = {key: row.fields.get(key) for key in keys}
        setting = {key: "-" if v is None else shown(v) for key, v in values.items()}
        results.append(result_of(row.run, index=number, setting=setting, metric=metric))
    numbered = dict(enumerate(runs))
    return Comparison(
        metric=metric,
        keys=keys,
        results=results,
        runs=numbered,
        names={n: f"{run.short} {run.label}".strip() for n, run in numbered.items()},
        planned=len(runs),
    )


def setting_text(setting: Mapping[str, str], keys: Sequence[str]) -> str:
    """Write the values of a setting."""
    return ", ".join(f"{key}={setting.get(key, '-')}" for key in keys)


def full_name(comparison: Comparison, result: Result, keys: Sequence[str]) -> str:
    """Write a run's name and its setting."""
    setting, name = setting_text(result.setting, keys), comparison.names[result.index]
    return f"{name}: {setting}" if setting else name
