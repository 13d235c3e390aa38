"""A CSV file as checked cells: whatever is wrong is named with file, line and column."""

from __future__ import annotations

import csv
import io
import re
from unittest import mock

import numpy as np
import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from dltrain.data.table import csv_file
from dltrain.data.table.table import Table


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


def test_a_stray_text_among_numbers_is_refused_with_its_place() -> None:
    assert cell_refusal("a,y\n1,1\n\n2,1\n3O,1\n4,1\n", "a") == (
        "t.csv:5: column 'a': '3O' stands among numbers; correct it, or name it in "
        "data.missing_values, or use 'data.categorical=[a]' or 'data.drop=[a]'"
    )


@pytest.mark.parametrize("cell", ["inf", "-inf", "Infinity", "1e400"])
def test_a_number_that_is_not_finite_is_refused_with_its_place(cell: str) -> None:
    assert cell_refusal(f"a,y\n1,1\n2,{cell}\n", "y") == (
        f"t.csv:3: column 'y': {cell!r} is not finite; correct it, or name it in "
        "data.missing_values"
    )


def test_other_delimiters_count_as_well() -> None:
    assert refusal("a;y\n1;2;3\n", delimiter=";").startswith("t.csv:2: 3 cells")


# Whatever a small file holds, it is read as a plain, slow reader reads it - or refused with its


# words. Blocks are made as small as rows allow, so that columns change their kind between them.


MISSING = ["", "NA", "-9"]
NUMBERS = [
    "1",
    "-2.5",
    "+3",
    " 4",
    "5e2",
    ".5",
    "6.",
    "-9",
    "-9.0",
    "-90e-1",
    "007",
    "1e400",
    "inf",
]
TEXTS = ["", "NA", "x", "1x", "true", "False", "nan", "é", " ", "a b", "e5", "1_0", "\u0661"]
ODD = ['"q"', '"p,q"', '"d""d"', '"\n"', 'a"b', '"c"d', '"', '""', '"NA"', '"7"', "1,2", "\r"]
CELLS = [
    st.sampled_from(NUMBERS[:9]),
    st.sampled_from(["true", "False", "", "TRUE"]),
    st.sampled_from([*NUMBERS, *TEXTS]),
    st.sampled_from([*NUMBERS, *TEXTS, *ODD]),
]


@st.composite
def files(draw: st.DrawFn) -> bytes:
    width = draw(st.integers(1, 3))
    columns = [draw(st.sampled_from(CELLS)) for _ in range(width)]
    rows = draw(st.lists(st.tuples(*columns), max_size=12))
    end = draw(st.sampled_from(["\n", "\n", "\r\n", "\n\n"]))
    names = draw(st.sampled_from([["a", "b", "c"], ['"a"', "b", '"c\nd"'], ["a", "", "b"]]))
    text = end.join([",".join(names[:width]), *(",".join(row) for row in rows)])
    text = draw(st.sampled_from(["", "", "", "\ufeff", "\n"])) + text
    content = (text + draw(st.sampled_from(["", end]))).encode()
    strange = draw(st.sampled_from([b"", b"", b"", b"", b"\xff", b"\0"]))
    place = draw(st.integers(0, len(content)))
    return content[:place] + strange + content[place:]


NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?", re.ASCII | re.I)


def read_slowly(text: str) -> tuple[list[tuple[int, list[str]]], str]:
    """Return lines and rows, as far as they can be read, and what was wrong after them."""
    reader = csv.reader(io.StringIO(text + "\n\0"))
    rows: list[tuple[int, list[str]]] = []
    try:
        rows += ((reader.line_num, row) for row in reader if row)
    except csv.Error as error:
        return rows, str(error)
    if rows[-1][1] != ["\0"]:
        return rows, "a quote is not closed"
    return rows[:-1], ""


class Slow:
    """What a table is, said with Python's own csv and float."""

    def __init__(self, content: bytes) -> None:
        rows, end = read_slowly(content.decode("utf-8-sig"))
        assert (b"\0" in content, end) == (False, "")
        (_, self.header), *self.rows = rows
        self.lines = [line for line, _ in self.rows]

    def cells(self, index: int) -> list[str | None]:
        return [None if self.means_missing(row[index]) else row[index] for _, row in self.rows]

    def means_missing(self, cell: str) -> bool:
        return cell in MISSING or self.value(cell) == -9

    @staticmethod
    def value(cell: str | None) -> float:
        bare = (cell or "").strip(" \t\r\n\v\f")
        return float(bare) if NUMBER.fullmatch(bare) else np.nan

    def numbers(self, index: int) -> list[float] | str | None:
        cells = self.cells(index)
        present = [cell for cell in cells if cell is not None]
        if present and all(cell.lower() in ("true", "false") for cell in present):
            return [np.nan if cell is None else float(cell.lower() == "true") for cell in cells]
        values = [self.value(cell) for cell in cells]
        strays = [
            i for i, (c, v) in enumerate(zip(cells, values, strict=True)) if c and np.isnan(v)
        ]
        if strays and 2 * len(strays) >= len(present):
            may_be_missing = {cells[i] for i in strays} == {"nan"} and len(strays) < len(present)
            return f"t.csv: {self.header[index]!r} holds numbers and" if may_be_missing else None
        infinite = [i for i, value in enumerate(values) if np.isinf(value)]
        for wrong, words in ((strays, "stands among numbers"), (infinite, "is not finite")):
            if wrong:
                line, cell = self.lines[wrong[0]], cells[wrong[0]]
                return f"t.csv:{line}: column {self.header[index]!r}: {cell!r} {words}"
        return values


