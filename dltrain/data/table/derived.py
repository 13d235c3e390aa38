"""Columns that are made of others: parts of dates, and whether a number is missing.

Letters: N rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dltrain.data.dataset import Column
from dltrain.data.table import dates
from dltrain.data.table.table import Table, quoted
from dltrain.system.shell import setting


def derive(table: Table, columns: Sequence[Column]) -> None:
    """Add to a table those columns that are made of others.

    Raises:
        ValueError: If a cell is no date where dates are expected; the message names line and
            column.
    """
    times = {
        column.source: times_of(table, column.source, column.written)
        for column in {c.source: c for c in columns if c.part in dates.PARTS}.values()
    }
    for column in columns:
        if column.part == "missing":
            table.add(column.name, table.missing(column.source).astype(np.float64))
        elif column.part:
            values = dates.numbers(times[column.source], column.part)
            table.add(column.name, values, names=dates.NAMES.get(column.part, ()))


def date_format(table: Table, name: str, *, stated: str | None) -> str | None:
    """Return the format of a column of dates; None if it holds other texts.

    Args:
        table: All rows.
        name: The column.
        stated: A format to try before others; dates by type need none.

    Raises:
        ValueError: If more than one format fits.
    """
    texts = table.categories(name)[0]
    if texts and table.is_date(name):
        return dates.ISO
    formats = dates.formats_of(texts, stated=stated) if texts else []
    if len(formats) > 1:
        keep = f"{setting('data.categorical', [name])} takes them for names"
        raise ValueError(
            f"{table.name}: {name!r} holds dates such as {texts[0]!r}, which may be read in more "
            f"than one way: add {dates.as_advice(formats)} ({keep})"
        )
    return formats[0] if formats else None


def times_of(table: Table, name: str, form: str) -> dates.Times:
    """Read a column of dates, [N]; NaT where a cell is missing.

    Args:
        table: All rows.
        name: The column.
        form: How its texts are written; dates by type are read whatever it is.

    Raises:
        ValueError: If a cell is no date in that format.
    """
    texts, codes = table.categories(name)
    times = dates.read(texts, dates.ISO if table.is_date(name) else form)
    times = np.append(times, np.datetime64("NaT"))  # of missing cells, whose code is -1
    strays = np.flatnonzero(np.isnat(times[codes]) & (codes >= 0))
    if len(strays):
        shown = "no ISO date" if form == dates.ISO else f"no date like {form}"
        names = " or ".join(setting(key, [name]) for key in ("data.categorical", "data.drop"))
        raise ValueError(
            f"{table.at(strays[0], name)}: {quoted(texts[codes[strays[0]]])} is {shown}, as the "
            f"others are; correct it, or name it in data.missing_values, or use {names}"
        )
    return times[codes]
