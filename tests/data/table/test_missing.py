"""Which texts mean missing."""

from __future__ import annotations

import pytest

from dltrain.data.table.missing import USUAL
from tests.data.table.conftest import Prepare, column, refusal

NUMBERS = "x,y\n3,1.5\n6,2.5\n{},3.5\n12,4.5\n"


@pytest.mark.parametrize("text", ["", *USUAL])
def test_the_usual_texts_mean_missing_in_numbers_and_in_texts(prepare: Prepare, text: str) -> None:
    data = prepare(NUMBERS.format(text), missing_values=[], keep_default_na=True)
    assert data.train.inputs[:, 0].tolist() == [3, 6, 7, 12]
    data = prepare(f"x,y\na,1.5\n{text},2.5\n", missing_values=[], keep_default_na=True)
    assert data.feature_names == (("x_a", "x_nan"))


@pytest.mark.parametrize("text", ["?", "-", ".", "--", "N.A.", "unknown"])
def test_what_may_mean_missing_among_numbers_is_proposed(prepare: Prepare, text: str) -> None:
    told = refusal(prepare, NUMBERS.format(text), missing_values=["-9"])
    assert told.startswith(f"t.csv:4: column 'x': {text!r} stands among numbers; add ")
    assert "data.missing_values=[-9," in told
    data = prepare(NUMBERS.format(text), missing_values=["-9", text])
    assert data.train.inputs[:, 0].tolist() == [3, 6, 7, 12]


def test_what_may_mean_missing_is_proposed_where_most_cells_are_it(prepare: Prepare) -> None:
    told = refusal(prepare, "x,y\n?,1\n?,2\n3,3.5\n?,4\n")
    assert told == (
        "t.csv: 'x' holds numbers and '?': add \"data.missing_values=['?']\" if that means missing "
        "('data.categorical=[x]' takes them for names)"
    )
    assert column(prepare("x,y\n?,1.5\n-,2\n?,3\n"), "x").categories == ("-", "?")


def test_a_slip_among_numbers_is_no_mark(prepare: Prepare) -> None:
    assert "add" not in refusal(prepare, NUMBERS.format("3O"))


def test_a_category_may_be_called_as_what_usually_is_missing(prepare: Prepare) -> None:
    content = "country,y\nBW,1.5\nNA,2.5\n,3.5\n"
    data = prepare(content, missing_values=[], keep_default_na=False)
    assert data.feature_names == ("country_BW", "country_NA", "country_nan")
    data = prepare(content, missing_values=[], keep_default_na=True)
    assert data.feature_names == ("country_BW", "country_nan")
