from __future__ import annotations

import pickle

import pytest

from dltrain.data.table.foreign import refuse_foreign, refuse_nul


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"%PDF-1.7", "is a PDF; export its table as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "is an old or encrypted Excel workbook; save it as .xlsx"),
        (b"SQLite format 3\0", "is an SQLite database; query it with data=sql"),
        (pickle.dumps([1]), "is a pickle, which may run anything"),
        (b"\x89PNG\r\n", "is a picture; see data=images"),
    ],
)
def test_what_is_no_table_is_named_for_what_it_is(start: bytes, kind: str) -> None:
    with pytest.raises(ValueError, match=f"^t: {kind}"):
        refuse_foreign("t", start)


def test_text_is_nothing_foreign() -> None:
    refuse_foreign("t", b"a,b\n1,2\n")
    refuse_nul("t", b"a,b\n1,2\n")


@pytest.mark.parametrize(
    ("block", "advice"),
    [
        ("a,b\n1,2".encode("utf-16-le"), "data.encoding=utf-16-le"),
        ("a,b\n1,2".encode("utf-16-be"), "data.encoding=utf-16-be"),
        (b"a,b\n1,\0\n", "holds NUL bytes; is it a text file"),
        (b"\0", "holds NUL bytes; is it a text file"),
    ],
)
def test_nul_bytes_are_utf16_or_no_text(block: bytes, advice: str) -> None:
    with pytest.raises(ValueError, match=advice):
        refuse_nul("t", block)
