"""The cells of a column: numbers, or texts."""

from __future__ import annotations

import numpy as np

from dltrain.data.table.table import Table
from tests.data.table.test_table import table


def test_missing_cells_are_those_that_were_named() -> None:
    read = table("a,y\nNA,1\n,2\nNaN,3\n")
    assert read.missing("a").tolist() == [True, True, False]


def test_numbers_are_numbers_and_text_is_not() -> None:
    read = table("a,b,c,d\n1,true,x,\n 2.5e1,False,y,3\n")
    assert np.array_equal(read.numbers("a"), [1, 25])  # type: ignore[arg-type]
    assert np.array_equal(read.numbers("b"), [1, 0])  # type: ignore[arg-type]
    assert read.numbers("c") is None
    assert np.array_equal(read.numbers("d"), [np.nan, 3], equal_nan=True)  # type: ignore[arg-type]


def test_a_number_means_every_spelling_of_it() -> None:
    raw = b"a,c,y\n-999,p,1\n-999.00,-999,2\n -9.99e2,q,3\n1,r,4\n"
    read = Table("t.csv", raw, delimiter=",", missing_values=["-999.0"])
    assert read.missing("a").tolist() == [True, True, True, False]
    assert read.missing("c").tolist() == [False, True, False, False]
