"""Settings: results averaged over repeats, their ranking, and what noise allows to say of them.

Repeats are members that differ in nothing but seeds, splits of the rows, or folds: they are
averaged and never ranked.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dltrain.metrics import higher_is_better
from dltrain.runs.compare.field_names import Numbers
from dltrain.runs.compare.repeats import (
    REPEATS,
    SPLITS,
    is_repeated,
    is_split,
    repeat_of,
    setting_keys,
    split_ratio,
)
from dltrain.runs.compare.results import LOST, Result, leading, ranked
from dltrain.runs.row_values import row_values
from dltrain.text import figure

if TYPE_CHECKING:
    from dltrain.runs.compare.noise import Samples, Verdict

# How much worse than the best still counts as good, unless sweep.margin says so: of accuracies and
# the like, and as a share of losses and errors.
MARGIN, MARGIN_SHARE = 0.01, 0.02
MAX_ADVICE = 100  # of more runs than that the number is not worth saying


@dataclass(frozen=True)
class SettingResult:
    """The results of members with equal settings."""

    setting: Mapping[str, str]  # what they have in common: key -> text
    planned: int  # how many members it has
    results: Sequence[Result]  # of those that have a value, best first
    mean: float  # of the values; nan if there is none
    deviation: float  # their standard deviation (n - 1); nan for a single one
    lost: int = 0  # how many of its members diverged or failed
    diverged: int = 0  # how many diverged
    verdict: Verdict | None = None  # what can be said of it beside the best

    @property
    def count(self) -> str:
        """How many members have a value, of how many there are."""
        count = len(self.results)
        return str(count) if count == self.planned else f"{count} of {self.planned}"

    @property
    def word(self) -> str:
        """What can be said of it: ``best``, ``best mean``, ``worse`` ...; of one alone nothing."""
        return self.verdict.word if self.verdict is not None else ""


def by_setting(
    results: Sequence[Result], metric: str, *, margin: float | None = None
) -> list[SettingResult]:
    """Put repeats together, best mean first, and compare each setting with the best.

    Settings without any value are left out.
    """
    settings = _with_values(results, metric)
    if not settings:
        return []
    margin = usual_margin(metric, settings[0]) if margin is None else margin
    return _judged(settings, metric, margin=margin)


def _with_values(results: Sequence[Result], metric: str) -> list[SettingResult]:
    settings = grouped(results, metric, keys=setting_keys(results))
    return [each for each in settings if each.results]


def usual_margin(metric: str, best: SettingResult) -> float:
    """Return how much worse than the best still counts as good."""
    return MARGIN if higher_is_better(metric) else MARGIN_SHARE * abs(best.mean)


def grouped(results: Sequence[Result], metric: str, *, keys: Sequence[str]) -> list[SettingResult]:
    """Put members together that have the same values of some keys, best mean first.

    Those that lost members come last: the mean of those that survived flatters them.
    """
    groups: dict[str, list[Result]] = {}
    for result in results:
        setting = {key: result.setting.get(key, "-") for key in keys}
        groups.setdefault(json.dumps(setting), []).append(result)
    settings = [_summary(json.loads(text), group, metric) for text, group in groups.items()]
    sign = -1 if higher_is_better(metric) else 1
    return sorted(settings, key=lambda s: (not s.results, s.lost > 0, sign * s.mean))


def _summary(setting: Mapping[str, str], results: Sequence[Result], metric: str) -> SettingResult:
    best_first = ranked(results, metric)
    values = [result.value for result in best_first if result.value is not None]
    return SettingResult(
        setting=setting,
        planned=len(results),
        results=best_first,
        mean=statistics.fmean(values) if values else math.nan,
        deviation=statistics.stdev(values) if len(values) > 1 else math.nan,
        lost=sum(result.status in LOST for result in results),
        diverged=sum(result.status == "diverged" for result in results),
    )


def _judged(
    settings: Sequence[SettingResult], metric: str, *, margin: float
) -> list[SettingResult]:
    """Say of each setting what can be said: of those that lost members, that they are unstable."""
    from dltrain.runs.compare.noise import BEST_MEAN, Verdict, verdicts  # its SciPy takes a moment

    compared = [each for each in settings if not each.lost and len(each.results) > 1]
    if not compared or compared[0] is not settings[0]:  # of the best one nothing is known
        compared = []
    found = iter(verdicts(_samples(compared, metric), margin=margin) if compared else ())
    judged = []
    for each in settings:
        if each.lost and each is not settings[0]:
            verdict = Verdict("unstable")
        elif each.lost or len(each.results) < 2 or not compared:
            verdict = Verdict(BEST_MEAN if each is settings[0] else "cannot tell")
        else:
            verdict = next(found)
        judged.append(replace(each, verdict=verdict))
    # Being first is no news of a setting alone, and may be chance where others are not shown worse.
    others = {each.word for each in judged[1:]}
    if not others:
        return [replace(judged[0], verdict=None)]
    if others == {"worse"}:
        judged[0] = replace(judged[0], verdict=Verdict("best"))
    return judged


def _samples(settings: Sequence[SettingResult], metric: str) -> Samples:
    """Return the values of settings by repeat, and what rows contributed to them."""
    import numpy as np

    from dltrain.runs.compare.noise import Samples

    every = [result for each in settings for result in each.results]
    # Of one split the seeds are averaged: what varies most between repeats is the split.
    apart = SPLITS if is_split(every) else REPEATS
    columns = list(dict.fromkeys(repeat_of(result, apart) for result in every))
    sign = 1 if higher_is_better(metric) else -1
    values = np.full((len(settings), len(columns)), np.nan)
    for k, each in enumerate(settings):
        for j, column in enumerate(columns):
            same = [r.value or 0.0 for r in each.results if repeat_of(r, apart) == column]
            values[k, j] = sign * statistics.fmean(same) if same else math.nan
    if apart is SPLITS:
        return Samples(values, split_ratio=split_ratio(every))
    rows = [
        {
            columns.index(repeat_of(result, apart)): sign * known
            for result in each.results
            if result.run is not None and (known := row_values(result.run, metric)) is not None
        }
        for each in settings
    ]
    return Samples(values, rows if all(rows) else ())


def noise_word(setting: SettingResult) -> str:
    """Say in a word or two what can be said of a setting beside the others."""
    lost = f", {setting.lost} lost" if setting.lost and setting.word else ""
    return f"{setting.word}{lost}"


# What a verdict says, wherever it has to be explained.
MEANINGS = {
    "best": "best: the mean of every other setting is worse, by more than noise explains",
    "best mean": "best mean: the best of these means; that may be chance beside what is not worse",
    "worse": "worse: its mean is worse than the best one's, by more than noise explains",
    "as good": "as good: its mean is no further from the best one's than the margin, noise counted",
    "cannot tell": "cannot tell: too few runs or rows to say which of the two it is",
    "unstable": "unstable: its runs differ far more than better settings' do, or some were lost",
}


def meanings(settings: Sequence[SettingResult]) -> list[str]:
    """Explain the verdicts that occur, a line each."""
    words = {each.word for each in settings}
    return [text for word, text in MEANINGS.items() if word in words]


def is_good(setting: SettingResult) -> bool:
    """Whether a setting has the best mean, or is as good."""
    return setting.word in ("best", "best mean", "as good")


def noise_sentence(
    settings: Sequence[SettingResult], metric: str, *, margin: float | None, all_begun: bool
) -> str:
    """Say what the verdicts on settings amount to, and what would tell more.

    Args:
        settings: As ``by_setting`` returns them.
        metric: What they were judged by.
        margin: How much worse still counts as good; None: as usual.
        all_begun: Whether no member is still to begin. Else how often a setting was planned to run
            is not known, and nobody is advised to run it more often.
    """
    if len(settings) < 2:
        return "no other setting to compare with"
    if any(len(setting.results) == 1 and not setting.lost for setting in settings):
        if all_begun and any(setting.planned == 1 for setting in settings):
            return "settings run only once cannot be compared; sweep.repeat=5 runs each five times"
        return "a setting of which only one run is finished cannot be compared"
    margin = usual_margin(metric, settings[0]) if margin is None else margin
    counts = {word: _count(settings, word) for word in ("worse", "as good", "unstable")}
    said = {"as good": f"as good (within {figure(margin)})"}
    parts = [f"{count} {said.get(word, word)}" for word, count in counts.items() if count]
    unknown = _count(settings, "cannot tell")
    if unknown:
        parts.append(f"{unknown} cannot be told from it{_advice(settings) if all_begun else ''}")
    return f"beside the {settings[0].word}, {', '.join(parts)} (95 % for all at once)"


def _count(settings: Sequence[SettingResult], word: str) -> int:
    return sum(setting.word == word for setting in settings)


def _advice(settings: Sequence[SettingResult]) -> str:
    """Say how many runs or rows it would take at least to tell most of what cannot be told.

    At least, for what looks apart by chance is nearer in truth.
    """
    open_ones = [s.verdict for s in settings if s.verdict and s.verdict.word == "cannot tell"]
    rows = [each.rows for each in open_ones if each.rows is not None]
    repeats = [each.repeats for each in open_ones if each.repeats is not None]
    splits = is_split([result for each in settings for result in each.results])
    what, told = "splits" if splits else "runs", "; to tell most would take"
    if len(rows) > len(repeats):
        return f"{told} at least {statistics.median_low(rows):,} validation rows"
    if 2 * len(repeats) < len(open_ones):
        return f"{told} more rows, not more {what}"
    count = statistics.median_low(repeats)
    least = f"at least {count}" if count <= MAX_ADVICE else f"more than {MAX_ADVICE}"
    return f"{told} {least} {what} of each"


def best_setting(results: Sequence[Result], metric: str) -> SettingResult | None:
    """Return the setting with the best mean, if any has a value."""
    return next(iter(_with_values(results, metric)), None)


def best_result(results: Sequence[Result], metric: str) -> Result | None:
    """Return the best member: what is starred and whose model is used.

    With several seeds it is the best of the setting with the best mean; of different splits of the
    rows none is the best, but the luckiest.
    """
    if is_split(results):
        return None
    if is_repeated(results):
        best = best_setting(results, metric)
        return best.results[0] if best else None
    return next(iter(ranked(results, metric)), None)


def mean_numbers(setting: SettingResult) -> Numbers:
    """Average what all repeats of a setting have, by name."""
    every = [result.metrics for result in setting.results]
    return {
        n: statistics.fmean(each[n] for each in every)
        for n in every[0]
        if all(n in e for e in every)
    }


def best_title(results: Sequence[Result]) -> str:
    """Say what ``best_result`` returns, wherever it is named: it may not be the highest of all."""
    several = is_repeated(results) and setting_keys(results)
    return "best member of the setting with the best mean" if several else "best member"


def leader(results: Sequence[Result], metric: str) -> Result | None:
    """Return the best member; while none can be ranked, the one that leads so far."""
    if is_split(results):
        return None
    first = next(iter(leading(results, metric)), None)
    so_far = first if first is not None and first.so_far is not None else None
    return best_result(results, metric) or so_far
