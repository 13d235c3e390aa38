"""What each setting does to the metric: which matters most, and the means over repeats."""

from __future__ import annotations

import statistics
from dataclasses import replace

import pytest

from dltrain.runs.compare.axes import axis_of
from dltrain.runs.compare.effects import (
    drawable,
    effect_of,
    effects_note,
    keys_by_importance,
    means,
    off_scale,
    off_scale_note,
)
from dltrain.runs.compare.results import Result


def result(index: int, value: float | None, status: str = "done", **setting: str) -> Result:
    return Result(index, setting, (), status, value)


def test_the_key_that_explains_most_comes_first_and_what_diverged_counts_as_worst() -> None:
    results = [
        result(0, 0.9, a="1", b="x", seed="0"),
        result(1, 0.8, a="1", b="y", seed="0"),
        result(2, None, "diverged", a="2", b="x", seed="0"),
        result(3, 0.85, a="2", b="y", seed="0"),
        result(4, None, "diverged", a="2", b="x", seed="0"),
    ]
    assert keys_by_importance(results, "val/accuracy") == ["a", "b"]
    assert keys_by_importance([result(0, 1.0, seed="0"), result(1, 2.0, seed="1")], "x") == ["seed"]
    assert keys_by_importance([], "x") == []


def test_a_key_that_has_one_value_so_far_is_left_out() -> None:
    results = [result(0, 1.0, a="1", b="x"), result(1, 2.0, a="2", b="x")]
    assert keys_by_importance(results, "val/loss") == ["a"]


def test_a_member_that_crashed_may_go_on_and_is_not_the_worst() -> None:
    results = [result(i, v, a=a, b=b) for i, (v, a, b) in enumerate(FOUR)]
    crashed = [*results, result(4, None, "crashed", a="1", b="x")]
    assert keys_by_importance(results, "val/accuracy") == keys_by_importance(
        crashed, "val/accuracy"
    )
    failed = [*crashed[:4], *(result(i, None, "failed", a="1", b="x") for i in range(4, 8))]
    assert keys_by_importance(failed, "val/accuracy")[0] == "b"


FOUR = [(0.9, "1", "x"), (0.8, "1", "y"), (0.5, "2", "x"), (0.4, "2", "y")]


def test_means_are_of_repeats_and_geometric_on_a_logarithmic_axis() -> None:
    values = [(1.0, "0.1"), (100.0, "0.1"), (3.0, "0.2")]
    results = [result(i, value, lr=lr) for i, (value, lr) in enumerate(values)]
    axis = axis_of("lr", ["0.1", "0.2"])
    plain, by_log = (means(axis, results, by_log=by) for by in (False, True))
    assert [(mean.position, mean.value, mean.count) for mean in plain] == [
        (0.1, 50.5, 2), (0.2, 3.0, 1)
    ]  # fmt: skip
    assert by_log[0].value == pytest.approx(10)
    assert by_log[0].high / 10 == pytest.approx(10 / by_log[0].low)
    assert plain[0].high - 50.5 == pytest.approx(statistics.stdev([1, 100]))
    assert (plain[1].low, plain[1].high) == (3.0, 3.0)


def test_the_mean_at_every_seed_is_that_of_all_seeds() -> None:
    results = [result(i, float(i), seed=str(i)) for i in range(3)]
    found = means(axis_of("seed", ["0", "1", "2"]), results, by_log=False)
    assert [(mean.position, mean.value, mean.count) for mean in found] == [
        (0, 1.0, 3), (1, 1.0, 3), (2, 1.0, 3)
    ]  # fmt: skip


def test_values_that_no_axis_holds_are_taken_away() -> None:
    values = [0.5, float("nan"), float("inf"), 1e200, None]
    found = drawable([result(i, value) for i, value in enumerate(values)])
    assert [each.value for each in found] == [0.5, None, None, None, None]


def grid(**hopeless: float) -> list[Result]:
    """Make a sweep of three keys with two seeds each: accuracy falls where b is hopeless."""
    rows = [(a, b, c, s) for a in "12" for b in "xy" for c in "pq" for s in "01"]
    return [
        result(i, 0.8 + int(a) / 100 + (c == "q") / 50 + int(s) / 1000 - hopeless.get(b, 0.0),
               a=a, b=b, c=c, seed=s)
        for i, (a, b, c, s) in enumerate(rows)
    ]  # fmt: skip


def test_of_several_keys_each_value_is_shown_at_the_best_of_the_others() -> None:
    """Hopeless values of another key change nothing; a mean over all would sink by half of it."""
    for hopeless in (0.0, 0.2):
        effect = effect_of("a", grid(y=hopeless), "val/accuracy")
        [line] = effect.lines
        assert [mean.value for mean in line.means] == pytest.approx([0.8305, 0.8405])
        assert [mean.count for mean in line.means] == [2, 2]
        assert (effect.at_best, effect.is_repeated) == (True, True)
        assert effects_note([effect]) == "each value is shown at the best of the other keys"


def test_a_setting_that_lost_a_run_is_not_the_best_of_the_others() -> None:
    results = grid(y=0.2)
    lost = [replace(r, value=None, status="diverged") if r.index == 3 else r for r in results]
    assert (lost[3].setting["b"], lost[3].setting["c"]) == ("x", "q")
    [line] = effect_of("a", lost, "val/accuracy").lines
    assert line.means[0].value == pytest.approx(0.8105)  # of x and p, whose runs all ended


def test_of_two_keys_there_is_a_line_for_each_value_of_the_other() -> None:
    results = [result(i, v, a=a, b=b) for i, (v, a, b) in enumerate(FOUR)]
    effect = effect_of("a", results, "val/accuracy")
    assert (effect.other, [line.name for line in effect.lines]) == ("b", ["x", "y"])
    assert effects_note([effect]) == ""


def test_what_would_flatten_the_picture_is_off_the_scale_and_counted() -> None:
    near = [result(i, 0.8 + i / 100, lr=str(i)) for i in range(6)]
    far = [*near, result(6, 0.1, lr="6")]
    assert off_scale(far, "val/accuracy") == {6}
    assert off_scale_note(far, "val/accuracy") == "off the scale: 1 of 7, at 0.1 and below"
    assert [len(line.results) for line in effect_of("lr", far, "val/accuracy").lines] == [6]
    assert off_scale(near, "val/accuracy") == set()
    assert off_scale_note(near, "val/accuracy") == ""
    best_is_far = [*near, result(6, 5.0, lr="6")]
    assert off_scale(best_is_far, "val/accuracy") == set()  # only the worse side is cut
