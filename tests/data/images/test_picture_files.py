"""PNG and JPEG files as rows of images."""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dltrain.data.images.picture_files import pictures_in, read_picture

GREY = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20


def saved(image: Image.Image, kind: str = "PNG", **more: object) -> io.BytesIO:
    stream = io.BytesIO()
    image.save(stream, format=kind, **more)
    stream.seek(0)
    return stream


def test_a_grey_png_is_read_byte_by_byte() -> None:
    found, colourful = read_picture(saved(Image.fromarray(GREY)), name="x.png", shape=(3, 4))
    assert (found.tolist(), colourful) == (GREY.reshape(-1).tolist(), False)
    assert found.dtype == np.uint8


def test_a_jpeg_is_read_nearly_so() -> None:
    file = saved(Image.fromarray(GREY), "JPEG", quality=100)
    found, colourful = read_picture(file, name="x.jpg", shape=(3, 4))
    assert np.abs(found.astype(int) - GREY.reshape(-1)).max() <= 6
    assert not colourful


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P"])
def test_colours_become_grey_and_that_is_told(mode: str) -> None:
    image = Image.fromarray(GREY).convert("RGB")
    image = image.quantize(256) if mode == "P" else image.convert(mode)
    found, colourful = read_picture(saved(image), name="x.png", shape=(3, 4))
    assert colourful
    assert np.abs(found.astype(int) - GREY.reshape(-1)).max() <= 1


def test_black_and_white_become_0_and_255() -> None:
    image = Image.fromarray(GREY).point(lambda value: 255 * (value > 100), "1")
    found, _ = read_picture(saved(image), name="x.png", shape=(3, 4))
    assert set(found.tolist()) == {0, 255}


def _bomb() -> io.BytesIO:
    """Claim 30,000 x 30,000 pixels in a file of a few bytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = zlib.crc32(kind + body).to_bytes(4, "big")
        return len(body).to_bytes(4, "big") + kind + body + check

    side = (30_000).to_bytes(4, "big")
    head = chunk(b"IHDR", side + side + b"\x08\0\0\0\0")
    body = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + head + body + chunk(b"IEND", b""))


@pytest.mark.parametrize(
    ("file", "told"),
    [
        (saved(Image.fromarray(GREY.T)), r"x\.png: is 4 x 3 pixels, the run learned from 3 x 4"),
        (saved(Image.fromarray(GREY), "GIF"), r"x\.png: is neither a PNG nor a JPEG file"),
        (saved(Image.fromarray(GREY), "TIFF"), r"x\.png: is neither a PNG nor a JPEG file"),
        (io.BytesIO(b""), r"x\.png: is neither"),
        (io.BytesIO(saved(Image.fromarray(GREY)).getvalue()[:50]), r"x\.png: cannot be read \("),
        (saved(Image.fromarray(GREY.astype(np.uint16))), r"x\.png: has more than 8 bits"),
        (_bomb(), r"x\.png: (is 30000 x 30000 pixels|cannot be read)"),
        (Path("/nowhere.png"), r"x\.png: cannot be read \(No such file"),
        (Path("/tmp"), r"x\.png: cannot be read \(Is a directory\)"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_what_is_no_picture_of_that_size_is_refused(file: Path | io.BytesIO, told: str) -> None:
    if isinstance(file, io.BytesIO):
        file.seek(0)
    with pytest.raises(ValueError, match=told):
        read_picture(file, name="x.png", shape=(3, 4))


def test_the_pictures_of_a_folder_come_by_name(tmp_path: Path) -> None:
    for name in ("b.png", "a.JPG", "c.jpeg", "d.txt", ".png"):
        (tmp_path / name).touch()
    (tmp_path / "e.png").mkdir()
    assert [path.name for path in pictures_in(tmp_path)] == ["a.JPG", "b.png", "c.jpeg"]
    with pytest.raises(ValueError, match=r"has no files that end in \.png, \.jpg, \.jpeg"):
        pictures_in(tmp_path / "e.png")
    with pytest.raises(ValueError, match="No such file"):
        pictures_in(tmp_path / "nowhere")
