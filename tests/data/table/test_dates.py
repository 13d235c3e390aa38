"""Dates told from other texts, and what is taken of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dltrain.data.table.dates import FORMATS, ISO, PARTS, formats_of, numbers, read


@pytest.mark.parametrize(
    ("texts", "formats"),
    [
        (["2024-01-31", "2024-02-01"], [ISO]),
        (["2024-01-31T10:00:00Z", "2024-02-01 11:30:15.25+02:00"], [ISO]),
        (["2024/1/31", "2024/02/01"], [ISO]),
        (["31/12/2024", "01/02/2024"], ["%d/%m/%Y"]),
        (["12/31/2024", "01/02/2024"], ["%m/%d/%Y"]),
        (["01/02/2024", "03/03/2024"], ["%d/%m/%Y", "%m/%d/%Y"]),
        (["02/02/2024"], ["%d/%m/%Y", "%m/%d/%Y"]),  # other rows may differ
        (["31.12.2024", "1.2.2024"], ["%d.%m.%Y"]),
        (["31.12.24 10:30"], ["%d.%m.%y %H:%M"]),
        (["5-Jan-2024"], ["%d-%b-%Y"]),
        (["Jan 5, 2024", "May 6, 2024"], ["%b %d, %Y"]),
        (["May 6, 2024"], ["%b %d, %Y"]),
        (["12/31/2024 1:05 PM"], ["%m/%d/%Y %I:%M %p"]),
        (["Bonn", "Ayr"], []),
        (["192.168.1.1"], []),
        (["1-2", "2-3"], []),
        (["10-20-30"], []),
        (["2024"], []),
        (["12:30"], []),
    ],
)
def test_a_format_is_sure_only_where_no_other_fits(texts: list[str], formats: list[str]) -> None:
    assert formats_of(texts, stated=None) == formats


def test_what_is_stated_is_tried_first() -> None:
    assert formats_of(["01/02/2024"], stated="%m/%d/%Y") == ["%m/%d/%Y"]
    assert formats_of(["2024-01-31"], stated="%m/%d/%Y") == [ISO]


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_reads_what_it_writes(form: str) -> None:
    time = pd.Timestamp("2024-12-31 13:30:00")
    expected = pd.to_datetime(time.strftime(form), format=form).to_datetime64()
    assert read([time.strftime(form), "x"], form)[0] == expected
    assert np.isnat(read([time.strftime(form), "x"], form)[1])
    assert form in formats_of([time.strftime(form)], stated=None)


@pytest.mark.parametrize("text", ["2024-02-30", "2024-13-01", "2024-01-01 25:00", "x", "", "2024"])
def test_what_is_no_day_is_no_date(text: str) -> None:
    assert np.isnat(read([text], ISO)).all()


def test_the_parts_are_those_of_pandas() -> None:
    times = pd.Series(pd.date_range("1969-12-25", periods=3000, freq="7h37min"))
    ours = {part: numbers(times.to_numpy().astype("datetime64[s]"), part) for part in PARTS}
    assert np.array_equal(ours["year"], times.dt.year)
    assert np.array_equal(ours["month"], times.dt.month - 1)
    assert np.array_equal(ours["weekday"], times.dt.day_of_week)
    assert np.array_equal(ours["day_of_year"], times.dt.day_of_year)
    assert ours["hour"] == pytest.approx(times.dt.hour + times.dt.minute / 60)


def test_a_missing_date_has_no_parts() -> None:
    for part in PARTS:
        assert np.isnan(numbers(np.array(["NaT"], "datetime64[s]"), part)).all()
