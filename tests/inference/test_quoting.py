"""How an evaluation is quoted: what stands in brackets, and what is said of it."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import pytest

from dltrain.inference.evaluation import Evaluation, evaluate
from dltrain.inference.quoting import interval_note, leading_figures, other_figures
from tests.conftest import Call
from tests.inference.test_evaluation import THREE, trained

NAN = math.nan


@pytest.fixture
def judged(call: Call, here: Path) -> Evaluation:
    """An evaluation whose figures a test sets."""
    return dataclasses.replace(
        evaluate(trained(call, *THREE), split="val"),
        split="test",
        metrics={"test/loss": 0.5, "test/rmse": 1.23456, "test/r2": NAN, "test/mae": 0.75},
        intervals={"test/rmse": (1.0, 1.5), "test/r2": (NAN, NAN)},
    )


def test_what_has_an_interval_is_quoted_with_it_and_all_else_without(judged: Evaluation) -> None:
    assert leading_figures(judged) == [("rmse", "1.235 [1, 1.5]"), ("r2", "-")]
    assert other_figures(judged) == [("loss", "0.5"), ("mae", "0.75")]


def test_the_note_says_of_which_rows_and_that_it_is_of_one_training(judged: Evaluation) -> None:
    told = "[low, high]: 95 % interval over rows of the test split, of this one training"
    assert interval_note(judged) == told
    of_file = interval_note(dataclasses.replace(judged, split="data"))
    assert of_file == told.replace("the test split", "this file")
    seen = interval_note(dataclasses.replace(judged, split="train"))
    assert seen == f"{told.replace('test', 'train')}, which learned from them"


def test_where_nothing_has_an_interval_brackets_are_not_spoken_of(judged: Evaluation) -> None:
    bare = dataclasses.replace(judged, intervals={"test/rmse": (NAN, NAN)})
    assert (leading_figures(bare), interval_note(bare)) == ([("rmse", "1.235")], "")
