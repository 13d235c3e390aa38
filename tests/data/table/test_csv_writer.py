"""Cells and rows as CSV: whatever stands in them reads back; safe, no spreadsheet computes it."""

from __future__ import annotations

import csv
import io

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dltrain.data.table.csv_writer import as_cells, as_rows

TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), min_size=1)


@settings(deadline=None, max_examples=200)
@given(texts=TEXTS, delimiter=st.sampled_from(",;\t|^]-0 "), safe=st.booleans())
def test_what_is_written_reads_back_the_same_but_for_formulas_that_are_to_be_safe(
    texts: list[str], delimiter: str, safe: bool
) -> None:
    cells = as_cells(pa.array(texts, pa.string()), delimiter=delimiter, safe=safe)
    text = as_rows([pa.array(["a"] * len(texts)), cells], delimiter=delimiter).decode()
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    assert len(rows) == len(texts)
    for [_, found], given_text in zip(rows, texts, strict=True):
        assert found in (given_text, f"'{given_text}")
        assert found == given_text or (safe and given_text[0] in "=+-@\t\r\n")


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1 2", "-a", "@x", "\tx", "\rx", "\n=1", "=", "+", "--1", "+1+1", "-1e", "=-1"],
)
def test_formulas_are_marked_as_text(text: str) -> None:
    for others in ([], ["-1", "2"]):
        [*_, found] = as_cells(pa.array([*others, text]), delimiter=",", safe=True).to_pylist()
        assert found.strip('"').startswith(f"'{text[0]}")


@pytest.mark.parametrize("text", ["-1", "+1.5", "-.5", "-1e-7", "+2E10", "", "a=1", "1-2", " =x"])
def test_numbers_and_other_texts_stay_as_they_are(text: str) -> None:
    for others in ([], ["=x"]):
        [*_, found] = as_cells(pa.array([*others, text]), delimiter=",", safe=True).to_pylist()
        assert found == text


def test_a_part_of_a_column_is_written_like_the_whole_one() -> None:
    whole = pa.array(["=a", "b", "-1", 'c"', ""])
    cells = as_cells(whole, delimiter=",", safe=True).to_pylist()
    for start in range(5):
        assert (
            as_cells(whole.slice(start, 2), delimiter=",", safe=True).to_pylist()
            == cells[start : start + 2]
        )
    rows = as_rows([whole.slice(1, 2), whole.slice(2, 2)], delimiter=",")
    assert rows == b'b,-1\n-1,c"\n'


def test_no_rows_are_no_text() -> None:
    nothing = pa.array([], pa.string())
    assert as_cells(nothing, delimiter=",", safe=True).to_pylist() == []
    assert as_rows([nothing], delimiter=",") == b""
    assert as_cells(pa.array(["", ""]), delimiter=",", safe=True).to_pylist() == ["", ""]
