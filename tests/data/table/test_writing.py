"""Numbers as people write them."""

from __future__ import annotations

import pyarrow as pa
import pytest

from dltrain.data.table.cells import parsed
from dltrain.data.table.writing import SIGNS, Writing, common_sign

COMMA = Writing(",")
GERMAN, ENGLISH = Writing(",", "."), Writing(".", ",")


def read(text: str, writing: Writing) -> float | None:
    [value] = parsed(pa.array([text]), writing).tolist()
    return None if value != value else value


@pytest.mark.parametrize(
    ("text", "writing", "value"),
    [
        ("4,0", COMMA, 4.0),
        (" -12,5 ", COMMA, -12.5),
        (",5", COMMA, 0.5),
        ("1,5e3", COMMA, 1500.0),
        ("9.23", COMMA, 9.23),  # another column of the same file
        ("0.613", COMMA, 0.613),
        ("1234.567", COMMA, 1234.567),
        ("1.234", COMMA, None),  # 1234, or 1.234?
        ("1.234,5", COMMA, None),
        ("1.234,56", GERMAN, 1234.56),
        ("1.234.567", GERMAN, 1234567.0),
        ("1.234", GERMAN, 1234.0),
        ("1.23", GERMAN, None),
        ("0.613", GERMAN, None),
        ("12345,6", GERMAN, 12345.6),
        ("1,234.5", ENGLISH, 1234.5),
        ("12,34", ENGLISH, None),
        ("0,613", ENGLISH, None),
        ("1 234,5", Writing(",", "space"), 1234.5),
        ("1\u00a0234", Writing(".", "space"), 1234.0),
        ("1\u202f234", Writing(".", "space"), 1234.0),
        ("1'234.5", Writing(".", "'"), 1234.5),
        ("-$1,234.50", Writing(".", ",", "$"), -1234.5),
        ("$ -5", Writing(sign="$"), -5.0),
        ("5", Writing(sign="$"), None),
        ("€5", Writing(sign="$"), None),
        ("12,50 €", Writing(",", sign="€"), 12.5),
        ("37.4 %", Writing(sign="%"), 37.4),
        ("0.374", Writing(sign="%"), None),
        ("inf", COMMA, None),
        ("1,2,3", COMMA, None),
        ("x", GERMAN, None),
    ],
)
def test_a_number_is_read_as_it_is_written_or_not_at_all(
    text: str, writing: Writing, value: float | None
) -> None:
    assert read(text, writing) == value


def test_a_missing_cell_stays_missing() -> None:
    cells = Writing(",").plain(pa.array(["1,5", None, "x"]))
    assert cells.to_pylist() == ["1.5", None, "no number"]


@pytest.mark.parametrize("sign", SIGNS)
def test_every_sign_is_found_before_or_behind_a_number(sign: str) -> None:
    assert common_sign([f"12.5 {sign}", f"7{sign}"]) == sign
    assert read(f"12.5 {sign}", Writing(sign=sign)) == 12.5


@pytest.mark.parametrize("texts", [["w1", "w2"], ["1st", "2nd"], ["A-12"], ["5 apples"], ["$"]])
def test_labels_with_numbers_carry_no_sign(texts: list[str]) -> None:
    assert common_sign(texts) == ""
