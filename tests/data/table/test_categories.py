"""Which category a text is, and which are rare."""

from __future__ import annotations

import numpy as np
import pytest

from dltrain.data.table.categories import Categories, merged, most_frequent


@pytest.mark.parametrize(
    ("categories", "text", "index"),
    [
        (["1", "2"], "2", 1),
        (["1", "2"], "2.0", 1),
        (["1", "2"], " 2", 1),
        (["1", "2"], "02", 1),  # a code that was a number: its zeros were lost or added
        (["1", "2"], "3", -1),
        (["01", "02"], "1", 0),
        (["01", "02"], "1.0", 0),
        (["01", "1"], "01", 0),
        (["01", "1"], "1.0", 1),
        (["01", "001"], "1", -1),  # which of them?
        (["1.5"], "1.50", 0),
        (["a", "1"], "1.0", -1),  # texts are what they are
        (["a"], "A", -1),
        ([], "1", -1),
    ],
)
def test_numbers_are_one_category_however_spelt_and_texts_are_not(
    categories: list[str], text: str, index: int
) -> None:
    assert Categories(categories).index(text) == index


def test_numbers_that_are_spelt_in_two_ways_have_the_shorter_name() -> None:
    assert merged(["1.0", "1", "2.0", "01"]) == ["1", "1", "2.0", "01"]
    assert merged(["1.0", "1", "a"]) == ["1.0", "1", "a"]


def test_the_rarest_become_one_that_has_a_name_of_its_own() -> None:
    counts = np.array([5, 1, 3, 1])
    assert most_frequent(["a", "b", "c", "d"], counts, most=4) == (["a", "b", "c", "d"], "")
    assert most_frequent(["a", "b", "c", "d"], counts, most=3) == (["a", "c"], "(other)")
    assert most_frequent(["(other)", "b", "c", "d"], counts, most=2) == (["(other)"], "((other))")


def test_what_no_training_row_has_is_no_category() -> None:
    assert most_frequent(["a", "b", "c"], np.array([5, 0, 3]), most=2) == (["a", "c"], "")
