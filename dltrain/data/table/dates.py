"""Dates and times: told from other texts, read, and turned into numbers and categories.

A time is what the clock showed where it was written: its zone, if one is named, is left out.

Letters: T different texts.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dltrain.data.table.cells import fixed

Times = npt.NDArray[np.datetime64]

ISO = "ISO"
_ISO = re.compile(
    r"\s*(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:[T ]+(\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?))?"
    r"\s*(?:Z|UTC|[+-]\d{2}:?\d{2})?\s*",
    re.ASCII,
)
# What others write, besides ISO; which is meant is only sure where no other fits.
_DAYS = (
    *("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%d/%m/%y", "%m/%d/%y"),
    *("%d.%m.%y", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y"),
)
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
FORMATS = tuple(day + clock for clock in _CLOCKS for day in _DAYS)
_LIKELY = re.compile(r"\s*(\d{1,4}[-/. ](\d{1,2}|[A-Za-z]{3,9})|[A-Za-z]{3,9} \d{1,2},)[-/. ]")
_FIRST = 200  # texts that are looked at first

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
PARTS = ("year", "month", "weekday", "day_of_year", "hour")


def formats_of(texts: Sequence[str], *, stated: str | None) -> list[str]:
    """List the formats in which most texts are dates: ISO, or the one stated, or all that fit best.

    Args:
        texts: [T].
        stated: A format to try before others.
    """
    first = texts[:: len(texts) // _FIRST + 1]
    if stated is not None and _share(first, stated) > 0.5:
        return [stated]
    if sum(_LIKELY.match(text) is not None for text in first) * 2 <= len(first):
        return []
    if _share(first, ISO) > 0.5:
        return [ISO]
    shares = {form: _share(first, form) for form in FORMATS if _may_fit(first, form)}
    best = max(shares.values(), default=0)
    if best <= 0.5:
        return []
    counts = {form: _share(texts, form) for form, share in shares.items() if share == best}
    fitting = [form for form, count in counts.items() if count == max(counts.values())]
    # May is written alike in full and short.
    return list({form.replace("%B", "%b"): form for form in reversed(fitting)}.values())[::-1]


def _may_fit(texts: Sequence[str], form: str) -> bool:
    """Tell whether a format has the marks of the first text that looks like a date."""
    text = next(text for text in texts if _LIKELY.match(text))
    marks = re.sub(r"\w", "", form.replace("%", "")).strip()
    return sorted(marks) == sorted(re.sub(r"\w", "", text).strip())


def _share(texts: Sequence[str], form: str) -> float:
    return float(np.count_nonzero(~np.isnat(read(texts, form)))) / len(texts)


def read(texts: Sequence[str], form: str) -> Times:
    """Read dates, to the second, [T]; NaT where a text is none in that format."""
    if form == ISO:
        try:
            fast = pa.array(texts, pa.string()).cast(pa.timestamp("us"))
            return fixed(fast, "datetime64[us]").astype("datetime64[s]")
        except pa.ArrowInvalid:
            return np.array(list(map(_iso, texts)), "datetime64[s]")
    import pandas as pd

    stripped = pd.Series(list(texts), dtype=object).str.strip()
    times = pd.to_datetime(stripped, format=form, errors="coerce", utc="%z" in form)
    if "%z" in form:
        times = times.dt.tz_localize(None)
    return times.to_numpy().astype("datetime64[s]")


def _iso(text: str) -> np.datetime64:
    match = _ISO.fullmatch(text)
    if match is None:
        return np.datetime64("NaT")
    year, _, month, day, clock = match.groups()
    try:
        return np.datetime64(
            f"{year}-{int(month):02}-{int(day):02}T{(clock or '00:00').zfill(5)}", "s"
        )
    except ValueError:  # there is no such day, or hour
        return np.datetime64("NaT")


def numbers(times: Times, part: str) -> npt.NDArray[np.float64]:
    """Return the year, the day of the year from 1, or the hour with its fraction; nan for NaT.

    Months count from 0, and weekdays from 0 for Monday.
    """
    days, years = times.astype("datetime64[D]"), times.astype("datetime64[Y]")
    match part:
        case "year":
            values = years.astype(np.float64) + 1970
        case "month":
            values = (times.astype("datetime64[M]") - years).astype(np.float64)
        case "weekday":
            values = (days.astype(np.float64) + 3) % 7  # 1970 began on a Thursday
        case "day_of_year":
            values = (days - years).astype(np.float64) + 1
        case _:
            values = (times - days).astype(np.float64) / 3600
    values[np.isnat(times)] = np.nan
    return values


NAMES: Mapping[str, tuple[str, ...]] = {"month": MONTHS, "weekday": WEEKDAYS}


def as_advice(formats: Sequence[str]) -> str:
    """Name the formats that a column of dates may have, to paste."""
    return " or ".join(f"'data.date_format={form}'" for form in itertools.islice(formats, 4))
