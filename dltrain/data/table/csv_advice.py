"""What may be meant by a CSV file that is no table as it stands, with the key to paste."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence

LOOKED_AT = 100  # lines from which a preamble is told
_COMMENTS = ("#", "%", "//")
_OTHERS = ";\t|,"


def advice_on_header(header: Sequence[str], line: bytes, *, delimiter: str) -> str:
    """Say what to do about a header that is none, or return nothing.

    Args:
        header: The cells of the first row.
        line: The first line as it stands.
        delimiter: What separated them.
    """
    if line.lower().startswith(b"sep="):
        mark = shown(line[4:5].decode(errors="replace"))
        return (
            "tells spreadsheets what separates cells and is no header; "
            f"add data.skip_rows=1 'data.delimiter={mark}'"
        )
    ends = line.rstrip(b"\r\n").endswith(delimiter.encode())
    if ends and not header[-1].strip() and all(map(str.strip, header[:-1])):
        return (
            f"the header ends with {delimiter!r}, so column {len(header)} has no name; "
            f"give it one, or take the ends off all lines: sed 's/{delimiter}\\r*$//'"
        )
    return ""


def advice_on_width(lines: Sequence[str], *, number: int, width: int, mark: str) -> str:
    """Say what to do about a row that is not as wide as the header.

    Args:
        lines: The first lines of the file, at least up to that row; empty where nothing is read.
        number: The row's line, counted from 1.
        width: Cells of the header.
        mark: What separates cells.
    """
    return next(_guesses(lines, number=number, width=width, mark=mark))


def _guesses(lines: Sequence[str], *, number: int, width: int, mark: str) -> Iterator[str]:
    header, row = next(filter(None, lines)), lines[number - 1]
    for comment in _COMMENTS:
        if row.startswith(comment) or header.startswith(comment):
            yield f"if lines that begin with {comment} are comments, add data.comment={comment}"
    for other in _OTHERS if width == 1 else "":
        if other in header:
            yield f"if {other!r} separates cells, add 'data.delimiter={shown(other)}'"
    if row.endswith(mark) and not header.endswith(mark):
        yield f"if all rows end with {mark!r}, take it off: sed 's/{mark}\\r*$//'"
    rows = [_cells(line, mark) for line in lines]
    usual, count = Counter(len(row) for row in rows if row).most_common(1)[0]
    first = next(index for index, row in enumerate(rows) if len(row) == usual)
    if usual > width and count > 1 and all(len(row) == usual for row in rows[first:] if row):
        yield f"if the table begins on line {first + 1}, add data.skip_rows={first}"
    yield "correct the row, or quote cells that contain the delimiter"


def _cells(line: str, mark: str) -> list[str]:
    """Cut a line into cells; a carriage return within it is another message's business."""
    return next(csv.reader([line.replace("\r", "")], delimiter=mark), [])


def shown(mark: str) -> str:
    """Write a delimiter as it is typed."""
    return mark.replace("\t", "\\t")
