"""PNG and JPEG files as rows of images."""

from __future__ import annotations

import io
import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dltrain.data.images.picture_files import (
    Picture,
    PictureError,
    is_colourful,
    look_at,
    pictures_in,
    read_picture,
    side_by_side,
)

GREY = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20


def saved(image: Image.Image, kind: str = "PNG", **more: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format=kind, **more)
    return stream.getvalue()


def read(file: Path | bytes, *shape: int, resize: bool = False) -> Picture:
    return read_picture(file, name="x.png", shape=shape or (3, 4), resize=resize)


def test_a_grey_png_is_read_byte_by_byte() -> None:
    picture = read(saved(Image.fromarray(GREY)))
    assert picture.row.tolist() == GREY.reshape(-1).tolist()
    assert picture.row.dtype == np.uint8
    assert not picture.colourful


def test_a_jpeg_is_read_nearly_so() -> None:
    picture = read(saved(Image.fromarray(GREY), "JPEG", quality=100))
    assert np.abs(picture.row.astype(int) - GREY.reshape(-1)).max() <= 6
    assert not picture.colourful


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P"])
def test_colours_are_judged_by_pixels_and_not_by_what_a_file_could_hold(
    mode: str, tmp_path: Path
) -> None:
    image = Image.fromarray(GREY).convert("RGB")
    image = image.quantize(256) if mode == "P" else image.convert(mode)
    image.save(tmp_path / "x.png")
    picture = read(tmp_path / "x.png")
    assert not picture.colourful
    assert not picture.transparent
    assert not is_colourful(tmp_path / "x.png")
    if mode != "LA":
        colours = image.convert("RGB")
        colours.putpixel((2, 1), (120, 121, 120))
        (colours.quantize(256) if mode == "P" else colours.convert(mode)).save(tmp_path / "c.png")
        assert read(tmp_path / "c.png").colourful
        assert is_colourful(tmp_path / "c.png")
    assert np.abs(picture.row.astype(int) - GREY.reshape(-1)).max() <= 1


