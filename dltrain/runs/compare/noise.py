"""What noise allows to say of settings: which are worse than the best, and which as good.

Compared are means over repeats (seeds, splits, folds). They vary for two reasons, and both count:

* Trainings differ. What a repeat does to all settings alike is taken out, as equal seeds and splits
  are paired. What is left is a variance for each setting; those are drawn towards what is usual
  among the settings, the more so the more alike they are (moderated variances, Smyth 2004, Stat.
  Appl. Genet. Mol. Biol. 3, 3), for two or three repeats alone tell little of a variance.
* Validation rows are few. Settings are judged by the same rows, so it is the row by row difference
  that counts. Where repeats are of different splits, rows and trainings vary together, and the
  variance of the mean is that of Nadeau and Bengio (2003, Mach. Learn. 52, 239), whose splits share
  training rows.

The best is one of many, and partly best by luck: each distance from it has an interval that holds
for all pairs of settings at once with 95 % confidence (Tukey's studentized range).

Letters: K settings, J repeats, N rows.
"""

from __future__ import annotations

import functools
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

CONFIDENCE = 0.95
# A setting is unstable only if its deviation is so many times that of the better ones.
UNSTABLE_TIMES = 3
# Settings of which fewer vary say nothing of what is usual among them.
FEW = 4
DRAWS, NUMBERS = 40_000, 4_000_000  # for the range of K means, and at most so many numbers

BEST_MEAN = "best mean"  # what the setting is that the others are compared with
ROUNDING = 1e-12  # equal values whose mean is rounded do not differ

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Samples:
    """What is known of the settings, the larger the better."""

    values: Floats  # [K, J]; nan where a repeat has no value
    # of each setting, by repeat, the contributions of the rows to its value, whose mean it is, [N];
    # empty where they are not known, or repeats are of different rows
    rows: Sequence[Mapping[int, npt.NDArray[np.floating]]] = ()
    # validation rows over training rows, if repeats are of different splits of the same rows
    split_ratio: float = 0.0


@dataclass(frozen=True)
class Verdict:
    """What can be said of a setting beside the best one."""

    # ``best mean``, ``worse``, ``as good``, ``unstable`` or ``cannot tell``; ``best`` where all
    # others are worse
    word: str
    distance: float = 0.0  # how much worse its mean is
    half_width: float = math.nan  # of the interval around that
    # how many it would take at least to tell, were the distance the true one; None if no number
    # would, or of rows if repeats can do it
    repeats: int | None = None
    rows: int | None = None


def verdicts(samples: Samples, *, margin: float) -> list[Verdict]:
    """Judge each setting.

    ``worse``: the interval of its distance from the best lies above 0. ``unstable``: not that, and
    its values spread far wider than those of the better settings. ``as good``: the interval lies
    below the margin, and not all its values are worse than all of the best. Else nobody can tell.

    Args:
        samples: Of at least one setting, each with a value.
        margin: How much worse still counts as good.
    """
    values = samples.values
    means = np.nanmean(values, axis=1)
    best = int(means.argmax())
    variances, freedom = _variances(values)
    critical = _critical(len(values), freedom) if freedom else math.nan
    unstable = _unstable(values, means)
    judged = []
    for k in range(len(values)):
        if k == best:
            judged.append(Verdict(BEST_MEAN))
            continue
        by_training = _mean_variance(samples, k, variances) + _mean_variance(
            samples, best, variances
        )
        by_rows, known = _rows_variance(samples, k, best)
        total = by_training + by_rows
        distance, half = float(means[best] - means[k]), critical * math.sqrt(total)
        if math.isnan(half) or (total == 0 and not known):
            word = "unstable" if unstable[k] else "cannot tell"  # of one repeat, or of equal ones
            judged.append(Verdict(word, distance))
            continue
        apart = np.nanmax(values[k]) < np.nanmin(values[best])
        if distance > half:
            word = "worse"
        elif unstable[k]:
            word = "unstable"
        else:
            word = "as good" if distance + half <= margin and not apart else "cannot tell"
        allowed = (max(distance, margin - distance) / critical) ** 2  # variance that would tell
        repeats = _needed(float(variances[k] + variances[best]), allowed - by_rows, samples)
        count = _num_rows(samples)
        rows = None
        if repeats is None and allowed > by_training:
            rows = max(math.ceil(count * by_rows / (allowed - by_training)), count + 1)
        judged.append(Verdict(word, distance, half, repeats, rows if by_rows else None))
    return judged


