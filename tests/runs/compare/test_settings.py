"""Settings: repeats put together, the best of them, and what is within noise."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from dltrain.runs.compare.results import Result
from dltrain.runs.compare.settings import (
    TEST,
    SettingResult,
    as_good,
    by_setting,
    is_repeated,
    noise_sentence,
)


def result(
    index: int, value: float | None, *, status: str = "done", message: str = "", **setting: str
) -> Result:
    return Result(index, setting, (), status, value=value, epoch=3, message=message)


def repeated(values: dict[str, list[float | None]]) -> list[Result]:
    """Make the results of settings that were run with several seeds."""
    pairs = [(lr, seed, v) for lr, own in values.items() for seed, v in enumerate(own)]
    return [
        result(i, v, status="diverged" if v is None else "done", **{"lr": lr, "seed": str(seed)})
        for i, (lr, seed, v) in enumerate(pairs)
    ]


def test_members_that_differ_in_their_seed_only_are_one_setting() -> None:
    found = by_setting(repeated({"0.1": [1.0, 2.0, 3.0], "0.2": [5.0, 5.0, 8.0]}), "val/loss")
    assert [dict(group.setting) for group in found] == [{"lr": "0.1"}, {"lr": "0.2"}]
    assert [group.mean for group in found] == [2.0, 6.0]
    assert [group.deviation for group in found] == [1.0, pytest.approx(math.sqrt(3))]
    assert [group.planned for group in found] == [3, 3]


def test_settings_are_sorted_by_their_mean() -> None:
    values: dict[str, list[float | None]] = {"0.1": [0.2, 0.4], "0.2": [0.5, 0.9], "0.3": [0.5]}
    means = {metric: by_setting(repeated(values), metric) for metric in ("a/accuracy", "a/loss")}
    assert [g.setting["lr"] for g in means["a/accuracy"]] == ["0.2", "0.3", "0.1"]
    assert [g.setting["lr"] for g in means["a/loss"]] == ["0.1", "0.3", "0.2"]


def test_a_setting_that_diverged_with_some_seeds_says_with_how_many() -> None:
    values: dict[str, list[float | None]] = {"0.1": [1.0, None, 3.0, None, 2.0], "9": [None] * 5}
    [group] = by_setting(repeated(values), "val/loss")
    assert (len(group.results), group.planned, group.mean) == (3, 5, 2.0)


def test_a_setting_run_once_has_no_deviation_and_cannot_be_compared() -> None:
    found = by_setting(repeated({"0.1": [1.0], "0.2": [2.0, 3.0]}), "val/loss")
    assert math.isnan(found[0].deviation)
    assert [group.as_good for group in found] == [True, None]
    assert noise_sentence(found).startswith("settings run only once cannot be compared")


def group(values: list[float]) -> SettingResult:
    [found] = by_setting(repeated({"x": list(values)}), "val/loss")
    return found


FINITE = st.floats(-100, 100).map(lambda x: round(x, 3))


@given(st.lists(FINITE, min_size=2, max_size=8), st.lists(FINITE, min_size=2, max_size=8))
@settings(max_examples=300, deadline=None)
def test_the_comparison_is_welchs_test_and_the_rank_sums_extreme(
    ours: list[float], best: list[float]
) -> None:
    assume(len({*ours}) > 1 and len({*best}) > 1)  # scipy warns where all values are equal
    p = stats.ttest_ind(ours, best, equal_var=False).pvalue
    apart = min(ours) > max(best) or max(ours) < min(best)
    ranks = stats.mannwhitneyu(ours, best, method="exact").pvalue
    if abs(p - 0.05) > 1e-9:
        assert as_good(group(ours), group(best)) == (p > 0.05 and not (apart and ranks <= 0.05))


def test_a_clear_difference_is_none_of_chance_and_a_small_one_may_be() -> None:
    best, near, far = [0.90, 0.92, 0.91], [0.90, 0.91, 0.90], [0.5, 0.52, 0.51]
    for other, expected in ((near, True), (far, False)):
        p = stats.ttest_ind(other, best, equal_var=False).pvalue
        assert as_good(group(other), group(best)) is expected is bool(p > 0.05)


def test_settings_without_spread_are_told_apart_by_any_distance() -> None:
    assert as_good(group([1.0, 1.0]), group([1.0, 1.0])) is True
    assert as_good(group([2.0, 2.0]), group([1.0, 1.0])) is False


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"a": [1.0, 2.0]}, "no other setting to compare with"),
        (
            {"a": [1.0, 1.1], "b": [9.0, 9.1], "c": [8.0, 8.1]},
            f"the best setting is better than each of the others ({TEST})",
        ),
        (
            {"a": [1.0, 1.1], "b": [1.0, 1.2], "c": [8.0, 8.1]},
            f"1 other setting is within noise of the best ({TEST})",
        ),
        (
            {"a": [1.0, 1.1], "b": [1.0, 1.2], "c": [1.0, 1.3]},
            f"2 other settings are within noise of the best ({TEST})",
        ),
    ],
)
def test_a_sentence_says_what_is_within_noise(
    values: dict[str, list[float | None]], sentence: str
) -> None:
    assert noise_sentence(by_setting(repeated(values), "val/loss")) == sentence


def test_a_sweep_is_repeated_if_its_seeds_vary() -> None:
    assert is_repeated([result(0, 1.0, lr="1", seed="0"), result(1, 1.0, lr="1", seed="1")])
    assert not is_repeated([result(0, 1.0, lr="1"), result(1, 1.0, lr="2")])


def test_a_setting_that_scatters_wildly_but_is_always_worse_is_not_as_good() -> None:
    """Welch's test alone cannot tell: the mean of the wild one says nothing."""
    best, wild = [1.0, 1.1, 1.2, 1.3], [2.0, 1e3, 1e6, 1e9]
    assert stats.ttest_ind(wild, best, equal_var=False).pvalue > 0.3
    assert as_good(group([*wild]), group([*best])) is False
    assert as_good(group([1.25, *wild[1:]]), group([*best])) is True


def test_a_setting_that_lost_runs_comes_last() -> None:
    values: dict[str, list[float | None]] = {"9": [1.0, None, 1.1], "0.1": [1.0, 1.2, 1.3]}
    found = by_setting(repeated(values), "val/loss")
    assert [g.setting["lr"] for g in found] == ["0.1", "9"]
    assert [g.as_good for g in found] == [True, False]
