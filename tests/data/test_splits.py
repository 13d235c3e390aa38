"""Splits: every row once, the same rows for a seed whatever else changes."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dltrain import data
from dltrain.data.splits import (
    Indices,
    Rows,
    consecutive_split,
    draw,
    shuffled,
    split_sizes,
    stated,
)


def rows(count: int, *, seed: int = 0, **known: Any) -> Rows:
    arrays = {name: np.asarray(values) for name, values in known.items()}
    return Rows(order=shuffled(count, seed=seed), **arrays)


def imbalanced(count: int, *, seed: int = 0) -> Indices:
    """Classes 0, 1 and 2, the last one rare."""
    return np.random.default_rng(seed).choice(3, count, p=[0.6, 0.35, 0.05]).astype(np.int64)


def are_parts(parts: list[Indices], count: int) -> bool:
    ascending = all((np.diff(part) > 0).all() for part in parts)
    return ascending and sorted(np.concatenate(parts).tolist()) == [*range(count)]


@pytest.mark.parametrize(("val", "test"), [(0, 0), (3, 0), (0, 4), (2, 3), (9, 0), (4, 5)])
@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1])
def test_every_row_is_in_one_split_each_in_the_order_of_the_file(
    val: int, test: int, seed: int
) -> None:
    parts = draw(rows(10, seed=seed), val=val, test=test)
    assert [len(part) for part in parts] == [10 - val - test, val, test]
    assert are_parts(parts, 10)


def test_the_seed_decides_which_rows_are_drawn() -> None:
    first, again, other = (draw(rows(100, seed=seed), val=20) for seed in (3, 3, 4))
    assert all(map(np.array_equal, first, again))
    assert not np.array_equal(first[1], other[1])
    assert first[1].tolist() != [*range(80, 100)]


def test_rows_are_drawn_as_they_were_when_runs_were_recorded() -> None:
    """Whoever changes the draw changes every recorded run's split."""
    images = Rows(order=shuffled(60_000, seed=0)[::-1])
    train, val, _ = draw(images, val=5_000)
    digest = hashlib.sha256(np.concatenate([val, train]).astype("<i8").tobytes()).hexdigest()
    assert digest == "506bf8cb03c4fa4a9f1a97e797fee7e2e79304b278a9e2e07b099926701e06b4"
    table = np.concatenate(draw(rows(1_000, seed=7), val=150, test=150))
    digest = hashlib.sha256(table.astype("<i8").tobytes()).hexdigest()
    assert digest == "1601334c675bfcccddd040dcde2e0f6ca5932c2dd3f5875891028bfc306de07e"


# Classes.


@pytest.mark.parametrize("count", [20, 101, 569])
@pytest.mark.parametrize("seed", [0, 1])
def test_every_split_has_the_shares_of_the_classes(count: int, seed: int) -> None:
    classes = imbalanced(count, seed=seed)
    val = test = round(count * 0.15)
    parts = draw(rows(count, seed=seed, classes=classes), val=val, test=test)
    assert are_parts(parts, count)
    counts = [np.bincount(classes[part], minlength=3) for part in parts]
    rest = counts[0] + counts[1]
    assert (np.abs(counts[2] - rest_share(counts[2] + rest, test)) <= 1).all()
    assert (np.abs(counts[1] - rest_share(rest, val)) <= 1).all()
    assert [len(part) for part in parts] == [count - 2 * val, val, val]


def rest_share(counts: Indices, size: int) -> Indices:
    shares: Indices = counts * size / counts.sum()
    return shares


def test_shares_are_not_met_without_classes() -> None:
    classes = imbalanced(569)
    test = draw(rows(569), val=85, test=85)[2]
    assert (np.abs(np.bincount(classes[test]) - rest_share(np.bincount(classes), 85)) > 1).any()


@pytest.mark.parametrize(
    ("count", "train"), [(1, [1, 0, 0]), (2, [1, 0, 1]), (3, [1, 1, 1]), (4, [2, 1, 1])]
)
def test_a_class_of_few_rows_trains_first(count: int, train: list[int]) -> None:
    """Of two rows the test split takes one where that is nearer to its share than none."""
    classes = np.array([0] * (60 - count) + [1] * count)
    parts = draw(rows(60, classes=classes), val=15, test=20)
    assert [int((classes[part] == 1).sum()) for part in parts] == train


def test_one_class_alone_is_drawn_as_if_there_were_none() -> None:
    """So nothing changes where nothing is to be balanced."""
    without, one = (draw(each, val=9, test=8) for each in (rows(50), rows(50, classes=[0] * 50)))
    assert all(map(np.array_equal, without, one))


# Groups.


@pytest.mark.parametrize("seed", range(3))
def test_groups_stay_in_one_split_and_sizes_are_near(seed: int) -> None:
    groups = np.random.default_rng(seed).integers(0, 60, 600)
    classes = imbalanced(600, seed=seed)
    parts = draw(rows(600, seed=seed, groups=groups, classes=classes), val=90, test=90)
    assert are_parts(parts, 600)
    held = [set(groups[part]) for part in parts]
    assert sum(map(len, held)) == len(set(groups))
    largest = np.bincount(groups).max()
    assert (
        max(abs(len(part) - size) for part, size in zip(parts, (420, 90, 90), strict=True))
        <= largest
    )
    shares = [np.bincount(classes[part], minlength=3) / len(part) for part in parts]
    assert np.abs(np.array(shares) - np.bincount(classes) / 600).max() < 0.06


def test_a_group_of_half_the_rows_trains() -> None:
    groups = [0] * 50 + [*range(1, 51)]
    parts = draw(rows(100, groups=groups), val=15, test=15)
    assert [len(part) for part in parts] == [70, 15, 15]
    assert set(range(50)) <= set(parts[0].tolist())


