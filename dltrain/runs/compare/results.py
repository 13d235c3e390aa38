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

from dltrain.config.overrides import Overrides
from dltrain.metrics import higher_is_better
from dltrain.runs import metrics_file
from dltrain.runs.compare import field_names
from dltrain.runs.compare.field_names import Numbers, counted_name
from dltrain.runs.find import members
from dltrain.runs.run import Run

# How sure one has to be that a setting is worse than the best before it is called so.
CONFIDENCE = 0.95
# What chooses the best epoch of a run that does not say it yet: the first of these it has.
CHOOSING = ("val/accuracy", "val/loss", "train/accuracy", "train/loss")
# Of a run that has more, some are looked at.
EPOCHS = 5_000
# Of these members something may come yet.
UNFINISHED = ("running", "interrupted", "crashed", "missing")


@dataclass(frozen=True)
class Result:
    """How one member came out.

    Attributes:
        index: The member's number.
        setting: What tells it from the others: key -> text.
        words: What to type to train it alone.
        status: ``done``, ``diverged``, ``failed``, ``interrupted``, ``crashed``, ``running``, or
            ``missing`` if it has not begun.
        value: Of the number that sorts; None if there is none that may be ranked.
        so_far: The same, of a member of which more may come.
        epoch: Of either.
        metrics: Every number by name, as ``field_names`` has them.
        message: What there is to say.
        name: Which of its numbers sorts, as ``best/val/loss``.
    """

    index: int
    setting: Mapping[str, str]
    words: tuple[str, ...]
    status: str
    value: float | None = None
    so_far: float | None = None
    epoch: int = 0
    metrics: Numbers = field(default_factory=dict)
    message: str = ""
    name: str = ""


def numbers_of(run: Run) -> Numbers:
    """Return the numbers of a single run by name; of one that has not ended, those so far."""
    if isinstance(run.part("result", "final"), dict):
        return field_names.numbers_of(run.info["result"])
    try:
        rows = run.sample(EPOCHS) if "config" in run.info else []  # else it cannot be read
    except ValueError:  # `runs show` says what is wrong with it
        rows = []
    return _so_far(rows)


def _so_far(rows: Sequence[Mapping[str, str]]) -> Numbers:
    """Name the numbers of the epochs that have been recorded, as a record would."""
    if not rows:
        return {}
    metric = next((name for name in CHOOSING if name in rows[-1]), "")
    valued = [
        (value, row)
        for row in rows
        if (value := metrics_file.as_number(row.get(metric))) is not None
    ]
    best = {}
    if valued:
        choose = max if higher_is_better(metric) else min
        value, row = choose(valued, key=lambda pair: pair[0])
        epoch = metrics_file.as_number(row.get("epoch"))
        best = {"metric": metric, "value": value, "epoch": epoch}
    last = {name: metrics_file.as_number(cell) for name, cell in rows[-1].items()}
    return field_names.numbers_of({"best": best, "final": last})


def result_of(run: Run, *, index: int, setting: Mapping[str, str], metric: str) -> Result:
    """Read how a member came out from its record.

    Args:
        run: The member's run.
        index: Its number.
        setting: What tells it from the others.
        metric: What sorts.
    """
    numbers, status = numbers_of(run), run.status
    name = counted_name(metric, numbers)
    value = numbers.get(name)
    return Result(
        index=index,
        setting=setting,
        words=tuple(run.texts("overrides")),
        status=status,
        name=name,
        value=value if status == "done" else None,
        so_far=value if status in UNFINISHED else None,
        epoch=int(numbers.get(field_names.epoch_name(name), 0)),
        metrics=numbers,
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
        typed = Overrides.parse(run.texts("overrides")).texts
        setting = {key: typed.get(key, "-") for key in keys}
        index = int(run.folder.name)
        found.append(result_of(run, index=index, setting=setting, metric=name))
    return found


def ranked(results: Sequence[Result], metric: str) -> list[Result]:
    """Sort the members that have a value, best first; equal ones by number."""
    found = [result for result in results if result.value is not None]
    return sorted(found, key=lambda r: (_sign(metric) * (r.value or 0.0), r.index))


def leading(results: Sequence[Result], metric: str) -> list[Result]:
    """Sort the members of which more may come by where they stand, those without a value last."""

    def key(result: Result) -> tuple[bool, float, int]:
        return result.so_far is None, _sign(metric) * (result.so_far or 0.0), result.index

    return sorted((r for r in results if r.status in UNFINISHED), key=key)


def shown_name(results: Sequence[Result], metric: str) -> str:
    """Return what the number that sorts is called; without its epoch if they are of both kinds."""
    names = {r.name for r in results if r.value is not None or r.so_far is not None}
    return names.pop() if len(names) == 1 else metric


def _sign(metric: str) -> int:
    return -1 if higher_is_better(metric) else 1


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
    valued = [group for group in groups if group.results]
    valued.sort(key=lambda g: (g.lost > 0, _sign(metric) * g.mean))
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


def leader(results: Sequence[Result], metric: str) -> Result | None:
    """Return the best member; while none can be ranked, the one that leads so far."""
    first = next(iter(leading(results, metric)), None)
    so_far = first if first is not None and first.so_far is not None else None
    return best_result(results, metric) or so_far


def counts(results: Sequence[Result]) -> dict[str, int]:
    """Count the members of each status."""
    statuses = [result.status for result in results]
    return {status: statuses.count(status) for status in dict.fromkeys(statuses)}
