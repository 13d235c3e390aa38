"""What a column of texts may be instead is proposed, where it is sure or may be two things."""

from __future__ import annotations

import numpy as np
import pytest

from dltrain.data.table.proposals import Texts, as_sentence
from dltrain.data.table.writing import Writing


def texts(*cells: str, writing: Writing | None = None) -> Texts:
    return Texts(cells, np.ones(len(cells), np.int64), writing=writing or Writing())


def settings(*cells: str, writing: Writing | None = None) -> list[str]:
    return [way.settings for way in texts(*cells, writing=writing).ways()]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1,0", "2,5"], ["data.decimal=,"]),
        (["0,613", "1,234"], ["data.decimal=,"]),
        (["1,234", "519"], ["data.decimal=,", "data.thousands=,"]),  # it may be either
        (["1,234", "1,234,567"], ["data.thousands=,"]),
        (["1,234.5", "2.5"], ["data.thousands=,"]),
        (["1.234,5", "2,5"], ["data.decimal=, data.thousands=."]),
        (["1.234.567", "5"], ["data.decimal=, data.thousands=."]),
        (["1 234", "5"], ["data.thousands=space"]),
        (["1 234,5", "5"], ["data.decimal=, data.thousands=space"]),
        (["1'234.5", "5"], ['"data.thousands=\'"']),
        (["$4,076.50", "$5"], ["data.thousands=,"]),
        (["1,0", "2,5", "n.d."], ["data.decimal=,"]),
        (["1,0", "a", "b"], []),
        (["192.168.1.1", "10.0.0.1"], []),
        (["1-2", "2-3"], []),
        (["w1", "w2"], []),
        (["12,34,5", "1,2,3"], []),
        (["Bonn", "Ayr"], []),
    ],
)
def test_the_setting_that_reads_most_cells_is_proposed(
    cells: list[str], expected: list[str]
) -> None:
    assert settings(*cells) == expected


def test_what_is_set_already_is_not_proposed_again() -> None:
    assert settings("1,5", "x", writing=Writing(",")) == []
    assert settings("1.234,5", "2,5", writing=Writing(",")) == ["data.thousands=."]


def test_a_sentence_says_how_many_cells_and_what_to_add() -> None:
    column = texts("1,0", "2,5", "n.d.")
    assert as_sentence(column.ways(), name="dose", total=column.total) == (
        "2 of 3 cells of 'dose' are numbers with a decimal comma, such as '1,0': add data.decimal=,"
    )
    column = texts("1,234", "5")
    assert as_sentence(column.ways(), name="fee", total=column.total) == (
        "2 of 2 cells of 'fee' are numbers, but '1,234' may be 1.234 (add data.decimal=,) or 1234 "
        "(add data.thousands=,)"
    )


def test_only_marks_may_mean_missing() -> None:
    assert texts("1", "?", "2").marks() == ["?"]
    assert texts("1", "?", "3O").marks() == []
    assert texts("1", "-", "n.a.").marks() == ["-", "n.a."]


def test_a_part_of_many_texts_is_looked_at_first_and_all_are_counted() -> None:
    cells = [f"{i},5" for i in range(30_000)]
    [way] = texts(*cells).ways()
    assert (way.count, way.settings) == (30_000, "data.decimal=,")
