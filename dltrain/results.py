"""How runs came out beside one another: ranked, and what is within noise of the best. No torch.

Everything is read from run folders; neither the data nor a sweep's plan is needed.
"""

from __future__ import annotations

import json
import math
import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from dltrain.runs import Run, higher_is_better, members

# How sure one has to be that a setting is worse than the best before it is called so.
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Result:
    """How one member came out.

    Attributes:
        index: The member's number.
        setting: What tells it from the others: key -> text.
        words: What to type to train it alone.
        status: ``done``, ``diverged``, ``failed``, ``interrupted``, ``crashed``, ``running``, or
            ``missing`` if it has not begun.
        value: Of the metric that sorts: its best if it is the one that chose between epochs, else
            its last; None if there is none.
        epoch: Of that value, or the last.
        metrics: The last of each.
        best: Metric, value and epoch of the best epoch.
        message: What there is to say.
    """

    index: int
    setting: Mapping[str, str]
    words: tuple[str, ...]
    status: str
    value: float | None = None
    epoch: int = 0
    metrics: Mapping[str, float] = field(default_factory=dict)
    best: Mapping[str, object] = field(default_factory=dict)
    message: str = ""


def result_of(run: Run, *, index: int, setting: Mapping[str, str], metric: str) -> Result:
    """Read how a member came out from its record.

    Args:
        run: The member's run.
        index: Its number.
        setting: What tells it from the others.
        metric: What sorts.
    """
    metrics = {**_numbers(run, "final"), **_numbers(run, "test"), **_numbers(run, "findings")}
    best = run.part("result", "best")
    best = best if isinstance(best, dict) else {}
    value, epoch = metrics.get(metric), metrics.get("epoch")
    if best.get("metric") == metric:
        value, epoch = as_number(best.get("value")), as_number(best.get("epoch"))
    return Result(
        index=index,
        setting=setting,
        words=tuple(run.texts("overrides")),
        status=run.status,
        value=value if run.status == "done" else None,
        epoch=int(epoch or 0),
        metrics=metrics,
        best=best,
        message=str(run.part("result", "message") or ""),
    )


def results_of(sweep: Run, *, metric: str | None = None) -> list[Result]:
    """Read how the members of a sweep came out that have begun, in order of their numbers.

    Args:
        sweep: As its record tells it.
        metric: What sorts; None: what it was told to be sorted by.
    """
    keys, name = sweep.texts("varying"), metric or str(sweep.part("metric"))
    found = []
    for run in members(sweep):
        if not re.fullmatch(r"[0-9]{1,9}", run.folder.name):
            continue  # not one that a sweep has made
        typed = dict(word.partition("=")[::2] for word in run.texts("overrides"))
        setting = {key: typed.get(key, "-") for key in keys}
        index = int(run.folder.name)
        found.append(result_of(run, index=index, setting=setting, metric=name))
    return found


def ranked(results: Sequence[Result], metric: str) -> list[Result]:
    """Sort the members that have a value, best first; equal ones by number."""
    sign = -1 if higher_is_better(metric) else 1
    found = [result for result in results if result.value is not None]
    return sorted(found, key=lambda r: (sign * (r.value or 0.0), r.index))


@dataclass(frozen=True)
class SettingResult:
    """Members that differ in their seed only.

    Attributes:
        setting: What they have in common: key -> text.
        planned: How many members it has.
        results: Of those that have a value, best first.
        mean: Of the values.
        deviation: Their standard deviation (n - 1); nan for a single one.
        lost: How many of its members diverged or failed.
        as_good: Whether chance may explain that it is worse than the best; None: unknown.
    """

    setting: Mapping[str, str]
    planned: int
    results: Sequence[Result]
    mean: float
    deviation: float
    lost: int = 0
    as_good: bool | None = None


def by_setting(results: Sequence[Result], metric: str) -> list[SettingResult]:
    """Put repetitions together, best mean first, and compare each setting with the best.

    Settings that lost members come last: the mean of those that survived flatters them.
    """
    found: dict[str, list[Result]] = {}
    for result in results:
        setting = {key: text for key, text in result.setting.items() if key != "seed"}
        found.setdefault(json.dumps(setting), []).append(result)
    groups = [_setting_result(json.loads(text), own, metric) for text, own in found.items()]
    sign = -1 if higher_is_better(metric) else 1
    valued = sorted((g for g in groups if g.results), key=lambda g: (g.lost > 0, sign * g.mean))
    return [replace(group, as_good=as_good(group, valued[0])) for group in valued]


def _setting_result(
    setting: Mapping[str, str], results: Sequence[Result], metric: str
) -> SettingResult:
    valued = ranked(results, metric)
    values = [result.value for result in valued if result.value is not None]
    return SettingResult(
        setting=setting,
        planned=len(results),
        results=valued,
        mean=statistics.fmean(values) if values else math.nan,
        deviation=statistics.stdev(values) if len(values) > 1 else math.nan,
        lost=sum(result.status in ("diverged", "failed") for result in results),
    )


def as_good(group: SettingResult, best: SettingResult) -> bool | None:
    """Whether chance may explain the distance between two settings.

    By Welch's t-test of the means, two-sided; and not if all values of one are better than all of
    the other and that would be chance in 1 of 20 cases at most (the rank-sum test's extreme), which
    holds where one setting scatters so much that its mean says little.

    Args:
        group: A setting.
        best: The one with the best mean.

    Returns:
        True if equality cannot be ruled out at the 5 % level; None if one was run only once.
    """
    if group is best:
        return True
    sizes = [len(group.results), len(best.results)]
    if min(sizes) < 2:
        return None
    if group.lost > best.lost or _separated(group, best):
        return False
    # Variance of each mean; Welch and Satterthwaite's degrees of freedom.
    spreads = [g.deviation**2 / n for g, n in zip((group, best), sizes, strict=True)]
    distance = abs(group.mean - best.mean)
    if sum(spreads) == 0:
        return distance == 0
    freedom = sum(spreads) ** 2 / sum(s**2 / (n - 1) for s, n in zip(spreads, sizes, strict=True))
    from scipy.special import stdtrit

    return bool(distance <= stdtrit(freedom, (1 + CONFIDENCE) / 2) * math.sqrt(sum(spreads)))


def _separated(group: SettingResult, best: SettingResult) -> bool:
    own, others = ([r.value or 0.0 for r in g.results] for g in (group, best))
    apart = min(own) > max(others) or max(own) < min(others)
    return apart and 2 / math.comb(len(own) + len(others), len(own)) <= 1 - CONFIDENCE


def is_repeated(results: Sequence[Result]) -> bool:
    """Whether settings were run with several seeds."""
    return any("seed" in result.setting for result in results)


def best_result(results: Sequence[Result], metric: str) -> Result | None:
    """Return the best member; with several seeds, the best of the best setting."""
    if is_repeated(results):
        settings = by_setting(results, metric)
        return settings[0].results[0] if settings else None
    return next(iter(ranked(results, metric)), None)


def counts(results: Sequence[Result]) -> dict[str, int]:
    """Count the members of each status."""
    statuses = [result.status for result in results]
    return {status: statuses.count(status) for status in dict.fromkeys(statuses)}


def as_number(value: object) -> float | None:
    """Return what a record holds where a number should stand, if it is one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:  # a whole number that no float holds
        return None


def _numbers(run: Run, part: str) -> dict[str, float]:
    values = run.part("result", part)
    pairs = values.items() if isinstance(values, dict) else ()
    return {str(name): found for name, x in pairs if (found := as_number(x)) is not None}