def _needed(variance: float, allowed: float, samples: Samples) -> int | None:
    """Return how many repeats bring the variance of a distance down; None if no number does.

    As many as there are did not: what is estimated as fewer is one more than that.

    Rows that are too few, and splits that share training rows, leave some however many there are.
    """
    left = allowed / variance - samples.split_ratio if variance > 0 else math.inf
    done = samples.values.shape[1]
    return max(math.ceil(1 / left), done + 1) if 0 < left < math.inf else None


def _num_rows(samples: Samples) -> int:
    return max((len(each) for rows in samples.rows for each in rows.values()), default=0)


def _variances(values: Floats) -> tuple[Floats, float]:
    """Return the variance of each setting's trainings, [K], and its degrees of freedom.

    What a repeat does to all settings is estimated by a mean in which those that vary less count
    for more. The freedom is 0 where some setting has one value only.
    """
    counts = np.isfinite(values).sum(axis=1)
    if counts.min() < 2:
        return np.full(len(values), np.nan), 0.0
    freedom = counts - 1.0
    centred = values - np.nanmean(values, axis=1, keepdims=True)
    centred[np.abs(centred) <= ROUNDING * np.nanmax(np.abs(values))] = 0.0
    raw, _ = _moderated(np.nansum(centred**2, axis=1) / freedom, freedom)
    weights = 1 / raw if (raw > 0).all() else np.ones(len(values))
    present = np.where(np.isfinite(values), weights[:, None], 0.0)
    shared = np.nansum(present * centred, axis=0) / np.maximum(present.sum(axis=0), 1e-300)
    rest = np.nansum((centred - shared) ** 2, axis=1)
    # A setting's own part of that mean is taken out of it, too.
    left = np.maximum(1 - weights / weights.sum(), 0.5)
    moderated, more = _moderated(rest / freedom / left, freedom)
    return moderated, float(min(freedom.min() + more, freedom.sum()))


def _moderated(variances: Floats, freedom: Floats) -> tuple[Floats, float]:
    """Draw variances [K] towards their usual size; also return the degrees of freedom gained.

    Both follow from how much more the logarithms of the variances scatter than they would by
    chance.
    """
    from scipy.special import digamma, polygamma

    usual = np.median(variances)
    if len(variances) < FEW or usual == 0:
        return variances, 0.0
    logs = np.log(np.maximum(variances, 1e-3 * usual))
    logs += np.log(freedom / 2) - digamma(freedom / 2)
    excess = float(logs.var(ddof=1) - polygamma(1, freedom / 2).mean())
    most = float(freedom.sum() - freedom.max())
    gained, scale = most, float(variances.mean())
    if excess > 0:
        half = _inverse_trigamma(excess)
        if 2 * half < most:
            gained = 2 * half
            scale = math.exp(float(logs.mean() + digamma(half)) - math.log(half))
    return (gained * scale + freedom * variances) / (gained + freedom), gained


def _inverse_trigamma(value: float) -> float:
    """Solve trigamma(x) = value by Newton's method, as Smyth does."""
    from scipy.special import polygamma

    x = 0.5 + 1 / value
    for _ in range(50):
        trigamma = float(polygamma(1, x))
        step = trigamma * (1 - trigamma / value) / float(polygamma(2, x))
        x += step
        if -step / x < 1e-8:
            break
    return x


def _mean_variance(samples: Samples, setting: int, variances: Floats) -> float:
    """Return the variance of a setting's mean over its repeats."""
    count = int(np.isfinite(samples.values[setting]).sum())
    return variance_of_mean(float(variances[setting]), count=count, split_ratio=samples.split_ratio)


