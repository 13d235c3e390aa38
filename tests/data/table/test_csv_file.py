"""A CSV file read in blocks: its shape, its text, its lines."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from dltrain.data.table.csv_file import CsvFile
from dltrain.data.table.reading import Reading
from tests.data.table.test_table import refusal, table

WIDTH = "correct the row, or quote cells that contain the delimiter"
ENDS = "if all rows end with ',', take it off: sed 's/,\\r*$//'"
NO_LAST_NAME = (
    "the header ends with ',', so column 3 has no name; give it one, or take the ends off all "
    "lines: sed 's/,\\r*$//'"
)
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
        ("a,y\n1,2,\n3,4\n", f"t.csv:2: 3 cells, but the header has 2; {ENDS}"),
        ("a,y\n\n1,2\n\n3\n", f"t.csv:5: 1 cells, but the header has 2; {WIDTH}"),
        ("a,y\r\n1,2\r\n3\r\n", f"t.csv:3: 1 cells, but the header has 2; {WIDTH}"),
        ('a,y\n"p\nq",2\n3\n', f"t.csv:4: 1 cells, but the header has 2; {WIDTH}"),
        ('a,y\n"p,q",2\n3,4,5\n', f"t.csv:3: 3 cells, but the header has 2; {WIDTH}"),
        ("a,y,\n1,2,\n", f"t.csv:1: {NO_LAST_NAME}"),
        (
            "sep=;\na;y\n1;2\n",
            "t.csv:1: tells spreadsheets what separates cells and is no header; "
            "add data.skip_rows=1 'data.delimiter=;'",
        ),
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


def test_text_that_is_not_utf8_is_refused_with_its_line_and_the_likely_encoding() -> None:
    assert refusal("a,y\n1,2\nü,3\n".encode("latin-1")) == (
        "t.csv:3: is not UTF-8 text; if it is cp1252 (then it holds 'ü'), train with "
        "data.encoding=cp1252, or convert it: iconv -f cp1252 -t utf-8"
    )


def test_line_ends_of_old_macs_are_named() -> None:
    assert "line ends of old Macs" in refusal("a,y\r1,2\r")


def test_empty_lines_before_the_header_are_passed_over() -> None:
    read = table("\n\na,y\n1,2\n")
    assert (read.header, read.at(0, "a")) == (["a", "y"], "t.csv:4: column 'a'")


def test_utf16_without_a_mark_is_proposed() -> None:
    message = refusal("a,y\n1,2\n".encode("utf-16-be"))
    assert message == "t.csv: is no UTF-8 text; it looks like data.encoding=utf-16-be"


@pytest.mark.parametrize("content", ['a,y\n1,"2\n3,4\n', 'a,"y\n1,2\n'])
def test_what_cannot_be_read_as_a_table_is_refused(content: str) -> None:
    assert refusal(content).startswith("t.csv: cannot be read as a table (")


def test_an_unclosed_quote_that_swallows_cells_is_refused_with_a_line() -> None:
    assert refusal('a,b,y\n1,"2,3\n4,5,6\n').startswith(
        "t.csv:2: a quote opens here and goes on to line 3, which makes a row of 2 cells"
    )


def test_a_row_of_white_space_in_a_single_column_is_refused() -> None:
    assert refusal("a\n1\n  \n2\n") == "t.csv: has rows of white space only; remove them"


def test_a_byte_order_mark_is_no_part_of_a_name() -> None:
    assert table("a,y\n1,2\n".encode("utf-8-sig")).header == ["a", "y"]


def test_empty_lines_are_no_rows_and_the_lines_are_right() -> None:
    read = table("a,y\n\n1,2\n\n\n3,4\n")
    assert [read.at(row, "a")[:7] for row in (0, 1)] == ["t.csv:3", "t.csv:6"]
    assert read.texts("a").tolist() == ["1", "3"]


def test_cells_with_line_ends_do_not_shift_the_lines() -> None:
    read = table('a,y\n"p\nq\nr",2\ns,3\n')
    assert read.at(1, "a") == "t.csv:5: column 'a'"
    assert read.texts("a").tolist() == ["p\nq\nr", "s"]


def test_quotes_and_doubled_quotes_are_taken_off() -> None:
    assert table('a,y\n"x, ""y""",2\n').texts("a").tolist() == ['x, "y"']


def test_a_file_may_end_without_a_line_end() -> None:
    assert table("a,y\n1,2\n3,4").texts("y").tolist() == ["2", "4"]


def test_the_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    content = b'\xef\xbb\xbf"a",y\r\n1,2\r\n3,4'
    (tmp_path / "t.csv").write_bytes(content)
    file = CsvFile("t.csv", tmp_path / "t.csv", reading=Reading())
    assert [len(cells) for [cells] in file.blocks(["a"], missing_values=[])] == [2]
    assert file.sha256 == hashlib.sha256(content).hexdigest()
