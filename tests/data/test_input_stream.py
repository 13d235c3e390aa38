"""Files that the user gives: plain, gzipped, or a stream."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest

from dltrain.data.input_stream import InputStream, opened

TEXT = b"line one\nline two\n" * 1000


def zipped(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, TEXT)
    return content.getvalue()


ZSTD = pa.compress(TEXT, codec="zstd", asbytes=True)
PACKED = {
    "plain": TEXT,
    "gzip": gzip.compress(TEXT),
    "gzip in two parts": gzip.compress(TEXT[:99]) + gzip.compress(TEXT[99:]),
    "bzip2": bz2.compress(TEXT),
    "xz": lzma.compress(TEXT),
    "zstd": ZSTD,
    "zip": zipped("t.csv"),
    "zip of a Mac": zipped("data/", "data/t.csv", "__MACOSX/data/._t.csv"),
}


@pytest.mark.parametrize("content", PACKED.values(), ids=PACKED)
def test_bytes_come_one_after_the_other(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content)
    with opened(tmp_path / "file", name="x") as given:
        assert given.is_packed is (content != TEXT)
        assert given.start(4) == b"line"
        assert given.readline(100) == b"line one\n"
        assert given.readline(3) == b"lin"
        assert given.read(6) == b"e two\n"
        assert given.read(10**6) == TEXT[18:]
        assert given.read(1) == b""


def test_a_short_or_empty_stream_is_no_mistake() -> None:
    for content in (b"", b"x"):
        given = InputStream("x", io.BytesIO(content))
        assert given.start(4) == content
        assert given.read(10) == content


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(TEXT)[:-9],
        gzip.compress(TEXT)[:20] + b"x" * 50,
        b"\x1f\x8b\x08",
        bz2.compress(TEXT)[:-9],
        lzma.compress(TEXT)[:-9],
        ZSTD[:-9],
        zipped("t.csv")[:-9],
    ],
    ids=["cut", "damaged", "three bytes", "bzip2", "xz", "zstd", "zip"],
)
def test_what_cannot_be_unpacked_is_refused_by_name(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"x: cannot be read \("):
        InputStream("x", io.BytesIO(content)).read(10**6)


def test_a_zip_archive_of_several_files_is_refused_by_their_names() -> None:
    with pytest.raises(ValueError, match=r"^x: is a zip archive of 2 files \('a', 'b'\)"):
        InputStream("x", io.BytesIO(zipped("a", "b")))


def test_what_cannot_be_opened_is_refused_by_name(tmp_path: Path) -> None:
    for path, told in (
        (tmp_path / "no", "x: No such file"),
        (tmp_path, "x: Is a directory"),
        (Path("a\0b"), "x: embedded null byte"),
    ):
        with pytest.raises(ValueError, match=told), opened(path, name="x"):
            pass
