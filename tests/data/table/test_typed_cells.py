from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from dltrain.data.table.typed_cells import as_text, is_category, is_readable, numbers_of

MOMENT = datetime(2024, 1, 31, 12, 30)


@pytest.mark.parametrize(
    ("cells", "texts"),
    [
        (pa.array([1, None, -3], pa.int8()), ["1", None, "-3"]),
        (pa.array([1.0, 0.5, float("nan"), None]), ["1", "0.5", None, None]),
        (pa.array([Decimal("1.25")]), ["1.25"]),
        (pa.array([True, False, None]), ["true", "false", None]),
        (pa.array(["a", None], pa.large_string()), ["a", None]),
        (pa.array(["a", "b", "a"]).dictionary_encode(), ["a", "b", "a"]),
        (pa.array([7, 8]).dictionary_encode(), ["7", "8"]),
        (pa.array([date(2024, 1, 31)]), ["2024-01-31"]),
        (pa.array([MOMENT]), ["2024-01-31 12:30:00"]),
        (pa.array([MOMENT.replace(microsecond=5)]), ["2024-01-31 12:30:00.000005"]),
        (pa.array([MOMENT], pa.timestamp("ns", "Asia/Tokyo")), ["2024-01-31 21:30:00"]),
        (pa.array([time(12, 30)], pa.time32("s")), ["12:30:00"]),
        (pa.array([[1, 2]]), ["[1, 2]"]),
        (pa.nulls(2), [None, None]),
        (pa.nulls(2, pa.binary()), [None, None]),
    ],
)
def test_cells_of_every_type_have_a_text(cells: pa.Array, texts: list[str | None]) -> None:
    assert as_text(cells).to_pylist() == texts
    assert as_text(cells).type == pa.string()


@pytest.mark.parametrize(
    "cells",
    [
        pa.array([1, 2**53 + 1, None]),
        pa.array([1.0, 2.0**53, None], pa.float32()),
        pa.array([Decimal(1), Decimal(2**53), None], pa.decimal128(20, 2)),
        pa.array([0, 1, 2**53, None], pa.uint64()).slice(1),
    ],
)
def test_numbers_of_every_type_become_float64(cells: pa.Array) -> None:
    assert np.array_equal(numbers_of(cells), [1.0, 2.0**53, np.nan], equal_nan=True)


@pytest.mark.parametrize(
    ("kind", "readable", "category"),
    [
        (pa.string(), True, True),
        (pa.dictionary(pa.int8(), pa.int64()), True, True),
        (pa.int64(), True, False),
        (pa.bool_(), True, False),
        (pa.timestamp("ns"), True, False),
        (pa.list_(pa.int8()), False, False),
        (pa.binary(), False, False),
        (pa.struct([("a", pa.int8())]), False, False),
        (pa.duration("s"), False, False),
        (pa.dictionary(pa.int8(), pa.binary()), False, True),
    ],
)
def test_what_a_type_is_good_for(kind: Any, readable: bool, category: bool) -> None:
    assert (is_readable(kind), is_category(kind)) == (readable, category)
