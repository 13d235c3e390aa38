"""Columns that are made of others, in training and in other rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from dltrain.data.dataset import Column
from dltrain.data.table.derived import date_format, derive, times_of
from dltrain.data.table.source import HeldRows
from dltrain.data.table.table import Table
from tests.data.table.test_table import table


def test_a_part_of_a_date_is_a_column_of_its_own() -> None:
    read = table("when,y\n2024-03-01 12:30,1\n,2\n")
    hour = Column("when_hour", "number", source="when", part="hour", written="ISO")
    weekday = Column("when_weekday", "category", source="when", part="weekday", written="ISO")
    derive(read, [hour, weekday])
    assert np.array_equal(read.numbers("when_hour"), [12.5, np.nan], equal_nan=True)  # type: ignore[arg-type]
    assert [read.text(row, "when_weekday") for row in (0, 1)] == ["Fri", ""]


def test_what_is_missing_is_1_and_all_else_0() -> None:
    read = table("a,y\n1,1\n,2\nNA,3\n")
    derive(read, [Column("a_missing", "number", source="a", part="missing")])
    assert read.numbers("a_missing").tolist() == [0, 1, 1]  # type: ignore[union-attr]


def test_a_text_among_dates_is_refused_with_its_place() -> None:
    read = table("when,y\n2024-03-01,1\n2024-02-30,2\n")
    with pytest.raises(ValueError, match=r"t\.csv:3: column 'when': '2024-02-30' is no ISO date"):
        times_of(read, "when", "ISO")


def test_a_column_of_the_file_is_not_written_over() -> None:
    read = table("a,a_missing,y\n,1,1\n")
    with pytest.raises(ValueError, match="'a_missing' is made of another; rename yours"):
        derive(read, [Column("a_missing", "number", source="a", part="missing")])


@pytest.mark.parametrize("form", ["%d.%m.%Y", "%Y-%d-%m", "ISO"])
def test_dates_by_type_are_read_whatever_format_is_stated(form: str) -> None:
    texts = table("when,day\n2024-03-02,2024-03-02\n")
    cells = [pa.array(["2024-03-02 12:30", None]).cast(pa.timestamp("us")), pa.array(["x", "y"])]
    cells.append(pa.array(["2024-03-02", "2024-03-04"]).cast(pa.date32()))
    source = HeldRows(texts._file, cells, start=0)
    source.header = ["when", "text", "day"]
    typed = Table("t", source, missing_values=[])
    assert str(times_of(typed, "when", form)[0]) == "2024-03-02T12:30:00"
    assert np.isnat(times_of(typed, "when", form)[1])
    assert str(times_of(typed, "day", form)[0]) == "2024-03-02T00:00:00"
    assert date_format(typed, "day", stated=form) == "ISO"
    assert not typed.is_date("text")
    assert date_format(texts, "day", stated=form) == (form if "-" in form else "ISO")
