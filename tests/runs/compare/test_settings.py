"""Settings: repeats put together, the best of them, and what noise allows to say."""

from __future__ import annotations

import math
import re

import pytest

from dltrain.runs.compare.repeats import is_repeated
from dltrain.runs.compare.results import Result
from dltrain.runs.compare.settings import (
    best_result,
    by_setting,
    noise_sentence,
    noise_word,
    usual_margin,
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


def words(values: dict[str, list[float | None]], *, margin: float | None = None) -> list[str]:
    found = by_setting(repeated(values), "val/loss", margin=margin)
    return [each.verdict.word if each.verdict else "" for each in found]


def sentence(values: dict[str, list[float | None]], *, all_begun: bool = True) -> str:
    found = by_setting(repeated(values), "val/loss")
    return noise_sentence(found, "val/loss", margin=None, all_begun=all_begun)


def test_a_setting_run_once_has_no_deviation_and_cannot_be_compared() -> None:
    found = by_setting(repeated({"0.1": [1.0], "0.2": [2.0, 3.0]}), "val/loss")
    assert math.isnan(found[0].deviation)
    assert words({"0.1": [1.0], "0.2": [2.0, 3.0]}) == ["best mean", "cannot tell"]
    once = "settings run only once cannot be compared; sweep.repeat=5 runs each five times"
    assert sentence({"0.1": [1.0], "0.2": [2.0, 3.0]}) == once
    waiting = "a setting of which only one run is finished cannot be compared"
    assert sentence({"0.1": [1.0], "0.2": [2.0, 3.0]}, all_begun=False) == waiting


def test_a_loss_that_is_higher_is_worse_and_an_accuracy_that_is_lower() -> None:
    values: dict[str, list[float | None]] = {"a": [1.0, 1.1, 0.9], "b": [9.0, 9.1, 8.9]}
    assert words(values) == ["best", "worse"]
    found = by_setting(repeated(values), "val/accuracy")
    assert [(each.setting["lr"], noise_word(each)) for each in found] == [
        ("b", "best"),
        ("a", "worse"),
    ]


def test_what_still_counts_as_good_is_a_share_of_a_loss_and_a_point_of_an_accuracy() -> None:
    losses, accuracies = (
        by_setting(repeated({"a": [50.0, 51.0]}), metric) for metric in ("val/loss", "val/accuracy")
    )
    assert usual_margin("val/loss", losses[0]) == pytest.approx(0.02 * 50.5)
    assert usual_margin("val/accuracy", accuracies[0]) == 0.01
    values: dict[str, list[float | None]] = {"a": [1.0, 1.1, 1.2, 1.0], "b": [1.1, 1.0, 1.0, 1.25]}
    assert words(values, margin=5.0) == ["best mean", "as good"]
    assert words(values) == ["best mean", "cannot tell"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"a": [1.0, 2.0]}, "no other setting to compare with"),
        (
            {"a": [1.0, 1.1], "b": [9.0, 9.1], "c": [8.0, 8.1]},
            "beside the best, 2 worse (95 % for all at once)",
        ),
        (
            {"a": [1.0, 1.1, 1.2], "b": [1.1, 1.0, 1.25], "c": [8.0, 8.1, 8.2]},
            "beside the best mean, 1 worse, 1 cannot be told from it",
        ),
        (
            {"a": [1.0, 1.01, 0.99], "b": [1.5, 6.0, None]},
            "beside the best mean, 1 unstable (95 % for all at once)",
        ),
    ],
)
def test_a_sentence_says_what_the_verdicts_amount_to(
    values: dict[str, list[float | None]], said: str
) -> None:
    assert sentence(values).startswith(said)


def test_how_many_more_runs_would_tell_is_said_unless_that_is_too_many() -> None:
    near: dict[str, list[float | None]] = {"a": [1.0, 1.2, 1.1], "b": [1.3, 1.2, 1.45]}
    assert re.search(r"; to tell most would take at least \d+ runs of each \(", sentence(near))
    equal: dict[str, list[float | None]] = {"a": [1.0, 2.0, 1.5], "b": [2.0, 1.0, 1.501]}
    assert "to tell most would take more than 100 runs of each" in sentence(equal)


def test_a_sweep_is_repeated_if_its_seeds_vary() -> None:
    assert is_repeated([result(0, 1.0, lr="1", seed="0"), result(1, 1.0, lr="1", seed="1")])
    assert not is_repeated([result(0, 1.0, lr="1"), result(1, 1.0, lr="2")])


@pytest.mark.parametrize("key", ["data.seed", "data.fold"])
def test_splits_are_averaged_and_none_of_them_is_the_best(key: str) -> None:
    members = [result(i, 0.8 + i / 100, **{key: str(i)}) for i in range(10)]
    [setting] = by_setting(members, "val/accuracy")
    assert (dict(setting.setting), len(setting.results)) == ({}, 10)
    assert setting.mean == pytest.approx(0.845)
    assert best_result(members, "val/accuracy") is None
    seeds = [result(i, 0.8 + i / 100, seed=str(i)) for i in range(10)]
    best = best_result(seeds, "val/accuracy")
    assert best is not None
    assert best.index == 9


def test_seeds_of_one_split_count_as_one_repeat() -> None:
    """Of two splits with five seeds each there are two repeats, however alike the seeds are."""

    def split(lr: str, number: int, value: float) -> list[Result]:
        setting = {"lr": lr, "seed": "", "data.fold": str(number)}
        return [result(0, value, **{**setting, "seed": str(seed)}) for seed in range(5)]

    members = [*split("a", 0, 0.9), *split("a", 1, 0.8), *split("b", 0, 0.7), *split("b", 1, 0.75)]
    found = by_setting(members, "val/accuracy")
    assert [noise_word(each) for each in found] == ["best mean", "cannot tell"]


def test_a_setting_that_scatters_wildly_but_is_always_worse_is_not_as_good() -> None:
    wild: list[float | None] = [2.0, 1e3, 1e6, 1e9]
    assert words({"a": [1.0, 1.1, 1.2, 1.3], "b": wild}, margin=1e12) == ["best mean", "unstable"]


def test_a_setting_that_lost_runs_comes_last() -> None:
    values: dict[str, list[float | None]] = {"9": [1.0, None, 1.1], "0.1": [1.0, 1.2, 1.3]}
    found = by_setting(repeated(values), "val/loss")
    assert [g.setting["lr"] for g in found] == ["0.1", "9"]
    assert [noise_word(g) for g in found] == ["best mean", "unstable, 1 lost"]


def test_the_first_is_the_best_only_where_all_others_are_shown_to_be_worse() -> None:
    first, bad, near = [1.0, 1.1, 0.9], [9.0, 9.1, 8.9], [1.1, 1.0, 0.95]
    assert words({"a": [*first], "b": [*bad]}) == ["best", "worse"]
    assert words({"a": [*first], "b": [*near], "c": [*bad]})[0] == "best mean"
    assert words({"a": [*first], "b": [*near]}, margin=5.0) == ["best mean", "as good"]
    assert words({"a": [*first], "b": [9.0, None, 9.1]}) == ["best mean", "unstable"]
    assert words({"a": [*first], "b": [9.0]}) == ["best mean", "cannot tell"]
    assert words({"a": [*first]}) == [""]
    lost = by_setting(repeated({"a": [1.0, None], "b": [2.0, None]}), "val/loss")
    assert [noise_word(each) for each in lost] == ["best mean, 1 lost", "unstable, 1 lost"]
