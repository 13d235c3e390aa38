from __future__ import annotations

import builtins
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pytest

from dltrain.data.table.excel_file import ExcelFile
from dltrain.data.table.reading import Reading
from dltrain.data.table.table import Table


def book(folder: Path, **sheets: list[list[Any]]) -> Path:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for title, rows in sheets.items():
        sheet = made.create_sheet(title)
        for number, row in enumerate(rows, start=1):
            for column, cell in enumerate(row, start=1):
                sheet.cell(number, column, cell)
    made.save(folder / "t.xlsx")
    return folder / "t.xlsx"


def opened(path: Path, **reading: Any) -> ExcelFile:
    return ExcelFile("t.xlsx", path, reading=Reading(**reading))


ROWS: list[list[Any]] = [
    ["n", "x", "on", "day", "text", 2019],
    [1, 0.5, True, datetime(2024, 1, 31), "a", 1],
    [],
    [2, None, False, datetime(2024, 2, 1, 12), "7", 2.0],
    [3, 3, True, None, "b", None],
]


def test_cells_have_the_types_they_have_in_the_sheet(tmp_path: Path) -> None:
    file = opened(book(tmp_path, data=ROWS))
    assert file.header == ["n", "x", "on", "day", "text", "2019"]
    [cells] = file.blocks(file.header, missing_values=["b"])
    assert [column.to_pylist() for column in cells] == [
        [1, 2, 3],
        [0.5, None, 3.0],
        [True, False, True],
        [datetime(2024, 1, 31), datetime(2024, 2, 1, 12), None],
        ["a", "7", None],
        [1, 2, None],
    ]
    assert cells[1].type == pa.float64()


def test_rows_are_counted_as_in_the_sheet(tmp_path: Path) -> None:
    table = Table("t.xlsx", opened(book(tmp_path, data=ROWS)), missing_values=[""])
    assert table.at(1, "n") == "t.xlsx: row 4: column 'n'"
    assert table.missing("x").tolist() == [False, True, False]


def test_mixed_cells_are_judged_like_texts_of_a_csv_file(tmp_path: Path) -> None:
    rows: list[list[Any]] = [["a"], [1.0], ["2"], [True], [date(2024, 1, 31)], ["2.5"]]
    [[cells]] = opened(book(tmp_path, data=rows)).blocks(["a"], missing_values=[])
    assert cells.to_pylist() == ["1", "2", "true", "2024-01-31 00:00:00", "2.5"]
    stray: list[list[Any]] = [["a"], [1], ["2"], [3], ["n.a."]]
    table = Table("t.xlsx", opened(book(tmp_path, data=stray)), missing_values=[])
    with pytest.raises(ValueError, match=r"^t\.xlsx: row 5: column 'a': 'n.a.' stands among"):
        table.numbers("a")


def test_a_preamble_comments_and_no_header_are_as_in_text(tmp_path: Path) -> None:
    path = book(tmp_path, data=[["Report"], ["a", "y"], [1, 2], ["# no"], [3, 4]])
    file = opened(path, skip_rows=1, comment="#")
    assert file.header == ["a", "y"]
    assert [c.to_pylist() for [c] in file.blocks(["a"], missing_values=[])] == [[1, 3]]
    assert opened(path, skip_rows=2, comment="#", header="none").header == ["c1", "c2"]


def test_which_of_several_sheets_is_read_must_be_said(tmp_path: Path) -> None:
    path = book(tmp_path, May=[["a"], [1]], June=[["a"], [2]], empty=[])
    with pytest.raises(ValueError, match=r"several sheets hold something; there are 'May', 'June'"):
        opened(path)
    with pytest.raises(ValueError, match=r"no sheet is 'Juni'.*add 'data.sheet=May'"):
        opened(path, sheet="Juni")
    [[cells]] = opened(path, sheet="June").blocks(["a"], missing_values=[])
    assert cells.to_pylist() == [2]


def test_a_sheet_that_is_asked_for_is_read_or_refused(tmp_path: Path) -> None:
    path = book(tmp_path, data=[["a"], [3]], empty=[])
    for reading in ({}, {"sheet": "data"}):
        [[cells]] = opened(path, **reading).blocks(["a"], missing_values=[])
        assert cells.to_pylist() == [3]
    advice = "there is 'data': add 'data.sheet=data', or rename the sheet"
    with pytest.raises(ValueError, match=rf"^t\.xlsx: no sheet is 'nope'; {advice}$"):
        opened(path, sheet="nope")
    with pytest.raises(ValueError, match=rf"^t\.xlsx: sheet 'empty' holds nothing; {advice}$"):
        opened(path, sheet="empty")


def test_formulas_that_were_never_calculated_are_told(tmp_path: Path) -> None:
    rows: list[list[Any]] = [["a", "b", "c", "y"], [1, "=A2*2", None, 2], [3, "=A3*2", None, 6]]
    path = book(tmp_path, data=rows)
    told = (
        r"^t\.xlsx: column 'b' holds formulas without saved values \(open and save the file in a "
    )
    with pytest.raises(ValueError, match=told):
        Table("t.xlsx", opened(path), missing_values=[])
    table = Table("t.xlsx", opened(path), missing_values=[], unused=["b"])
    assert table.numbers("y") is not None
    assert table.missing("b").tolist() == table.missing("c").tolist() == [True, True]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], r"^t\.xlsx: is empty"),
        ([["a", None, "y"], [1, 2, 3]], r"^t\.xlsx: row 1: column 2 has no name"),
        ([["a"], [1, 2]], r"^t\.xlsx: row 1: column 2 has no name"),
        ([["a", "a"], [1, 2]], r"^t\.xlsx: row 1: two columns are called 'a'"),
    ],
)
def test_a_sheet_that_is_no_table_is_refused(
    rows: list[list[Any]], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        opened(book(tmp_path, data=rows))


def test_half_a_workbook_is_refused_in_one_line(tmp_path: Path) -> None:
    path = book(tmp_path, data=ROWS)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ValueError, match=r"^t\.xlsx: is no intact Excel workbook \(") as caught:
        opened(path)
    assert "\n" not in str(caught.value)


def test_without_openpyxl_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, real = book(tmp_path, data=ROWS), builtins.__import__

    def without(name: str, *more: Any, **named: Any) -> Any:
        if name == "openpyxl":
            raise ImportError
        return real(name, *more, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ValueError, match=r"pip install 'dltrain\[excel\]'$"):
        opened(path)
