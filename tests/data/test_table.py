"""A CSV file as checked cells: whatever is wrong is named with file, line and column."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dltrain.data.table import Table, _check_widths, _count_cells


def table(content: str | bytes, *, delimiter: str = ",") -> Table:
    raw = content if isinstance(content, bytes) else content.encode()
    return Table("t.csv", raw, delimiter=delimiter, missing_values=["", "NA"])


def refusal(content: str | bytes, *, delimiter: str = ",") -> str:
    with pytest.raises(ValueError, match=r".") as caught:
        table(content, delimiter=delimiter)
    return str(caught.value)


def cell_refusal(content: str, column: str) -> str:
    with pytest.raises(ValueError, match=r".") as caught:
        table(content).numbers(column)
    return str(caught.value)


WIDTH = "correct the row, or quote cells that contain the delimiter"


NAMELESS = (
    "no name; give it one (if it only numbers the rows, name it and leave it out with data.drop)"
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "t.csv: is empty; a table needs a header and rows"),
        ("\n", "t.csv: is empty; a table needs a header and rows"),
        ("a,y\n", "t.csv: has a header but no rows"),
        ("a,y", "t.csv: has a header but no rows"),
        ("a,y\n\n\n", "t.csv: has a header but no rows"),
        ("a,y\n1,2\n3\n", f"t.csv:3: 1 cells, but the header has 2; {WIDTH}"),
        ("a,y\n1,2\n3,4,5\n", f"t.csv:3: 3 cells, but the header has 2; {WIDTH}"),
        ("a,y\n1,2,\n3,4,\n", f"t.csv:2: 3 cells, but the header has 2; {WIDTH}"),
        ("a,y\n\n1,2\n\n3\n", f"t.csv:5: 1 cells, but the header has 2; {WIDTH}"),
        ("a,y\r\n1,2\r\n3\r\n", f"t.csv:3: 1 cells, but the header has 2; {WIDTH}"),
        ('a,y\n"p\nq",2\n3\n', f"t.csv:4: 1 cells, but the header has 2; {WIDTH}"),
        ('a,y\n"p,q",2\n3,4,5\n', f"t.csv:3: 3 cells, but the header has 2; {WIDTH}"),
        ("a,y,\n1,2,\n", f"t.csv:1: column 3 has {NAMELESS}"),
        ('a," ",y\n1,2,3\n', f"t.csv:1: column 2 has {NAMELESS}"),
        ("a,y,a\n1,2,3\n", "t.csv:1: two columns are called 'a'; rename one of them"),
        ("a,y\n1,\x00\n", "t.csv: holds NUL bytes; is it a text file?"),
        ("a,y\n1,2\n", ""),
    ],
)
def test_a_table_of_the_wrong_shape_is_refused(content: str, message: str) -> None:
    if message:
        assert refusal(content) == message
    else:
        assert len(table(content)) == 1


def test_text_that_is_not_utf8_is_refused_with_its_line() -> None:
    assert refusal("a,y\n1,2\nü,3\n".encode("latin-1")) == (
        "t.csv:3: is not UTF-8 text; convert it, for example with iconv"
    )


def test_line_ends_of_old_macs_are_named() -> None:
    assert "line ends of old Macs" in refusal("a,y\r1,2\r")


def test_empty_lines_before_the_header_are_passed_over() -> None:
    read = table("\n\na,y\n1,2\n")
    assert (read.header, read.lines.tolist()) == (["a", "y"], [4])


def test_utf16_and_zip_are_no_text() -> None:
    assert "holds NUL bytes" in refusal("a,y\n1,2\n".encode("utf-16"))


@pytest.mark.parametrize("content", ['a,y\n1,"2\n3,4\n', 'a,"y\n1,2\n'])
def test_what_cannot_be_read_as_a_table_is_refused(content: str) -> None:
    assert refusal(content).startswith("t.csv: cannot be read as a table (")


def test_an_unclosed_quote_that_swallows_cells_is_refused_with_a_line() -> None:
    assert refusal('a,b,y\n1,"2,3\n4,5,6\n').startswith("t.csv:3: 2 cells")


def test_a_row_of_white_space_in_a_single_column_is_refused() -> None:
    assert refusal("a\n1\n  \n2\n") == "t.csv: has rows of white space only; remove them"


def test_a_byte_order_mark_is_no_part_of_a_name() -> None:
    assert table("a,y\n1,2\n".encode("utf-8-sig")).header == ["a", "y"]


def test_empty_lines_are_no_rows_and_the_lines_are_right() -> None:
    read = table("a,y\n\n1,2\n\n\n3,4\n")
    assert read.lines.tolist() == [3, 6]
    assert read.texts("a").tolist() == ["1", "3"]


def test_cells_with_line_ends_do_not_shift_the_lines() -> None:
    read = table('a,y\n"p\nq\nr",2\ns,3\n')
    assert read.lines[-1] == 5
    assert read.texts("a").tolist() == ["p\nq\nr", "s"]


def test_quotes_and_doubled_quotes_are_taken_off() -> None:
    assert table('a,y\n"x, ""y""",2\n').texts("a").tolist() == ['x, "y"']


