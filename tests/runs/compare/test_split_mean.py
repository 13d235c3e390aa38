"""What a setting reaches on average over splits: its interval, and what it is a mean of."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dltrain.runs.compare.comparison import Comparison
from dltrain.runs.compare.noise import mean_interval
from dltrain.runs.compare.results import Result
from dltrain.runs.compare.split_mean import SplitMean


def mean_of(values: dict[tuple[str, str], float], **more: str) -> SplitMean | None:
    """Average accuracies: (split, seed) -> on validation rows; the test's are a tenth lower."""
    results = []
    for index, ((split, seed), value) in enumerate(values.items()):
        setting = {**more, **({"data.fold": split} if split else {}), "seed": seed}
        metrics = {"val/accuracy": value, "test/accuracy": value - 0.1}
        results.append(Result(index, setting, (), "done", value=value, metrics=metrics))
    keys = list(results[0].setting)
    return Comparison("val/accuracy", keys, results, planned=len(results)).split_mean


def test_the_mean_of_splits_is_said_with_its_deviation_count_and_interval() -> None:
    found = mean_of({(str(n), "0"): 0.8 + 0.01 * n for n in range(5)})
    assert found is not None
    assert (found.splits, found.counted, found.value) == (5, "5", "0.820")
    low, high = mean_interval([0.8, 0.81, 0.82, 0.83, 0.84], split_ratio=0.0)
    assert found.spread == f"mean of 5, sd 0.016, 95 % interval [{low:.3f}, {high:.3f}]"
    assert found.test == ("test/accuracy", "0.720", "mean of 5, sd 0.016")


def test_seeds_of_a_split_count_once_in_the_interval() -> None:
    several = mean_of({(str(n), str(s)): 0.8 + n / 50 for n in range(2) for s in range(4)})
    once = mean_of({(str(n), "0"): 0.8 + n / 50 for n in range(2)})
    assert several is not None
    assert once is not None
    assert several.counted == "8 runs on 2 splits"
    assert several.interval == pytest.approx(once.interval)


def test_seeds_alone_are_no_splits_and_of_one_split_there_is_no_interval() -> None:
    assert mean_of({("", "0"): 0.8, ("", "1"): 0.9}) is None
    single = mean_of({("0", "0"): 0.8})
    assert single is not None
    assert all(map(math.isnan, single.interval))
    assert single.spread == "mean of 1"


@pytest.mark.parametrize(("ratio", "held"), [(0.25, True), (0.0, False)])
def test_the_interval_holds_the_mean_only_if_shared_rows_are_counted(
    ratio: float, held: bool
) -> None:
    """Splits that share training rows: their errors are correlated by about the share that judges.

    With the correlation that Nadeau and Bengio assume, 95 % of intervals hold the true mean; those
    that take splits for independent do so far less often.
    """
    generator = np.random.default_rng(0)
    count, splits = 4000, 5
    shared = math.sqrt(0.2) * generator.standard_normal((count, 1))  # 0.2 = 0.25 / 1.25
    values = shared + math.sqrt(0.8) * generator.standard_normal((count, splits))
    ends = [mean_interval(list(row), split_ratio=ratio) for row in values]
    share = float(np.mean([low <= 0 <= high for low, high in ends]))
    assert (0.94 < share < 0.96) is held
    assert held or share < 0.9
