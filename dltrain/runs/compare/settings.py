"""Settings: results averaged over repeats, their ranking, and what is within noise."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dltrain.metrics import higher_is_better
from dltrain.runs.compare.results import LOST, Result, leading, ranked

# How sure one has to be that a setting is worse than the best before it is called so.
CONFIDENCE = 0.95
TEST = "Welch's t-test, two-sided, 5 %, not corrected for the number of settings"


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
    # whether chance may explain that it is worse than the best; None: unknown
    as_good: bool | None = None

    @property
    def count(self) -> str:
        """How many members have a value, of how many there are."""
        count = len(self.results)
        return str(count) if count == self.planned else f"{count} of {self.planned}"


def is_repeated(results: Sequence[Result]) -> bool:
    """Whether settings were run with several seeds."""
    return any("seed" in result.setting for result in results)


def by_setting(results: Sequence[Result], metric: str) -> list[SettingResult]:
    """Put repeats together, best mean first, and compare each setting with the best.

    Settings without any value are left out.
    """
    keys = [key for key in (results[0].setting if results else ()) if key != "seed"]
    settings = [each for each in grouped(results, metric, keys=keys) if each.results]
    return [replace(each, as_good=as_good(each, settings[0])) for each in settings]


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


def as_good(setting: SettingResult, best: SettingResult) -> bool | None:
    """Whether chance may explain the distance between two settings.

    By Welch's t-test of the means, two-sided; and not if all values of one are better than all of
    the other and that would be chance in 1 of 20 cases at most (the rank-sum test's extreme), which
    holds where one setting scatters so much that its mean says little.

    Args:
        setting: Any.
        best: The one with the best mean.

    Returns:
        True if equality cannot be ruled out at the 5 % level; None if one was run only once.
    """
    if setting is best:
        return True
    sizes = [len(setting.results), len(best.results)]
    if min(sizes) < 2:
        return None
    if setting.lost > best.lost or _separated(setting, best):
        return False
    # Variance of each mean; Welch and Satterthwaite's degrees of freedom.
    spreads = [s.deviation**2 / n for s, n in zip((setting, best), sizes, strict=True)]
    distance = abs(setting.mean - best.mean)
    if sum(spreads) == 0:
        return distance == 0
    freedom = sum(spreads) ** 2 / sum(s**2 / (n - 1) for s, n in zip(spreads, sizes, strict=True))
    from scipy.special import stdtrit

    return bool(distance <= stdtrit(freedom, (1 + CONFIDENCE) / 2) * math.sqrt(sum(spreads)))


def _separated(setting: SettingResult, best: SettingResult) -> bool:
    values, others = ([r.value or 0.0 for r in s.results] for s in (setting, best))
    apart = min(values) > max(others) or max(values) < min(others)
    chance = 2 / math.comb(len(values) + len(others), len(values))
    return apart and chance <= 1 - CONFIDENCE


def noise_word(setting: SettingResult, best: SettingResult) -> str:
    """Say in a word or two whether a setting is within noise of the best."""
    if setting is best:
        return "best"
    if setting.lost:
        return f"unstable, {setting.lost} lost"
    return {True: "yes", False: "no", None: "?"}[setting.as_good]


def noise_sentence(settings: Sequence[SettingResult], *, all_begun: bool = True) -> str:
    """Return a sentence naming the settings that cannot be told from the best.

    Args:
        settings: As ``by_setting`` returns them.
        all_begun: Whether no member is still to begin. Else how often a setting was planned to run
            is not known, and nobody is advised to run it more often.
    """
    if any(setting.as_good is None for setting in settings):
        if all_begun and any(setting.planned == 1 for setting in settings):
            return "settings run only once cannot be compared; sweep.repeat=5 runs each five times"
        return "a setting of which only one run is finished cannot be compared"
    if len(settings) == 1:
        return "no other setting to compare with"
    close = sum(setting.as_good is True for setting in settings) - 1
    if not close:
        return f"the best setting is better than each of the others ({TEST})"
    are = "setting is" if close == 1 else "settings are"
    return f"{close} other {are} within noise of the best ({TEST})"


def best_result(results: Sequence[Result], metric: str) -> Result | None:
    """Return the best member: what is starred and whose model is used.

    With several seeds it is the best of the best setting.
    """
    if is_repeated(results):
        settings = by_setting(results, metric)
        return settings[0].results[0] if settings else None
    return next(iter(ranked(results, metric)), None)


def best_title(results: Sequence[Result]) -> str:
    """Say what ``best_result`` returns, wherever it is named: it may not be the highest of all."""
    several = is_repeated(results) and len(results[0].setting) > 1
    return "best member of the best setting (by mean)" if several else "best member"


def leader(results: Sequence[Result], metric: str) -> Result | None:
    """Return the best member; while none can be ranked, the one that leads so far."""
    first = next(iter(leading(results, metric)), None)
    so_far = first if first is not None and first.so_far is not None else None
    return best_result(results, metric) or so_far