def test_a_file_may_end_without_a_line_end() -> None:
    assert table("a,y\n1,2\n3,4").texts("y").tolist() == ["2", "4"]


def test_missing_cells_are_those_that_were_named() -> None:
    read = table("a,y\nNA,1\n,2\nNaN,3\n")
    assert read.missing("a").tolist() == [True, True, False]


def test_numbers_are_numbers_and_text_is_not() -> None:
    read = table("a,b,c,d\n1,true,x,\n 2.5e1,False,y,3\n")
    assert np.array_equal(read.numbers("a"), [1, 25])  # type: ignore[arg-type]
    assert np.array_equal(read.numbers("b"), [1, 0])  # type: ignore[arg-type]
    assert read.numbers("c") is None
    assert np.array_equal(read.numbers("d"), [np.nan, 3], equal_nan=True)  # type: ignore[arg-type]


def test_a_stray_text_among_numbers_is_refused_with_its_place() -> None:
    assert cell_refusal("a,y\n1,1\n\n2,1\n3O,1\n4,1\n", "a") == (
        "t.csv:5: column 'a': '3O' stands among numbers; correct it, or name it in "
        "data.missing_values, or use data.categorical=[a] or data.drop=[a]"
    )


@pytest.mark.parametrize("cell", ["inf", "-inf", "Infinity", "1e400"])
def test_a_number_that_is_not_finite_is_refused_with_its_place(cell: str) -> None:
    assert cell_refusal(f"a,y\n1,1\n2,{cell}\n", "y") == (
        f"t.csv:3: column 'y': {cell!r} is not finite; correct it, or name it in "
        "data.missing_values"
    )


def test_other_delimiters_count_as_well() -> None:
    assert refusal("a;y\n1;2;3\n", delimiter=";").startswith("t.csv:2: 3 cells")


CELL = st.text(alphabet="ab1. ;é", max_size=4)
ROW = st.lists(CELL, max_size=5)


@given(rows=st.lists(ROW, min_size=1, max_size=12), end=st.booleans(), mark=st.sampled_from(",;\t"))
def test_the_fast_count_of_cells_equals_the_csv_readers(
    rows: list[list[str]], end: bool, mark: str
) -> None:
    text = "\n".join(mark.join(row) for row in rows) + ("\n" if end else "")
    reader = csv.reader(io.StringIO(text), delimiter=mark)
    counted = [(reader.line_num, len(row)) for row in reader if row]
    lines, cells = _count_cells(text.encode(), mark.encode())
    assert list(zip(lines.tolist(), cells.tolist(), strict=True)) == counted


@given(rows=st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=12))
def test_tables_with_and_without_quotes_are_counted_alike(rows: list[tuple[str, ...]]) -> None:
    plain = "\n".join(",".join(row) for row in [("a", "b", "c"), *rows])
    quoted = "\n".join(",".join(f'"{c}"' for c in row) for row in [("a", "b", "c"), *rows])
    assert _check_widths("t", plain, ",", 3).tolist() == _check_widths("t", quoted, ",", 3).tolist()