def variance_of_mean(variance: float, *, count: int, split_ratio: float) -> float:
    """Return the variance of a mean over repeats.

    Args:
        variance: Of a single one.
        count: How many there are.
        split_ratio: Validation rows over training rows where repeats are splits of the same rows,
            which share training rows (Nadeau and Bengio); else 0.
    """
    return variance * (1 / count + split_ratio)


def mean_interval(values: Sequence[float], *, split_ratio: float) -> tuple[float, float]:
    """Return the 95 % interval of a mean over repeats, by Student's t; nan for a single one."""
    from scipy.special import stdtrit

    if len(values) < 2:
        return math.nan, math.nan
    variance = variance_of_mean(
        statistics.variance(values), count=len(values), split_ratio=split_ratio
    )
    half = float(stdtrit(len(values) - 1, (1 + CONFIDENCE) / 2)) * math.sqrt(variance)
    mean = statistics.fmean(values)
    return mean - half, mean + half


def _rows_variance(samples: Samples, setting: int, best: int) -> tuple[float, bool]:
    """Return what the rows add to the variance of a distance, and whether that is known.

    Of the variance of the row by row difference of the two means, what each training adds to it is
    counted already. A row that differs in one repeat is added, as none among few does not mean none
    at all.
    """
    if not samples.rows:
        return 0.0, False
    ours, others = samples.rows[setting], samples.rows[best]
    pairs = [
        np.subtract(others[repeat], ours[repeat], dtype=np.float64)
        for repeat in ours.keys() & others.keys()
        if len(others[repeat]) == len(ours[repeat]) > 1
    ]
    if not pairs:
        return 0.0, False
    each = np.array(pairs)  # [J, N]
    repeats, count = each.shape
    mean = each.mean(axis=0)
    largest = float(np.abs(each).max()) or 1.0
    squares = float(np.square(mean - mean.mean()).sum()) + largest**2 / repeats
    own = 0.0
    if repeats > 1:
        rest = each - each.mean(axis=1, keepdims=True) - mean + mean.mean()
        own = float(np.square(rest).sum()) / ((repeats - 1) * (count - 1)) / (repeats * count)
    return max(squares / (count * (count - 1)) - own, 0.0), True


def _unstable(values: Floats, means: Floats) -> list[bool]:
    """Tell which settings spread far wider than the better half of the others: by an F-test."""
    from scipy.special import fdtri

    counts = np.isfinite(values).sum(axis=1)
    if counts.min() < 2 or len(values) < 2:
        return [False] * len(values)
    # Of accuracies on few rows all may be equal by chance: no spread is less than a step of them.
    steps = np.diff(np.unique(np.round(values[np.isfinite(values)], 12)))
    least = float(steps.min()) ** 2 / 2 if len(steps) else 0.0
    spreads = np.maximum(np.nanvar(values, axis=1, ddof=1), least)
    better = np.argsort(-means)[: max(2, (len(values) + 1) // 2)]
    level = 1 - (1 - CONFIDENCE) / (len(values) - 1)
    found = []
    for k, spread in enumerate(spreads):
        others = [other for other in better if other != k]
        freedom = float((counts[others] - 1).sum())
        limit = max(UNSTABLE_TIMES**2, float(fdtri(counts[k] - 1, freedom, level)))
        found.append(bool(spread > limit * spreads[others].mean()))
    return found


@functools.lru_cache(maxsize=64)
def _critical(count: int, freedom: float) -> float:
    """Return Tukey's studentized range over the root of 2, from fixed draws: within one in 100."""
    draws = max(DRAWS // 10, min(DRAWS, NUMBERS // count))
    generator = np.random.default_rng([count, 0x7E57])
    normal = generator.standard_normal((draws, count))
    scale = np.sqrt(generator.chisquare(freedom, draws) / freedom)
    ranges = (normal.max(axis=1) - normal.min(axis=1)) / scale
    return float(np.quantile(ranges, CONFIDENCE)) / math.sqrt(2)
