"""Cells and rows as the text of a CSV file, many at once.

A text that a spreadsheet would take for a formula gets an apostrophe in front of it where that is
asked for: the mark that spreadsheets themselves have for text. Letters: n rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

_FORMULA = np.zeros(256, bool)
_FORMULA[list(b"=+-@\t\r\n")] = True
_NUMBER = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$"


def as_cells(texts: pa.StringArray, *, delimiter: str, safe: bool) -> pa.StringArray:
    """Write texts [n] as cells: quoted where they must be, and harmless if they are to be safe.

    Example:
        >>> as_cells(pa.array(["-1.5", "=A1", 'a "b", c']), delimiter=",", safe=True).to_pylist()
        ['-1.5', "'=A1", '"a ""b"", c"']
    """
    suspects = _FORMULA[_first_bytes(texts)] if safe else np.zeros(0, bool)
    if suspects.any():
        texts = _harmless(texts, pa.array(suspects))
    content = texts.buffers()[2]
    held = memoryview(content).tobytes() if content is not None else b""
    if not any(mark in held for mark in (delimiter.encode(), b'"', b"\n", b"\r")):
        return texts
    special = pc.match_substring_regex(texts, f'["\n\r{_escaped(delimiter)}]')
    inner = pc.replace_substring(texts, '"', '""')
    return pc.if_else(special, pc.binary_join_element_wise('"', inner, '"', ""), texts)


def as_rows(cells: Sequence[pa.StringArray], *, delimiter: str) -> bytes:
    r"""Put cells [n] of each column together to lines.

    Example:
        >>> as_rows([pa.array(["1", "2"]), pa.array(["a", "b"])], delimiter=";")
        b'1;a\n2;b\n'
    """
    if not len(cells[0]):
        return b""
    lines = pc.binary_join_element_wise(joined(cells, delimiter=delimiter), "", "\n")
    _, ends, content = lines.buffers()
    size = np.frombuffer(ends, np.int32)[lines.offset + len(lines)]
    return memoryview(content)[:size].tobytes()


def joined(cells: Sequence[pa.StringArray], *, delimiter: str) -> pa.StringArray:
    """Put cells [n] of each column together to rows [n], without line ends."""
    return pc.binary_join_element_wise(*cells, delimiter)


def _first_bytes(texts: pa.StringArray) -> npt.NDArray[np.uint8]:
    """Return the first byte of each text, [n]; 0 of an empty one."""
    _, ends, content = texts.buffers()
    if content is None or not content.size:
        return np.zeros(len(texts), np.uint8)
    offsets = np.frombuffer(ends, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    data = np.frombuffer(content, np.uint8)
    firsts = data[np.minimum(offsets[:-1], len(data) - 1)]
    return np.where(offsets[1:] > offsets[:-1], firsts, 0)


def _harmless(texts: pa.StringArray, suspects: pa.BooleanArray) -> pa.StringArray:
    """Mark those among the suspects that are no numbers as text."""
    suspicious = texts.filter(suspects)
    try:
        suspicious.cast(pa.float64())
        return texts  # numbers with a sign, as nearly always
    except pa.ArrowInvalid:
        formula = pc.invert(pc.match_substring_regex(suspicious, _NUMBER))
    marked = pc.if_else(formula, pc.binary_join_element_wise("'", suspicious, ""), suspicious)
    return pc.replace_with_mask(texts, suspects, marked)


def _escaped(mark: str) -> str:
    return f"\\{mark}" if not mark.isalnum() else mark
