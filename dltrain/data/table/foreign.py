"""What a file is that is no table, told by what it begins with."""

from __future__ import annotations

_SHOWN = 64  # bytes whose zeros tell UTF-16
_KINDS = {
    b"%PDF": "a PDF; export its table as CSV",
    b"\xd0\xcf\x11\xe0": "an old or encrypted Excel workbook; save it as .xlsx or CSV",
    b"SQLite format 3\0": "an SQLite database; query it with data=sql",
    b"\x89HDF": "HDF5; save its table as Parquet or CSV",
    b"\x93NUMPY": "a NumPy array; save it as Parquet or CSV",
    b"\x80\x04": "a pickle, which may run anything; save it as Parquet or CSV",
    b"\x80\x05": "a pickle, which may run anything; save it as Parquet or CSV",
    b"Obj\x01": "Avro; save it as Parquet or CSV",
    b"ORC": "ORC; save it as Parquet or CSV",
    b"FEA1": "the first version of Feather; write it anew",
    b"\x89PNG": "a picture; see data=images",
    b"\xff\xd8\xff": "a picture; see data=images",
    b"PK\x03\x04": "a zip archive within another file; unpack it",
    b"\x1f\x8b": "packed twice; unpack it once",
    b"7z\xbc\xaf": "a 7z archive; unpack it",
    b"Rar!": "a RAR archive; unpack it",
    b"PAR1": "Parquet within an archive; unpack it",
    b"ARROW1": "Arrow within an archive; unpack it",
}


def refuse_foreign(name: str, start: bytes) -> None:
    """Raise ValueError if something that is no text begins with some bytes."""
    kind = next((kind for mark, kind in _KINDS.items() if start.startswith(mark)), None)
    if kind is not None:
        raise ValueError(f"{name}: is {kind}")


def refuse_nul(name: str, block: bytes) -> None:
    """Raise ValueError if there are NUL bytes in some text, and say what they may mean."""
    if b"\0" not in block:
        return
    start = block[:_SHOWN]
    evens, odds = start[::2].count(0), start[1::2].count(0)
    few, many = sorted((evens, odds))
    if 4 * few < many > len(start) // 4 > 0:
        encoding = "utf-16-le" if odds > evens else "utf-16-be"
        raise ValueError(f"{name}: is no UTF-8 text; it looks like data.encoding={encoding}")
    raise ValueError(f"{name}: holds NUL bytes; is it a text file?")