def test_colours_stay_where_they_are_asked_for() -> None:
    colours = np.random.default_rng(0).integers(0, 256, (3, 4, 3), dtype=np.uint8)
    assert read(saved(Image.fromarray(colours)), 3, 4, 3).row.tolist() == colours.ravel().tolist()
    grey = read(saved(Image.fromarray(GREY)), 3, 4, 3)
    assert grey.row.tolist() == GREY.repeat(3).tolist()
    assert not grey.colourful


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "tRNS"])
def test_what_is_transparent_is_seen_on_white(mode: str) -> None:
    seen = np.full((3, 4), 255, np.uint8)
    seen[1, 1:3] = 0
    alpha = Image.fromarray(255 - seen)
    image = Image.merge("RGBA", [Image.new("L", (4, 3))] * 3 + [alpha])  # black, and alpha alone
    extra: dict[str, Any] = {}
    if mode == "LA":
        image = image.convert("LA")
    if mode == "P":
        image, extra = Image.fromarray(seen // 255).convert("P"), {"transparency": 1}
    if mode == "tRNS":
        image, extra = Image.fromarray(seen // 255), {"transparency": 1}
    for shape in ((3, 4), (3, 4, 3)):
        picture = read(saved(image, **extra), *shape)
        assert picture.transparent
        black = picture.row.reshape(3, 4, -1) <= 1
        assert black.all(axis=-1).tolist() == (seen == 0).tolist()
        assert set(picture.row.tolist()) <= {0, 1, 255}
    half = Image.new("RGBA", (4, 3), (0, 0, 0, 128))
    assert set(read(saved(half)).row.tolist()) == {127}


def test_another_size_is_stretched_where_that_is_asked_for() -> None:
    halves = np.array([[0, 200]], np.uint8).repeat(10, axis=0).repeat(10, axis=1)
    row = read(saved(Image.fromarray(halves)), 2, 4, resize=True).row.reshape(2, 4)
    assert row[:, 0].tolist() == [0, 0]
    assert row[:, -1].tolist() == [200, 200]
    same = saved(Image.fromarray(GREY))
    assert read(same, resize=True).row.tolist() == read(same).row.tolist()


@pytest.mark.parametrize("turn", [1, 6])
def test_a_large_photo_is_decoded_in_part_to_nearly_the_same(turn: int) -> None:
    smooth = np.add.outer(np.arange(640), np.arange(800)) % 1440 / 1440 * 255
    photo = Image.fromarray(smooth.astype(np.uint8))
    exif = Image.Exif()
    exif[0x0112] = turn
    picture = read(saved(photo, "JPEG", quality=95, exif=exif), 20, 30, resize=True)
    seen = photo.transpose(Image.Transpose.ROTATE_270) if turn == 6 else photo
    exact = np.asarray(seen.resize((30, 20), Image.Resampling.BILINEAR), dtype=int)
    assert np.abs(picture.row.astype(int) - exact.reshape(-1)).max() <= 4
    assert picture.look.size == ("800 x 640" if turn == 6 else "640 x 800")


def test_a_photo_is_seen_as_the_camera_was_held() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    halves = np.array([[0, 250]], np.uint8).repeat(16, axis=0).repeat(8, axis=1)[:8]
    turned = saved(Image.fromarray(halves), "JPEG", quality=100, exif=exif)
    picture = read(turned, 16, 8)
    assert (picture.look.height, picture.look.width) == (16, 8)
    seen = picture.row.reshape(16, 8)
    assert seen[:6].max() < 20
    assert seen[10:].min() > 230
    with pytest.raises(PictureError, match="is 16 x 8 pixels, not 8 x 16"):
        read(turned, 8, 16)


def test_a_digest_tells_files_and_what_is_made_of_them_apart() -> None:
    png = saved(Image.fromarray(GREY))
    other = saved(Image.fromarray(GREY), optimize=True, compress_level=0)
    assert read(png).row.tolist() == read(other).row.tolist()
    digests = [read(png), read(png), read(other), read(png, 3, 4, 3), read(png, 2, 2, resize=True)]
    assert len({picture.sha256 for picture in digests}) == 4
    assert read(png).sha256 == read(png).sha256


def test_black_and_white_become_0_and_255() -> None:
    image = Image.fromarray(GREY).point(lambda value: 255 * (value > 100), "1")
    assert set(read(saved(image)).row.tolist()) == {0, 255}


def test_a_look_needs_no_whole_file(tmp_path: Path) -> None:
    content = saved(Image.fromarray(np.zeros((50, 70, 3), np.uint8)))
    (tmp_path / "x.png").write_bytes(content[: len(content) // 2])
    look = look_at(tmp_path / "x.png")
    assert (look.size, look.may_be_coloured) == ("50 x 70", True)


def _bomb() -> bytes:
    """Claim 30,000 x 30,000 pixels in a file of a few bytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = zlib.crc32(kind + body).to_bytes(4, "big")
        return len(body).to_bytes(4, "big") + kind + body + check

    side = (30_000).to_bytes(4, "big")
    head = chunk(b"IHDR", side + side + b"\x08\0\0\0\0")
    body = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + head + body + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("file", "told"),
    [
        (saved(Image.fromarray(GREY.T)), r"x\.png: is 4 x 3 pixels, not 3 x 4"),
        (saved(Image.fromarray(GREY), "GIF"), r"x\.png: is neither a PNG nor a JPEG file"),
        (saved(Image.fromarray(GREY), "TIFF"), r"x\.png: is neither a PNG nor a JPEG file"),
        (b"", r"x\.png: is neither"),
        (saved(Image.fromarray(GREY))[:50], r"x\.png: cannot be read \("),
        (saved(Image.fromarray(GREY.astype(np.uint16))), r"x\.png: has more than 8 bits"),
        (_bomb(), r"x\.png: (is 30000 x 30000 pixels|cannot be read)"),
        (Path("/nowhere.png"), r"x\.png: cannot be read \(No such file"),
        (Path("/tmp"), r"x\.png: cannot be read \(Is a directory\)"),
        (Path("/dev/zero"), r"x\.png: is a pipe or a device"),
    ],
)
def test_what_is_no_picture_of_that_size_is_refused(file: Path | bytes, told: str) -> None:
    with pytest.raises(PictureError, match=told):
        read(file)


def test_a_pipe_is_refused_unopened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.png")
    with pytest.raises(PictureError, match=r"x\.png: is a pipe or a device"):
        look_at(tmp_path / "x.png")


def test_a_picture_of_too_many_pixels_is_refused_and_not_warned_of() -> None:
    large = saved(Image.new("1", (10_000, 9_000)))
    with pytest.raises(PictureError, match="cannot be read"):
        read(large, resize=True)


def test_the_pictures_of_a_folder_come_by_name(tmp_path: Path) -> None:
    for name in ("b.png", "a.JPG", "c.jpeg", "d.txt", ".png", "._b.png"):
        (tmp_path / name).touch()
    for name in ("e.png", "more", ".hidden"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "0.png").touch()
    found, others = pictures_in(tmp_path)
    assert found == ["a.JPG", "b.png", "c.jpeg", "e.png/0.png", "more/0.png"]
    assert others == ["d.txt"]
    with pytest.raises(ValueError, match="No such file"):
        pictures_in(tmp_path / "nowhere")


def test_results_of_threads_come_in_the_order_of_what_they_are_of() -> None:
    assert list(side_by_side(lambda number: number**2, range(3000))) == [n**2 for n in range(3000)]