@settings(max_examples=300, deadline=None)
@given(content=files(), block=st.sampled_from([8, 64, 1 << 20]))
@example(content=b"a,b\r\n1,5e2\r\n1,-90e-1\r\n", block=8)  # a last block of a line end only
@example(content=b"a\r\n\r\r\n1,2", block=8)
def test_a_table_is_what_a_plain_reader_reads(content: bytes, block: int) -> None:
    with mock.patch.multiple(csv_file, LEAST_BLOCK=block, LARGEST_BLOCK=block):
        try:
            read = Table("t.csv", content, delimiter=",", missing_values=MISSING)
        except ValueError as complaint:
            right = is_right(str(complaint), content)
            event("a true complaint" if right else "a false one")
            if not right:
                raise
            return
        slow = Slow(content)
        assert read.header == slow.header
        assert len(read) == len(slow.rows)
        assert all(len(row) == len(slow.header) for _, row in slow.rows)
        for index, name in enumerate(read.header):
            cells = slow.cells(index)
            expected = slow.numbers(index)
            assert read.missing(name).tolist() == [cell is None for cell in cells]
            try:
                numbers = read.numbers(name)
            except ValueError as complaint:
                if not (expected and str(complaint).startswith(str(expected))):
                    raise
            else:
                assert (numbers is None) == (expected is None)
                if numbers is not None:
                    np.testing.assert_array_equal(numbers, np.array(expected, dtype=float))
            assert read.missing(name).tolist() == [cell is None for cell in cells]
            assert read.texts(name).tolist() == [cell or "" for cell in cells]


def is_right(complaint: str, content: bytes) -> bool:
    """Whether a complaint is true; of several wrong things, any may be named."""
    if "holds NUL bytes" in complaint:
        return b"\0" in content
    if "is not UTF-8 text" in complaint:
        before = content[: content.index(b"\xff")]
        return complaint.startswith(f"t.csv:{before.count(10) + 1}: ")
    if "old Macs" in complaint:
        return b"\r" in content and b"\n" not in content
    rows, end = read_slowly(content.replace(b"\0", b"?").decode("utf-8-sig", errors="replace"))
    header = rows[0][1] if rows else [""]
    if "is empty" in complaint:
        return header == [""]
    if "cannot be read as a table" in complaint:
        return end != ""
    if "has no name" in complaint:
        return any(not cell.strip() for cell in header)
    if "are called" in complaint:
        return len(set(header)) < len(header)
    if "has a header but no rows" in complaint:
        return len(rows) == 1
    if "rows of white space" in complaint:
        return any(row[0].isspace() for _, row in rows)
    line, cells = next((line, len(row)) for line, row in rows if len(row) != len(header))
    found = re.fullmatch(
        r"t\.csv:(\d+): (?:a quote opens here and goes on to line (\d+), which makes a row of )?"
        r"(\d+) cells, but the header has (\d+); .*",
        complaint,
    )
    assert found
    # A quote that is never closed has swallowed what the slow reader's last line says.
    swallowed = end == "a quote is not closed" and line == rows[-1][0]
    return found.groups()[2:] == (str(cells), str(len(header))) and (
        int(found[2] or found[1]) == line or swallowed
    )


def test_a_row_longer_than_a_block_is_read() -> None:
    text = "x" * (3 << 20)
    read = table(f"a,y\n1,2\n{text},3\n")
    assert read.texts("a")[1] == text


def test_many_empty_lines_are_no_rows() -> None:
    read = table("a,y\n" + "\n" * (3 << 20) + "1,2\n" + "\n" * (3 << 20) + "3,4\n")
    assert read.numbers("y").tolist() == [2, 4]  # type: ignore[union-attr]


def test_a_stray_text_far_down_is_found_with_its_line() -> None:
    rows = "".join(f"{i},1\n" for i in range(400_000))
    assert cell_refusal(f"a,y\n{rows}oops,1\n", "a").startswith("t.csv:400002: column 'a': 'oops'")


def test_kept_rows_keep_their_lines_and_texts() -> None:
    read = table("a,c,y\n1,p,1\n\n2,,2\n3,q,3\n")
    read.keep(~read.missing("c"))
    assert read.texts("a").tolist() == ["1", "3"]
    assert read.texts("c").tolist() == ["p", "q"]
    assert read.at(1, "a") == "t.csv:5: column 'a'"
