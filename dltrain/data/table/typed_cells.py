"""Arrow's types of cells reduced to the three that tables know: numbers, true or false, texts.

Whole, floating and decimal numbers are numbers, and a nan among them is missing; true and false are
the texts ``true`` and ``false``; strings and dictionaries are texts; dates and times are texts as
ISO 8601 writes them, by the clock of their own time zone. Letters: n rows of a block.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

_SECOND = pa.timestamp("s")


def is_number(kind: pa.DataType) -> bool:
    """Whether cells of a type are numbers; true and false are none."""
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )


def is_category(kind: pa.DataType) -> bool:
    """Whether cells of a type are texts, even where they look like numbers."""
    texts = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return bool(pa.types.is_dictionary(kind) or any(is_text(kind) for is_text in texts))


def is_date(kind: pa.DataType) -> bool:
    """Whether cells of a type are days or points in time, which become ISO dates as texts."""
    return bool(pa.types.is_date(kind) or pa.types.is_timestamp(kind))


def is_readable(kind: pa.DataType) -> bool:
    """Whether something can be learned from cells of a type: not from lists, bytes and the like."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    simple = (pa.types.is_boolean, pa.types.is_null, pa.types.is_time)
    known = (is_number, is_category, is_date, *simple)
    return any(each(kind) for each in known)


def numbers_of(cells: pa.Array) -> npt.NDArray[np.float64]:
    """Return cells of a number type as float64, [n], nan where they are null."""
    floats = cells.cast(pa.float64(), safe=False)
    if not len(floats):
        return np.empty(0)
    values = np.frombuffer(floats.buffers()[1], np.float64)
    values = values[floats.offset : floats.offset + len(floats)]
    if not floats.null_count:
        return values
    return np.where(floats.is_valid().to_numpy(zero_copy_only=False), values, np.nan)


def as_text(cells: pa.Array) -> pa.StringArray:
    """Write cells of any type as text, [n]; null and nan stay null."""
    kind = cells.type
    if pa.types.is_string(kind):
        return cells
    if pa.types.is_floating(kind):
        cells = pc.if_else(pc.is_nan(cells), pa.scalar(None, kind), cells)
    if pa.types.is_timestamp(kind):
        cells = _by_its_own_clock(cells)
    if is_readable(kind):
        return cells.cast(pa.string())
    texts = [None if cell is None else str(cell) for cell in cells.to_pylist()]
    return pa.array(texts, pa.string())


def _by_its_own_clock(cells: pa.Array) -> pa.Array:
    """Drop the time zone of points in time, and parts of seconds where there are none."""
    local = pc.local_timestamp(cells) if cells.type.tz is not None else cells
    try:
        return local.cast(_SECOND)
    except pa.ArrowInvalid:
        return local
