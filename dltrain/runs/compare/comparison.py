"""Several runs beside one another: a table, settings, each key against the metric. No torch."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dltrain.config.plain import shown
from dltrain.runs.compare.field_names import plain_name
from dltrain.runs.compare.fields import best_of
from dltrain.runs.compare.listing import rows, varying
from dltrain.runs.compare.results import Result, ranked, result_of, results_of, shown_name
from dltrain.runs.find import members
from dltrain.runs.run import Run

# Keys that get a column; only a stranger's runs differ in as many.
MAX_KEYS = 40
# Numbers that span as much stand on an axis of powers of ten.
LOG_SPAN, METRIC_SPAN = 10 - 1e-9, 100


@dataclass(frozen=True)
class Comparison:
    """Runs that are compared.

    Attributes:
        metric: What says which is better; empty if they have none in common.
        keys: In what they differ.
        results: How they came out.
        runs: The same, by the numbers of the results.
        names: What each is called, likewise.
        planned: How many there are to be.
    """

    metric: str
    keys: Sequence[str]
    results: Sequence[Result]
    runs: Mapping[int, Run]
    names: Mapping[int, str]
    planned: int

    @property
    def name(self) -> str:
        """What the metric is called, with its epoch; ``metric`` itself says which is better."""
        return shown_name(self.results, self.metric)

    @property
    def ranking(self) -> list[Result]:
        """All of them, best first; those without a value come last."""
        own = ranked(self.results, self.metric)
        with_value = {result.index for result in own}
        return own + [result for result in self.results if result.index not in with_value]


def of_sweep(sweep: Run) -> Comparison:
    """Compare the members of a sweep that have begun."""
    results = results_of(sweep)
    known = {run.folder.name: run for run in members(sweep)}
    by_number = {int(name): run for name, run in known.items() if name.isascii() and name.isdigit()}
    planned = sweep.part("members")
    return Comparison(
        metric=str(sweep.part("metric") or ""),
        keys=sweep.texts("varying")[:MAX_KEYS],
        results=results,
        runs={result.index: by_number[result.index] for result in results},
        names={result.index: str(result.index) for result in results},
        planned=planned if isinstance(planned, int) else len(results),
    )


def of_runs(runs: Sequence[Run]) -> Comparison:
    """Compare runs, whatever they are."""
    listed = rows(runs, numbered=False)
    own = [best_of(run) for run in runs]
    chosen = {plain_name(found[0]) for found in own if found is not None}
    metric = chosen.pop() if len(chosen) == 1 else ""
    typed = varying(listed)[:MAX_KEYS]
    for name in ("data", "model"):
        if len({str(row.fields.get(name)) for row in listed}) > 1:
            typed = [name, *(key for key in typed if key != name)]
    results = []
    for number, row in enumerate(listed):
        values = {key: row.fields.get(key) for key in typed}
        setting = {key: "-" if v is None else shown(v) for key, v in values.items()}
        results.append(result_of(row.run, index=number, setting=setting, metric=metric))
    numbered = dict(enumerate(runs))
    return Comparison(
        metric=metric,
        keys=typed,
        results=results,
        runs=numbered,
        names={n: f"{run.short} {run.label}".strip() for n, run in numbered.items()},
        planned=len(runs),
    )


def kind_of(comparison: Comparison, key: str) -> str:
    """Say how a column of a key's values is written."""
    values = [read_value(result.setting.get(key, "-")) for result in comparison.results]
    return "text" if any(isinstance(value, str) for value in values) else "number"


def read_value(text: str) -> float | int | str:
    """Read a value of a key: a number, if it is one."""
    try:
        number = float(text)
    except ValueError:
        return text
    if not math.isfinite(number) or "_" in text:
        return text
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def axis_of(key: str, texts: Sequence[str]) -> str:
    """Choose an axis for values: of powers of ten, of numbers, or of names."""
    values = [value for value in map(read_value, texts) if not isinstance(value, str)]
    if len(values) < len(texts):
        return "category"
    own = sorted(set(values))
    if key == "seed" or own[0] <= 0:
        return "linear"
    doubling = len(own) > 2 and all(b >= 2 * a for a, b in itertools.pairwise(own))
    return "log" if doubling or own[-1] / own[0] >= LOG_SPAN else "linear"


def metric_axis(values: Sequence[float]) -> str:
    """Choose an axis for values of a metric: of powers of ten if they span a hundredfold."""
    return "log" if min(values) > 0 and max(values) / min(values) >= METRIC_SPAN else "linear"


def setting_text(setting: Mapping[str, str], keys: Sequence[str]) -> str:
    """Write what holds for a setting."""
    return ", ".join(f"{key}={setting.get(key, '-')}" for key in keys)


def full_name(comparison: Comparison, result: Result, keys: Sequence[str]) -> str:
    """Write what a run is called, and what holds for it."""
    told, name = setting_text(result.setting, keys), comparison.names[result.index]
    return f"{name}: {told}" if told else name
