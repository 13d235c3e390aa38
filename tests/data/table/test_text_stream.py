from __future__ import annotations

import io

import pytest

from dltrain.data.input_stream import InputStream
from dltrain.data.table import text_stream
from dltrain.data.table.reading import Reading
from dltrain.data.table.text_stream import utf8_lines


def read(content: bytes, **reading: object) -> bytes:
    stream = utf8_lines(InputStream("t.csv", io.BytesIO(content)), Reading(**reading))  # type: ignore[arg-type]
    return stream.read()


@pytest.fixture(params=[3, 1 << 20])
def _block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_stream, "BLOCK", request.param)


TEXT = "a,é\n€,2\n"


@pytest.mark.usefixtures("_block")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "utf-16-le"])
def test_text_of_any_encoding_is_read(encoding: str) -> None:
    told = None if encoding in ("utf-8", "utf-8-sig", "utf-16") else encoding
    assert read(TEXT.encode(encoding), encoding=told).decode("utf-8-sig") == TEXT


@pytest.mark.usefixtures("_block")
def test_a_mark_in_the_file_wins_over_what_is_said() -> None:
    for encoding in ("utf-8-sig", "utf-16"):
        text = read(TEXT.encode(encoding), encoding="cp1252").decode("utf-8-sig")
        assert text == TEXT
    both = b"\xfe\xff" + TEXT.encode("utf-16-be")
    assert read(both) == TEXT.encode()


@pytest.mark.usefixtures("_block")
@pytest.mark.parametrize(
    ("content", "reading", "left"),
    [
        (b"x\ny\na\n1\n", {"skip_rows": 2}, b"\n\na\n1\n"),
        (b"x\ny", {"skip_rows": 5}, b"\n"),
        (b"#x\na\n#1\n2", {"comment": "#"}, b"\na\n\n2"),
        (b"\xef\xbb\xbf#x\na", {"comment": "#"}, b"\na"),
        (b"#a\nb\n#c\n", {"comment": "#", "skip_rows": 1}, b"\nb\n\n"),
        (b'"p\n#q"\n#r\n', {"comment": "#"}, b'"p\n#q"\n\n'),
        (b'#"\n#r\n1\n', {"comment": "#"}, b"\n\n1\n"),
        (b"// a\n/ b\n", {"comment": "//"}, b"\n/ b\n"),
        (b"a\r\n#b\r\nc\r\n", {"comment": "#"}, b"a\r\n\nc\r\n"),
        (b"a #b\n", {"comment": "#"}, b"a #b\n"),
    ],
)
def test_lines_that_are_no_rows_are_emptied(
    content: bytes, reading: dict[str, object], left: bytes
) -> None:
    assert read(content, **reading) == left


@pytest.mark.usefixtures("_block")
def test_what_is_no_text_of_the_encoding_is_refused_with_its_line() -> None:
    with pytest.raises(ValueError, match=r"^t\.csv:2: is not cp1252 text; correct data.encoding$"):
        read(b"a,y\n\x81,1\n", encoding="cp1252")
    with pytest.raises(ValueError, match=r"^t\.csv:\d: is not utf-16-le text"):
        read("a,y\n".encode("utf-16-le") + b"\x00", encoding="utf-16-le")


def test_plain_text_passes_as_it_is() -> None:
    stream = InputStream("t.csv", io.BytesIO(b"a\n"))
    assert utf8_lines(stream, Reading(delimiter=";")) is stream  # type: ignore[comparison-overlap]
