"""Whether a column holds numbers or texts, decided by its cells; what is neither is refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dltrain.data.table.cells import Cells, Floats, parsed, present, truths
from dltrain.data.table.missing import USUAL
from dltrain.data.table.proposals import Texts, as_sentence, either
from dltrain.data.table.writing import common_sign
from dltrain.system.shell import setting

_FIRST = 1000  # rows that are searched for what stands beside each number


class CellError(ValueError):
    """A cell cannot be used.

    Attributes:
        row: Where it stands.
        advice: What to say behind its text.
    """

    def __init__(self, row: int, advice: str) -> None:
        super().__init__(row, advice)
        self.row, self.advice = row, advice


_Blocks = list[tuple[int, pa.StringArray, Floats]]  # first row, texts, numbers


def settle(held: Cells, *, name: str, missing_values: Sequence[str]) -> bool:
    """Turn the odd cells of a column into numbers; False if too many are none.

    A sign that most cells carry, such as ``$``, becomes part of how the column is written.

    Args:
        held: The cells.
        name: Of the column.
        missing_values: Texts that mean missing already.

    Raises:
        CellError: If a few texts stand among numbers, or if a number is not finite.
        ValueError: If the texts are numbers written otherwise.
    """
    most, before = held.count_present() / 2, held.writing
    blocks, strays = _numbers(held)
    if len(strays) and len(strays) >= most and not before.sign:
        held.writing = replace(before, sign=_sign(held))
        blocks, strays = _numbers(held, adopted=held.writing != before)
    if len(strays) and len(strays) >= most:
        held.writing = before
        if _has_digits(held):
            _refuse_numbers(held, len(strays), name, missing_values)
        return False
    if len(strays):
        raise CellError(int(strays[0]), _advice(held, strays, name, missing_values))
    for start, _, values in blocks:
        infinite = np.flatnonzero(np.isinf(values))
        if len(infinite):
            advice = "is not finite; correct it, or name it in data.missing_values"
            raise CellError(start + int(infinite[0]), advice)
    for start, _, values in blocks:
        held.values[start : start + len(values)] = values
    return True


def _numbers(held: Cells, *, adopted: bool = False) -> tuple[_Blocks, npt.NDArray[np.int64]]:
    """Return the odd blocks as numbers, and the rows of cells that are none.

    Args:
        held: The cells.
        adopted: Whether they were written otherwise before: all blocks but the odd ones lack it.
    """
    boolean = held.is_boolean()
    blocks = [
        (start, cells, truths(cells) if boolean else parsed(cells, held.writing))
        for start, cells in held.odd
    ]
    is_stray = np.zeros(len(held.values), dtype=bool)
    if adopted:
        is_stray = ~held.missing()
    for start, cells, values in blocks:
        is_stray[start : start + len(cells)] = np.isnan(values) & present(cells)
    return blocks, np.flatnonzero(is_stray)


def _sign(held: Cells) -> str:
    """Return what stands beside most of the first odd numbers, or nothing."""
    return common_sign(held.odd[0][1][:_FIRST].drop_null().to_pylist())


def _has_digits(held: Cells) -> bool:
    """Tell whether a digit is in any of the first texts; most columns of texts have none."""
    return any(re.search(r"\d", text) for text in held.odd[0][1][:_FIRST].drop_null().to_pylist())


def _texts(held: Cells, rows: npt.NDArray[np.int64] | None = None) -> Texts:
    """Return the texts of the odd blocks, or of some rows of theirs."""
    parts = [
        cells if rows is None else cells.take(pa.array(_inside(rows - start, len(cells))))
        for start, cells in held.odd
    ]
    counted = pa.chunked_array(parts, pa.string()).drop_null().value_counts()
    counts = np.array(counted.field("counts").to_pylist(), np.int64)
    return Texts(counted.field("values").to_pylist(), counts, writing=held.writing)


def _inside(rows: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    return rows[(rows >= 0) & (rows < count)]


def _refuse_numbers(held: Cells, strays: int, name: str, missing_values: Sequence[str]) -> None:
    """Refuse a column of texts that are numbers written otherwise: one column for each is wrong."""
    texts, total = _texts(held), held.count_present()
    ways, marks = texts.ways(), texts.marks()
    keep = f"{setting('data.categorical', [name])} takes them for names"
    if ways:
        whole = total if texts.total == total else None  # others are numbers anyway
        raise ValueError(f"{as_sentence(ways, name=name, total=whole)} ({keep})")
    if marks and strays < total:
        shown = ", ".join(map(repr, marks))
        raise ValueError(
            f"{name!r} holds numbers and {shown}: add {_more(marks, missing_values)} if that "
            f"means missing ({keep})"
        )


def _more(marks: Sequence[str], missing_values: Sequence[str]) -> str:
    """Write the setting that names more texts that mean missing."""
    named = [text for text in missing_values if text and text not in USUAL]
    return setting("data.missing_values", [*named, *marks])


def _advice(
    held: Cells, strays: npt.NDArray[np.int64], name: str, missing_values: Sequence[str]
) -> str:
    """Say of the first of a few texts among numbers what may be done about it."""
    texts = _texts(held, strays)
    sign = f" with {held.writing.sign!r}" if held.writing.sign else ""
    ways, marks = texts.ways(), texts.marks()
    cure = "correct it, or name it in data.missing_values"
    if ways:
        cure = f"{either(ways)}, or correct it"
    elif marks:
        cure = f"add {_more(marks, missing_values)} if that means missing, or correct it"
    names = " or ".join(setting(key, [name]) for key in ("data.categorical", "data.drop"))
    return f"stands among numbers{sign}; {cure}, or use {names}"
