"""Verdicts on settings: their error rates by simulation, and cases people have seen."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from dltrain.runs.compare.noise import Samples, Verdict, _critical, _moderated, verdicts

SETTINGS = 20
Rows = npt.NDArray[np.float64]  # [K, J, N], 1 where a row is right


def table(
    generator: np.random.Generator,
    *,
    repeats: int,
    rows: int,
    settings: int = SETTINGS,
    seeds: float = 0.01,
    worse: float = 0.0,
) -> Rows:
    """Draw which rows each run of each setting gets right, about 85 %.

    Most rows are easy or hard for all; a fifth is drawn anew by each run, and the accuracy of each
    training is off by a deviation of ``seeds``. The last setting is worse on average.
    """
    share = 0.85
    right = np.broadcast_to(generator.random(rows) < share, (settings, repeats, rows))
    anew = generator.random(right.shape) < 0.2
    right = np.where(anew, generator.random(right.shape) < share, right)
    shifts = generator.normal(0, seeds, (settings, repeats, 1))
    shifts[-1] -= worse
    changed = np.abs(shifts) / np.where(shifts < 0, share, 1 - share)
    return np.where(generator.random(right.shape) < changed, shifts > 0, right).astype(float)


def samples(right: Rows, *, known: bool = True) -> Samples:
    return Samples(right.mean(axis=2), [dict(enumerate(each)) for each in right] if known else ())


def words(right: Rows, *, margin: float = 0.01) -> list[str]:
    return [verdict.word for verdict in verdicts(samples(right), margin=margin)]


@functools.cache
def standard_error(repeats: int, rows: int) -> float:
    """Return the true standard error of the distance of two equal settings."""
    generator = np.random.default_rng(1)
    tables = [table(generator, repeats=repeats, rows=rows, settings=2) for _ in range(300)]
    return float(np.std([np.diff(each.mean(axis=(1, 2)))[0] for each in tables]))


CASES = [(repeats, rows) for repeats in (2, 3, 5, 10) for rows in (100, 5000)]


@pytest.mark.proof
@pytest.mark.parametrize(("repeats", "rows"), CASES)
def test_of_equal_settings_one_in_twenty_tables_at_most_calls_any_worse(
    repeats: int, rows: int
) -> None:
    generator, tables = np.random.default_rng(2), 400 if rows == 100 else 150
    found = [words(table(generator, repeats=repeats, rows=rows)) for _ in range(tables)]
    false = sum("worse" in each for each in found)
    # As many as one in twenty would give in 99 of 100 simulations, or fewer.
    assert false <= stats.binom.ppf(0.99, tables, 0.05)


@pytest.mark.proof
@pytest.mark.parametrize(("repeats", "rows"), CASES)
def test_a_real_difference_is_called_worse(repeats: int, rows: int) -> None:
    """Of five standard errors nearly always; of three in most tables, but of two runs on few rows.

    There the usual scatter is known from 20 differences of two, and rows come in steps of 0.01.
    """
    generator, tables = np.random.default_rng(3), 200 if rows == 100 else 60
    error = standard_error(repeats, rows)

    def share(errors: float) -> float:
        drawn = (
            table(generator, repeats=repeats, rows=rows, worse=errors * error)
            for _ in range(tables)
        )
        return sum(words(each)[-1] == "worse" for each in drawn) / tables

    assert share(5) > (0.6 if repeats == 2 else 0.75)
    assert share(3) > (0.2 if repeats == 2 else 0.35)


@pytest.mark.parametrize(("repeats", "rows"), [(3, 100), (5, 1000)])
def test_equal_settings_are_seldom_called_worse_and_bad_ones_are(repeats: int, rows: int) -> None:
    generator = np.random.default_rng(4)
    equal = [words(table(generator, repeats=repeats, rows=rows)) for _ in range(40)]
    assert sum("worse" in each for each in equal) <= 6
    bad = [words(table(generator, repeats=repeats, rows=rows, worse=0.3)) for _ in range(20)]
    assert all(each[-1] in ("worse", "unstable") for each in bad)
    assert sum(each[-1] == "worse" for each in bad) >= 18


def judged(
    *values: Sequence[float] | npt.NDArray[np.float64], margin: float = 0.01
) -> list[Verdict]:
    return verdicts(Samples(np.array(values)), margin=margin)


def test_a_setting_whose_every_run_is_worse_and_that_spreads_far_is_unstable_not_as_good() -> None:
    wild, best = judged([0.4484, 0.7244, 0.6286], [0.8578, 0.8618, 0.8526], margin=0.5)
    assert (wild.word, best.word) == ("unstable", "best mean")


def test_a_difference_of_one_row_tells_nothing_whatever_the_seeds_say() -> None:
    """Five seeds got 84 of 85 rows right, five others 83: no seed differs."""
    right = np.ones((2, 5, 85))
    right[0, :, 3] = 0
    right[1, :, 3] = right[1, :, 7] = 0
    best, other = verdicts(samples(right), margin=0.01)
    assert (best.word, other.word) == ("best mean", "cannot tell")
    assert other.rows is not None
    assert other.rows > 85
    assert other.repeats is None
    # Of rows nothing known, equal values of each seed say nothing either.
    assert verdicts(samples(right, known=False), margin=0.01)[1].word == "cannot tell"


def test_many_rows_tell_apart_what_few_cannot() -> None:
    right = np.ones((2, 5, 8500))
    right[0, :, :100] = 0
    right[1, :, :200] = 0
    assert words(right)[1] == "worse"


def test_the_same_predictions_on_many_rows_are_as_good_and_on_few_nobody_can_tell() -> None:
    for rows, word in ((5000, "as good"), (50, "cannot tell")):
        right = np.ones((2, 5, rows))
        right[:, :, : rows // 10] = 0
        assert words(right)[1] == word


def test_as_good_is_a_matter_of_the_margin() -> None:
    best, other = [0.90, 0.91, 0.92, 0.90], [0.908, 0.898, 0.905, 0.912]
    assert judged(best, other, margin=0.05)[1].word == "as good"
    assert judged(best, other, margin=0.001)[1].word == "cannot tell"


def test_what_is_always_worse_is_never_as_good_however_wide_the_margin() -> None:
    best, other = [0.90, 0.91], [0.899, 0.89]
    verdict = judged(best, other, margin=9.0)[1]
    assert verdict.distance + verdict.half_width <= 9.0
    assert verdict.word == "cannot tell"


def test_runs_of_equal_seed_are_paired() -> None:
    """Each seed is better or worse for both, by far more than they differ."""
    seeds = np.array([0.80, 0.85, 0.75, 0.90, 0.70])
    apart = np.array([0.010, 0.011, 0.009, 0.010, 0.0105])
    assert judged(seeds, seeds - apart)[1].word == "worse"
    unpaired = judged(seeds, np.roll(seeds, 1) - apart)
    assert [verdict.word for verdict in unpaired] == ["best mean", "cannot tell"]


def test_two_settings_that_share_all_seeds_are_judged_by_the_paired_t_test() -> None:
    generator = np.random.default_rng(5)
    for _ in range(50):
        first, second = generator.normal(0.8, 0.02, (2, 5))
        first, second = sorted((first, second), key=lambda each: -each.mean())
        p = stats.ttest_rel(first, second).pvalue
        spread = max(first.var(), second.var()) / min(first.var(), second.var())
        if spread < 4 and not 0.04 < p < 0.06:  # the range's quantile is simulated
            assert (judged(first, second)[1].word == "worse") == (p < 0.05)


def test_splits_that_share_training_rows_count_for_less() -> None:
    """Ten splits of four to one: their mean varies 3.5 times as much as that of ten samples."""
    generator = np.random.default_rng(6)
    noise = generator.normal(0, 0.02, (2, 10))
    values = np.array([[0.9], [0.88]]) + noise - noise.mean(axis=1, keepdims=True)
    alone, shared = (verdicts(Samples(values, split_ratio=r), margin=0.0) for r in (0, 0.25))
    assert shared[1].half_width / alone[1].half_width == pytest.approx(math.sqrt(1 + 10 * 0.25))
    assert (alone[1].word, shared[1].word) == ("worse", "cannot tell")


def test_of_one_run_nothing_can_be_told() -> None:
    assert [verdict.word for verdict in judged([0.9], [0.1])] == ["best mean", "cannot tell"]
    assert [verdict.word for verdict in judged([0.9, 0.91])] == ["best mean"]


def test_a_run_that_is_missing_does_not_count() -> None:
    whole = judged([0.90, 0.91, 0.92], [0.70, 0.71, 0.73])
    part = judged([0.90, 0.91, 0.92], [0.70, 0.71, math.nan])
    assert whole[1].word == part[1].word == "worse"
    assert part[1].distance == pytest.approx(0.205)
    assert part[1].half_width > whole[1].half_width


def test_more_runs_are_advised_where_trainings_vary_and_more_rows_where_they_do_not() -> None:
    generator = np.random.default_rng(7)
    trainings = table(generator, repeats=3, rows=5000, settings=2, seeds=0.03)
    other = min(
        verdicts(samples(trainings), margin=0.001), key=lambda each: each.word == "best mean"
    )
    assert other.rows is None
    assert other.repeats is not None
    assert other.repeats > 3


def test_more_than_there_are_is_advised_where_what_there_is_does_not_tell() -> None:
    values = np.array([[0.90, 0.91], [0.895, 0.899]])  # near, and the one above the other
    for ratio in (0.0, 1.0):
        other = verdicts(Samples(values, split_ratio=ratio), margin=1.0)[1]
        assert (other.word, other.repeats, other.rows) == ("cannot tell", 3, None)
    right = np.ones((2, 2, 1000))
    right[1, :, 0] = 0.0  # equal trainings, and one row apart
    other = verdicts(samples(right), margin=1.0)[1]
    assert (other.word, other.repeats, other.rows) == ("cannot tell", None, 1001)


@pytest.mark.parametrize(("count", "freedom"), [(2, 4.0), (5, 10.0), (20, 38.0)])
def test_the_critical_value_is_the_studentized_range(count: int, freedom: float) -> None:
    exact = stats.studentized_range.ppf(0.95, count, freedom) / math.sqrt(2)
    assert _critical(count, freedom) == pytest.approx(exact, rel=0.02)


def test_variances_that_differ_by_chance_are_pooled_and_others_are_left_apart() -> None:
    generator = np.random.default_rng(8)
    freedom = np.full(200, 2.0)
    chance = generator.chisquare(2, 200) / 2
    pooled, gained = _moderated(chance, freedom)
    assert gained > 20
    assert pooled.std() < 0.2 * chance.std()
    apart = chance * np.exp(generator.normal(0, 2, 200)) ** 2
    left, gained = _moderated(apart, freedom)
    assert gained < 2
    assert np.corrcoef(np.log(left), np.log(apart))[0, 1] > 0.95
