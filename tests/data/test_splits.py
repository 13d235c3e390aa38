"""Splits: every row once, the same rows for a seed whatever else changes."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest

from dltrain import data
from dltrain.data.splits import consecutive_split, random_split, split_sizes


@pytest.mark.parametrize("sizes", [[10], [7, 3], [3, 7], [6, 0, 4], [0, 0, 10], [1] * 10], ids=str)
@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1])
def test_every_row_is_in_one_split_each_in_the_order_of_the_file(
    sizes: list[int], seed: int
) -> None:
    parts = random_split(10, sizes=sizes, seed=seed)
    assert [len(part) for part in parts] == sizes
    assert sorted(np.concatenate(parts).tolist()) == [*range(10)]
    assert all((np.diff(part) > 0).all() for part in parts)


def test_the_seed_decides_which_rows_are_drawn() -> None:
    first, again, other = (random_split(100, sizes=[80, 20], seed=seed) for seed in (3, 3, 4))
    assert all(map(np.array_equal, first, again))
    assert not np.array_equal(first[1], other[1])
    assert first[1].tolist() != [*range(80, 100)]


def test_rows_are_drawn_as_they_were_when_runs_were_recorded() -> None:
    """Whoever changes the draw changes every recorded run's split."""
    val, train = random_split(60_000, sizes=[5_000, 55_000], seed=0)
    digest = hashlib.sha256(np.concatenate([val, train]).astype("<i8").tobytes()).hexdigest()
    assert digest == "506bf8cb03c4fa4a9f1a97e797fee7e2e79304b278a9e2e07b099926701e06b4"


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
