"""Bins of a histogram rise and hold every number, whatever numbers there are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dltrain.runs.compare.bins import bin_edges

FINITE = st.floats(-1e300, 1e300, allow_nan=False)


@given(st.lists(FINITE, min_size=1, max_size=50), st.integers(1, 60))
def test_edges_rise_and_hold_all_numbers(numbers: list[float], bins: int) -> None:
    values = np.array(numbers)
    edges = bin_edges(values, bins)
    assert (np.diff(edges) > 0).all()
    assert np.histogram(values, bins=edges)[0].sum() == len(values)


@pytest.mark.parametrize("value", [0.0, 1e30, -1e30, 5e-324])
def test_equal_numbers_share_a_bin(value: float) -> None:
    assert len(bin_edges(np.full(7, value), 5)) == 2


def test_numbers_that_differ_get_the_bins_that_were_asked_for() -> None:
    assert bin_edges(np.array([0.0, 1.0]), 4).tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
