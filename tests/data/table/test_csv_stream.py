"""A CSV file in blocks of whole rows: what the whole file has, complaints with the same lines."""

from __future__ import annotations

import csv
import io
import random
import re

import pytest

from dltrain.data.table import csv_stream
from dltrain.data.table.csv_stream import CsvBlocks, whole_rows
from dltrain.data.table.reading import Reading
from dltrain.data.table.table import Table


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let blocks be so small that a short file has many."""
    monkeypatch.setattr(csv_stream, "LEAST_BLOCK", 64)
    monkeypatch.setattr(csv_stream, "HEADERS_PER_BLOCK", 1)


def of(text: str | bytes, delimiter: str = ",") -> CsvBlocks:
    content = text.encode() if isinstance(text, str) else text
    return CsvBlocks("t.csv", io.BytesIO(content), reading=Reading(delimiter=delimiter))


def random_table(seed: int) -> tuple[str, list[list[str]]]:
    chance = random.Random(seed)
    cells = ["1", "-2.5", "", "red", 'a "b"', "x,y", "two\nlines", "\n", '"', 'ends"', "a\r\nb"]
    rows = [[chance.choice(cells) for _ in range(3)] for _ in range(chance.randint(1, 60))]
    rows = [row for row in rows if any(row)]
    stream = io.StringIO()
    mark = chance.choice(["\n", "\r\n"])
    csv.writer(stream, lineterminator=mark).writerows([["a", "b,\nc", "d"], *rows])
    return stream.getvalue(), rows


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("seed", range(40))
def test_all_rows_come_once_in_order_whatever_stands_in_them(seed: int) -> None:
    text, rows = random_table(seed)
    source = of(text)
    assert source.header == ["a", "b,\nc", "d"]
    found = [
        list(row)
        for block in source
        for row in zip(*(cells.to_pylist() for cells in block.columns), strict=True)
    ]
    assert found == rows


@pytest.mark.usefixtures("small")
def test_a_block_is_a_table_like_any_other() -> None:
    lines = [f"{i},{'red' if i % 3 else ''},{i % 2 == 0}" for i in range(100)]
    text = "\n".join(["x,colour,even", *lines, ""])
    whole = Table("t.csv", text.encode(), delimiter=",", missing_values=["", "7"])
    numbers, texts, evens = [], [], []
    count = 0
    for block in of(text):
        count += 1
        own = Table("t.csv", block, delimiter=",", missing_values=["", "7"], as_text=["colour"])
        [found, even] = [own.numbers("x"), own.numbers("even")]
        assert found is not None
        assert even is not None
        numbers += found.tolist()
        evens += even.tolist()
        texts += own.texts("colour").tolist()
    assert count > 5
    own_numbers, own_evens = whole.numbers("x"), whole.numbers("even")
    assert own_numbers is not None
    assert own_evens is not None
    assert str(numbers) == str(own_numbers.tolist())
    assert evens == own_evens.tolist()
    assert texts == whole.texts("colour").tolist()


WRONG = {
    "a short row": ["1,2", "1"],
    "a long row": ["1,2,3"],
    "a quote that opens": ['1,"2', '3",4'],
    "no UTF-8": [b"1,\xff"],
    "NUL": [b"1,\0"],
    "a stray return": ["1\r2,3"],
}


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("before", [0, 1, 30])
@pytest.mark.parametrize("header", ["a,b", '\n\n"a\nx",b', "\ufeffa,b"])
def test_complaints_name_the_line_of_the_file(
    wrong: list[str | bytes], before: int, header: str
) -> None:
    rows = [line if isinstance(line, bytes) else line.encode() for line in wrong]
    good = [f'{i},"x\ny"'.encode() if i % 7 == 3 else f"{i},x".encode() for i in range(before)]
    text = b"\n".join([header.encode(), *good, *rows, b"9,9", b"9,9"])
    with pytest.raises(ValueError, match=r"t\.csv") as whole:
        Table("t.csv", text, delimiter=",", missing_values=[""])
    with pytest.raises(ValueError, match=r"t\.csv") as parts:
        [Table("t.csv", block, delimiter=",", missing_values=[""]) for block in of(text)]
    assert str(parts.value) == str(whole.value)


@pytest.mark.usefixtures("small")
def test_cells_are_named_by_the_line_of_the_file() -> None:
    lines = ["x,note", *(f'{i},"two\nlines"' for i in range(20)), "abc,n"]
    found = []
    for block in of("\n".join(lines)):
        table = Table("t.csv", block, delimiter=",", missing_values=[""])
        found += [table.at(row, "x") for row in range(len(block))]
    assert found[0] == "t.csv:3: column 'x'"  # a row of two lines is named by its last
    assert found[-1] == "t.csv:42: column 'x'"


def test_a_row_without_end_is_refused_before_it_fills_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(csv_stream, "MAX_ROW_BYTES", 1000)
    monkeypatch.setattr(csv_stream, "LEAST_BLOCK", 64)
    text = "a,b\n1,2\n" + '3,"' + "x\n" * 10_000
    with pytest.raises(ValueError, match=re.escape("t.csv:3: a row of more than 1000 bytes")):
        list(of(text))
    with pytest.raises(ValueError, match="has a header of more than 1000 bytes"):
        of("a" * 2000)
    with pytest.raises(ValueError, match="has a header of more than 1000 bytes"):
        of('"' + "a\n" * 2000)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("a,a\n", "two columns are called 'a'"),
        ("a,\n", "column 2 has no name"),
        ("a\rb\r", "line ends of old Macs"),
        ('"a', "a quote is not closed"),
    ],
)
def test_a_header_that_is_none_is_refused(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        of(text)


def test_a_header_alone_has_no_blocks() -> None:
    for text in ("a,b", "a,b\n", "a,b\r\n\r\n\n"):
        assert list(of(text)) == []


@pytest.mark.parametrize(
    ("block", "size"),
    [
        (b"", 0),
        (b"1,2", 0),
        (b"1,2\n", 4),
        (b"1,2\n3", 4),
        (b'1,"2\n3"\n4', 8),
        (b'1,"2\n3', 0),
        (b'1,5" pipe\n2,6" pipe\n3', 20),  # a quote within a cell is a character
        (b'"a ""b\n', 0),
        (b'"a ""b"\n', 8),
        (b"1\r2\n3", 4),
    ],
)
def test_rows_are_whole_where_their_quotes_are_closed(block: bytes, size: int) -> None:
    assert whole_rows(block, ",") == size
