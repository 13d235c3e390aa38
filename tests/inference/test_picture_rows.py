"""Pictures of files as rows: those that can be used, and what is said of the others."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dltrain.config.load import load
from dltrain.data.dataset import Dataset
from dltrain.inference.picture_rows import PictureRows
from dltrain.train import build
from tests.data.images.folders import draw, draw_classes


@pytest.fixture
def data(tmp_path: Path) -> Dataset:
    draw_classes(tmp_path / "lamps", count=5)
    words = ["data=images", f"data.path={tmp_path / 'lamps'}", "model=softmax"]
    return build.dataset(load(words))


def read(data: Dataset, *files: Path) -> tuple[list[int], np.ndarray, list[str]]:
    rows = PictureRows(data)
    parts = list(rows.parts(files))
    numbers = [number for part, _ in parts for number in part]
    return numbers, np.concatenate([inputs for _, inputs in parts]), rows.notes()


def test_pictures_become_the_rows_that_were_trained_on(data: Dataset, tmp_path: Path) -> None:
    files = sorted(tmp_path.glob("lamps/*/*.png"))
    numbers, inputs, notes = read(data, *files)
    assert (numbers, notes) == (list(range(10)), [])
    known = {bytes(row) for split in data.splits.values() for row in split.inputs}
    assert set(map(bytes, inputs)) == known


def test_what_cannot_be_used_is_left_out_by_name(data: Dataset, tmp_path: Path) -> None:
    good = draw(tmp_path / "good.png")
    large = draw(tmp_path / "large.png", shape=(7, 8))
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG")
    numbers, inputs, notes = read(data, large, good)
    assert (numbers, len(inputs)) == ([1], 1)
    told = f"{large}: is 7 x 8 pixels, not 6 x 8, the size that was learned from; resize it"
    assert notes == [f"1 of 2 files left out: {told}"]
    numbers, _, notes = read(data, good, large, broken, good)
    assert numbers == [0, 3]
    [note] = notes
    assert note.startswith(f"2 of 4 files left out: {told}; {broken}: is neither")


def test_what_is_left_out_for_one_reason_is_named_together(data: Dataset, tmp_path: Path) -> None:
    good, text = draw(tmp_path / "good.png"), tmp_path / "text.png"
    text.write_text("no picture")
    large = [draw(tmp_path / f"{n}.png", shape=(9, 9)) for n in range(4)]
    reason = "is 9 x 9 pixels, not 6 x 8, the size that was learned from; resize it"
    other = f"{text}: is neither a PNG nor a JPEG file"
    _, _, notes = read(data, good, large[0], text, large[1])
    assert notes == [f"3 of 4 files left out: {large[0]}, {large[1]}: {reason}; {other}"]
    names = ", ".join(map(str, large[:3]))
    with pytest.raises(ValueError, match="9 x 9") as caught:
        read(data, *large, text)
    assert str(caught.value) == f"{names} (and 1 other): {reason}; {other}"
    sizes = [draw(tmp_path / f"{n}.png", shape=(9, n)) for n in range(10, 15)]
    _, _, [note] = read(data, good, *sizes)
    assert note.count("pixels, not 6 x 8") == 3
    assert note.endswith("; and 2 more for other reasons")


def test_where_none_can_be_used_that_is_an_error(data: Dataset, tmp_path: Path) -> None:
    large = draw(tmp_path / "large.png", shape=(7, 8))
    with pytest.raises(ValueError, match=r"large\.png: is 7 x 8 pixels, not 6 x 8"):
        read(data, large)


def test_another_size_is_resized_where_training_resized(data: Dataset, tmp_path: Path) -> None:
    large = draw(tmp_path / "large.png", shape=(12, 16), level=100)
    _, inputs, notes = read(dataclasses.replace(data, resizes=True), large)
    assert notes == []
    with Image.open(large) as image:
        resized = np.asarray(image.resize((8, 6), Image.Resampling.BILINEAR))
    assert inputs.tolist() == [resized.reshape(-1).tolist()]


def test_colour_is_told_where_it_is_lost(data: Dataset, tmp_path: Path) -> None:
    files = [draw(tmp_path / "c.png", shape=(6, 8, 3)), draw(tmp_path / "g.png")]
    assert read(data, *files)[2] == ["colour was turned into grey in 1 of 2 files"]
    wide = tuple(f"x{n}" for n in range(144))
    colours = dataclasses.replace(data, image_shape=(6, 8, 3), feature_names=wide)
    assert read(colours, *files)[2] == []


def test_a_transparent_picture_is_put_on_white_and_that_is_told(
    data: Dataset, tmp_path: Path
) -> None:
    files = [draw(tmp_path / "a.png", level=100), draw(tmp_path / "b.png")]
    _, drawn, _ = read(data, *files)
    with Image.open(files[0]) as image:
        alpha = Image.fromarray(255 - np.asarray(image))
    Image.merge("RGBA", [Image.new("L", alpha.size)] * 3 + [alpha]).save(files[0])
    _, inputs, notes = read(data, *files)
    assert notes == ["what is transparent was put on white in 1 of 2 files"]
    assert inputs.tolist() == drawn.tolist()


def test_negatives_are_told(data: Dataset, tmp_path: Path) -> None:
    negative = tmp_path / "negative.png"
    with Image.open(draw(tmp_path / "x.png")) as image:
        Image.fromarray(255 - np.asarray(image)).save(negative)
    [note] = read(data, negative, tmp_path / "x.png")[2]
    assert note.startswith("1 of 2 images are light at their edges (mean 24")
    assert read(data, tmp_path / "x.png")[2] == []


def test_a_digest_is_of_all_that_was_read_in_whatever_order(data: Dataset, tmp_path: Path) -> None:
    files = sorted(tmp_path.glob("lamps/*/*.png"))

    def digest(*files: Path) -> str:
        rows = PictureRows(data)
        list(rows.parts(files))
        return rows.sha256

    assert digest(*files) == digest(*reversed(files)) == data.files["path"]
    assert digest(*files[1:]) != data.files["path"]