def test_each_split_gets_a_group_where_there_are_enough() -> None:
    parts = draw(rows(30, groups=[0] * 14 + [1] * 11 + [2] * 5), val=5, test=5)
    assert [len(part) for part in parts] == [14, 11, 5]
    with pytest.raises(ValueError, match=r"^1 groups are too few for 2 parts; set fewer rows"):
        draw(rows(30, groups=[0] * 15 + [1] * 15), val=5, test=5)


# Time.


def test_the_past_trains_and_the_future_tests() -> None:
    times = np.random.default_rng(0).permutation(100)
    train, val, test = (times[part] for part in draw(rows(100, times=times), val=20, test=10))
    assert sorted(train) == [*range(70)]
    assert sorted(val) == [*range(70, 90)]
    assert sorted(test) == [*range(90, 100)]


def test_rows_of_one_time_stay_together() -> None:
    times = np.repeat(np.arange(10), 7)
    parts = draw(rows(70, times=times), val=10, test=10)
    assert [sorted(set(times[part])) for part in parts] == [[*range(8)], [8], [9]]


def test_times_that_are_all_equal_cannot_be_cut() -> None:
    with pytest.raises(ValueError, match=r"^1 different values are too few for 2 parts"):
        draw(rows(10, times=[4] * 10), val=2)
    assert [len(part) for part in draw(rows(10, times=[4] * 10), val=0)] == [10, 0, 0]


# Folds.

KNOWN: dict[str, dict[str, Any]] = {
    "nothing": {},
    "classes": {"classes": imbalanced(203)},
    "groups": {"groups": np.random.default_rng(1).integers(0, 40, 203)},
    "times": {"times": np.random.default_rng(2).integers(0, 90, 203)},
}


@pytest.mark.parametrize("known", KNOWN)
def test_each_row_that_does_not_test_validates_in_one_fold(known: str) -> None:
    every = rows(203, **KNOWN[known])
    folds = [draw(every, val=0, test=30, folds=5, fold=fold) for fold in range(5)]
    assert all(are_parts(parts, 203) for parts in folds)
    tests = [parts[2] for parts in folds]
    assert all(np.array_equal(test, draw(every, val=20, test=30)[2]) for test in tests)
    validated = np.concatenate([parts[1] for parts in folds])
    assert sorted(np.concatenate([validated, tests[0]]).tolist()) == [*range(203)]
    sizes = [len(parts[1]) for parts in folds]
    assert max(sizes) - min(sizes) <= (1 if known in ("nothing", "classes") else 9)


def test_folds_have_as_many_rows_of_each_class() -> None:
    classes = imbalanced(203)
    every = rows(203, classes=classes)
    folds = [draw(every, val=0, test=30, folds=7, fold=fold)[1] for fold in range(7)]
    counts = np.array([np.bincount(classes[fold], minlength=3) for fold in folds])
    assert np.ptp(counts, axis=0).max() <= 1
    plain = [draw(rows(203), val=0, test=30, folds=7, fold=fold)[1] for fold in range(7)]
    assert np.ptp([np.bincount(classes[fold], minlength=3) for fold in plain], axis=0).max() > 1


def test_folds_by_time_are_consecutive() -> None:
    times = np.random.default_rng(2).permutation(40)
    every = rows(40, times=times)
    folds = [draw(every, val=0, folds=4, fold=fold)[1] for fold in range(4)]
    assert [sorted(times[fold]) for fold in folds] == [
        [*range(k, k + 10)] for k in range(0, 40, 10)
    ]


def test_more_folds_than_rows_or_groups_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^3 rows are too few for data.folds=5; lower it$"):
        draw(rows(4), val=0, test=1, folds=5, fold=0)
    with pytest.raises(ValueError, match=r"^4 groups are too few for 5 parts"):
        draw(rows(20, groups=[*range(4)] * 5), val=0, folds=5, fold=0)


def test_a_stated_split_is_taken() -> None:
    parts = stated(["test", "train", "val", "train"])
    assert [part.tolist() for part in parts] == [[1, 3], [2], [0]]


def test_nobody_else_draws_rows() -> None:
    """Synthetic data are drawn themselves, from a stream of their own."""
    folder = Path(data.__file__).parent
    drawing = {file.name for file in folder.rglob("*.py") if "np.random" in file.read_text()}
    assert drawing == {"splits.py", "synthetic.py"}


def test_a_consecutive_split_is_no_copy() -> None:
    inputs, targets = np.arange(20).reshape(10, 2), np.arange(10)
    train, val, test = consecutive_split(inputs, targets, sizes=[6, 4, 0])
    assert [len(split) for split in (train, val, test)] == [6, 4, 0]
    assert np.shares_memory(val.inputs, inputs)
    assert val.targets.tolist() == [6, 7, 8, 9]
    assert val.inputs[0].tolist() == [12, 13]


@pytest.mark.parametrize(
    ("rows", "val", "test", "sizes"),
    [(10, 0.2, 0.1, [7, 2, 1]), (10, 0, 0, [10, 0, 0]), (3, 0.3, 0.3, [1, 1, 1])],
)
def test_sizes_follow_the_fractions(rows: int, val: float, test: float, sizes: list[int]) -> None:
    assert split_sizes(rows, val=val, test=test) == sizes


def test_fractions_that_leave_no_row_to_train_are_refused() -> None:
    message = (
        "2 rows are too few for data.val_fraction=0.5 and data.test_fraction=0.5; "
        "lower them, to 0 if need be"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        split_sizes(2, val=0.5, test=0.5)
