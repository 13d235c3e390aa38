"""Pictures of data: contact sheets and images made of characters."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from dltrain.data.images.contact_sheet import SHADES, contact_sheet, one_per_class, shaded


def decoded(png: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.asarray(Image.open(io.BytesIO(png)))


def test_the_first_rows_of_each_class_are_chosen() -> None:
    targets = np.array([1, 0, 1, 1, 3])
    assert one_per_class(targets, classes=4, count=2) == [[1], [0, 2], [], [4]]


def test_a_sheet_has_a_row_per_class_and_gaps_between() -> None:
    images = np.zeros((3, 4, 6), np.uint8)
    sheet = decoded(contact_sheet(images, [[0, 1], [2]], scale=1, gap=2, ink=True))
    assert sheet.shape == (2 * (4 + 2) + 2, 2 * (6 + 2) + 2)


def test_ink_is_black_on_white() -> None:
    images = np.full((1, 2, 2), 255, np.uint8)
    sheet = decoded(contact_sheet(images, [[0]], scale=1, gap=1, ink=True))
    assert sheet.tolist() == [
        [255, 255, 255, 255],
        [255, 0, 0, 255],
        [255, 0, 0, 255],
        [255, 255, 255, 255],
    ]


def test_every_image_stands_in_its_place() -> None:
    images = np.arange(4, dtype=np.uint8).repeat(4).reshape(4, 2, 2)
    sheet = decoded(contact_sheet(images, [[0, 1], [2, 3]], scale=1, gap=1, ink=True))
    assert (255 - sheet[1::3, 1::3]).tolist() == [[0, 1], [2, 3]]


def test_scale_repeats_pixels() -> None:
    image = np.array([[[0, 255]]], np.uint8)
    once = decoded(contact_sheet(image, [[0]], scale=1, ink=True))
    assert np.array_equal(
        decoded(contact_sheet(image, [[0]], scale=3, ink=True)), once.repeat(3, 0).repeat(3, 1)
    )


def test_equal_images_give_equal_bytes() -> None:
    images = np.random.default_rng(0).integers(0, 256, (4, 5, 5), dtype=np.uint8)
    assert contact_sheet(images, [[0, 1, 2, 3]], ink=True) == contact_sheet(
        images, [[0, 1, 2, 3]], ink=True
    )


def test_characters_go_from_dark_to_light() -> None:
    image = np.linspace(0, 255, 10).astype(np.uint8)[None, :].repeat(2, 0)
    assert shaded(image, columns=10) == [SHADES]


def test_a_drawing_is_half_as_many_lines_as_columns() -> None:
    lines = shaded(np.zeros((28, 28), np.uint8), columns=14)
    assert lines == [" " * 14] * 7


def test_photos_are_shown_as_they_are() -> None:
    images = np.random.default_rng(0).integers(0, 256, (1, 2, 3, 3), dtype=np.uint8)
    sheet = decoded(contact_sheet(images, [[0]], ink=False, scale=1, gap=1))
    assert sheet.shape == (4, 5, 3)
    assert sheet[1:3, 1:4].tolist() == images[0].tolist()
    assert set(sheet[0].ravel().tolist()) == {255}


def test_colours_are_drawn_by_how_light_they_are() -> None:
    image = np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8).repeat(2, 0)
    assert shaded(image, columns=2) == [" @"]


def test_the_flattest_image_is_a_line() -> None:
    assert len(shaded(np.zeros((1, 100), np.uint8))) == 1
