"""What is said of a run when it has ended."""

from __future__ import annotations

import math

import pytest

from dltrain.config.schema import Expectation
from dltrain.train.conclusion import compare

BOOK = Expectation(metric="test/loss", published=1.0, low=0.5, high=1.5, source="3.4")


@pytest.mark.parametrize(
    ("value", "inside"),
    [(0.5, True), (1.5, True), (0.49, False), (1.51, False), (math.nan, False), (math.inf, False)],
)
def test_a_result_is_inside_its_band_or_not(value: float, inside: bool) -> None:
    [row] = compare([BOOK], {"test/loss": value})
    assert row["inside"] is inside
    assert (row["metric"], row["published"], row["source"]) == ("test/loss", 1.0, "3.4")


def test_a_result_that_there_is_not_is_inside_no_band() -> None:
    [row] = compare([BOOK], {"test/accuracy": 1.0})
    assert (row["value"], row["inside"]) == (None, False)
    assert compare([], {"test/loss": 1.0}) == []
