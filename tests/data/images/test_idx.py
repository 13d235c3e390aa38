"""IDX files: what is read is the file that was meant, or an error."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dltrain.data.images.idx import (
    IdxFile,
    as_rows,
    image_parts,
    label_parts,
    read_idx,
    read_images,
    read_labels,
)

BODY = bytes([0, 1, 2, 9, 9])
CONTENT = (0x801).to_bytes(4, "big") + (5).to_bytes(4, "big") + BODY
FILE = IdxFile("five-labels", hashlib.sha256(CONTENT).hexdigest(), 5)


def refusal(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r".") as caught:
        read_idx(path, FILE)
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value).removeprefix(f"{path}: ")


def test_sizes_follow_from_rows() -> None:
    assert FILE.size == len(CONTENT)
    images = IdxFile("three-images", "", 3)
    assert images.size == 16 + 3 * 784
    assert images.header.hex() == "00000803" + "00000003" + "0000001c" * 2


def test_plain_and_gzipped_files_read_alike(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(CONTENT)
    (tmp_path / "a.gz").write_bytes(gzip.compress(CONTENT))
    assert read_idx(tmp_path / "a", FILE) == read_idx(tmp_path / "a.gz", FILE) == CONTENT


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (CONTENT[:-1], "is truncated, it has 4 of 5 rows; fetch it anew"),
        (CONTENT[:8], "is truncated, it has 0 of 5 rows; fetch it anew"),
        (CONTENT + b"x", "is too long for the 5 rows of its header; fetch it anew"),
        (b"", "is not five-labels: its IDX header differs; fetch it anew"),
        (b"<html>not found</html>", "is not five-labels: its IDX header differs; fetch it anew"),
        (
            CONTENT.replace(b"\x08\x01", b"\x08\x03"),
            "is not five-labels: its IDX header differs; fetch it anew",
        ),
        (
            CONTENT[:-1] + b"\x08",
            "its content is not Fashion-MNIST's (sha256); fetch it anew",
        ),
    ],
)
def test_another_file_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    assert refusal(tmp_path / "plain", content) == message
    assert refusal(tmp_path / "zipped.gz", gzip.compress(content)) == message


@pytest.mark.parametrize("cut", [5, 12, len(gzip.compress(CONTENT)) - 1])
def test_a_cut_archive_cannot_be_read(tmp_path: Path, cut: int) -> None:
    message = refusal(tmp_path / "a.gz", gzip.compress(CONTENT)[:cut])
    assert message.startswith("cannot be read (")
    assert message.endswith("); fetch it anew")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.data())
def test_a_flipped_bit_is_harmless_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    archive = bytearray(gzip.compress(CONTENT, mtime=0))
    place = data.draw(st.integers(0, len(archive) * 8 - 1))
    archive[place // 8] ^= 1 << place % 8
    (tmp_path / "a.gz").write_bytes(archive)
    read = b""
    with contextlib.suppress(ValueError):
        read = read_idx(tmp_path / "a.gz", FILE)
    assert read in (b"", CONTENT)


def test_a_gzip_bomb_costs_no_memory(tmp_path: Path) -> None:
    bomb = gzip.compress(CONTENT[:8] + bytes(10**6)) + gzip.compress(bytes(10**7)) * 100  # 1 GB
    (tmp_path / "a.gz").write_bytes(bomb)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="is too long"):
            read_idx(tmp_path / "a.gz", FILE)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Is a directory; fetch it anew"):
        read_idx(tmp_path, FILE)


def test_labels_are_class_indices() -> None:
    labels = as_rows(np.frombuffer(CONTENT, dtype=np.uint8), FILE)
    assert labels.dtype == np.int64
    assert labels.tolist() == list(BODY)


def test_a_label_beyond_the_classes_is_refused() -> None:
    content = np.frombuffer(CONTENT[:-1] + b"\x0a", dtype=np.uint8)
    with pytest.raises(ValueError, match="five-labels: label 10 is not below 10"):
        as_rows(content, FILE)


# Any files of images and labels.


class Bytes(io.BytesIO):
    name = "x-ubyte"


def idx(kind: int, *sizes: int, body: bytes = b"") -> Bytes:
    head = b"\0\0\x08" + bytes([kind]) + b"".join(size.to_bytes(4, "big") for size in sizes)
    return Bytes(head + body)


def test_images_and_labels_come_in_parts() -> None:
    body = bytes(range(7 * 6))
    parts = list(image_parts(idx(3, 7, 2, 3, body=body), shape=(2, 3), rows=3))
    assert [part.shape for part in parts] == [(3, 6), (3, 6), (1, 6)]
    assert b"".join(part.tobytes() for part in parts) == body
    labels = list(label_parts(idx(1, 4, body=b"\0\2\1\0"), classes="abc", rows=3))
    assert [part.tolist() for part in labels] == [[0, 2, 1], [0]]
    assert labels[0].dtype == np.int64
    assert list(image_parts(idx(3, 0, 2, 3), shape=(2, 3), rows=3)) == []


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (Bytes(b""), "is no IDX file of images"),
        (Bytes(b"\0\0\x08\3\0"), "is truncated within its header"),
        (idx(1, 4, body=bytes(4)), r"is no IDX file of images \(it holds labels\)"),
        (Bytes(b"\0\0\x0d\3" + bytes(100)), "is no IDX file of images"),
        (idx(3, 2, 3, 2, body=bytes(12)), "its images are 3 x 2, not 2 x 3"),
        (idx(3, 2, 2**32 - 1, 2**32 - 1), "its images are 4294967295 x 4294967295, not"),
        (idx(3, 2**32 - 1, 2, 3, body=bytes(13)), "is truncated, it has 2 of 4294967295 rows"),
        (idx(3, 2, 2, 3, body=bytes(13)), "is too long for the 2 rows of its header"),
    ],
)
def test_what_is_no_file_of_such_images_is_refused(source: Bytes, told: str) -> None:
    with pytest.raises(ValueError, match=f"x-ubyte: {told}"):
        list(image_parts(source, shape=(2, 3), rows=1000))


def test_what_is_no_file_of_such_labels_is_refused() -> None:
    with pytest.raises(ValueError, match=r"is no IDX file of labels \(it holds images\)"):
        list(label_parts(idx(3, 1, 1, 1, body=b"\0"), classes="abc", rows=2))
    told = "label 3 of row 2 is not below 3, the number of classes"
    with pytest.raises(ValueError, match=told):
        list(label_parts(idx(1, 3, body=b"\0\1\3"), classes="abc", rows=2))


def test_a_whole_file_is_read_whatever_its_size() -> None:
    body = bytes(range(7 * 6))
    images = read_images(idx(3, 7, 2, 3, body=body))
    assert images.shape == (7, 2, 3)
    assert images.tobytes() == body
    labels = read_labels(idx(1, 4, body=b"\0\2\1\xff"))
    assert labels.tolist() == [0, 2, 1, 255]
    assert labels.dtype == np.int64


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (idx(3, 0, 2, 3), "is empty, 0 images of 2 x 3 pixels"),
        (idx(3, 2, 0, 3), "is empty, 2 images of 0 x 3 pixels"),
        (idx(1, 2, body=bytes(2)), r"is no IDX file of images \(it holds labels\)"),
        (idx(3, 2, 2, 3, body=bytes(11)), "is truncated, it has 1 of 2 rows"),
        (idx(3, 2, 2, 3, body=bytes(13)), "is too long for the 2 rows of its header"),
        (idx(3, 2**32 - 1, 2**16, 2**16), "takes .* GiB, and .* GiB are free"),
    ],
)
def test_a_file_that_is_not_what_its_header_says_is_refused(source: Bytes, told: str) -> None:
    with pytest.raises(ValueError, match=f"x-ubyte: {told}"):
        read_images(source)
