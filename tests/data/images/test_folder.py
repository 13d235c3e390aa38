"""data=images: pictures in a folder for each class."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dltrain.data.dataset import Dataset
from dltrain.data.images import folder as module
from dltrain.data.images.folder import images_folder
from dltrain.data.images.splitting import Splitting
from tests.data.images.folders import draw, draw_classes


def load(
    path: Path, *, size: tuple[int, int] | None = None, colour: str = "auto", **options: Any
) -> Dataset:
    values: dict[str, Any] = {"val_fraction": 0.2, "test_fraction": 0.2, "stratify": True}
    values |= {"folds": None, "fold": None, "seed": 0} | options
    splitting = Splitting(**values)
    return images_folder(None, path=str(path), size=size, colour=colour, splitting=splitting)


def test_a_row_is_a_file_and_its_class_the_folder(tmp_path: Path) -> None:
    data = load(draw_classes(tmp_path / "lamps", classes=("b", "a"), count=10))
    assert (data.name, data.task, data.image_shape) == ("lamps", "classification", (6, 8))
    assert data.class_names == ("a", "b")
    assert [len(split) for split in data.splits.values()] == [12, 4, 4]
    assert all(np.ptp(np.bincount(split.targets)) == 0 for split in data.splits.values())
    read: dict[bytes, int] = {}
    for split in data.splits.values():
        read |= zip(map(bytes, split.inputs), split.targets.tolist(), strict=True)
    assert len(read) == 20
    for file in tmp_path.glob("lamps/*/*.png"):
        with Image.open(file) as image:
            assert data.class_names[read[image.tobytes()]] == file.parent.name


def test_the_same_files_are_the_same_data_wherever_they_lie(tmp_path: Path) -> None:
    draw_classes(tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "other")
    one, other = (load(tmp_path / name) for name in ("a", "other"))
    assert (one.sha256, one.files) == (other.sha256, other.files)
    assert np.array_equal(one.train.inputs, other.train.inputs)
    assert load(tmp_path / "a", seed=1).sha256 == one.sha256  # the same rows, drawn otherwise
    assert load(tmp_path / "a", size=(3, 4)).sha256 != one.sha256
    (tmp_path / "other/dim/00.png").rename(tmp_path / "other/dim/zz.png")
    assert load(tmp_path / "other").sha256 != one.sha256
    draw(tmp_path / "a/dim/00.png", level=77)
    assert load(tmp_path / "a").sha256 != one.sha256


def test_classes_that_are_numbers_come_in_their_order(tmp_path: Path) -> None:
    draw_classes(tmp_path, classes=("10", "9", "0"))
    assert load(tmp_path).class_names == ("0", "9", "10")
    draw_classes(tmp_path, classes=("x",))
    assert load(tmp_path).class_names == ("0", "10", "9", "x")


def test_folders_say_which_pictures_train_validate_and_test(tmp_path: Path) -> None:
    for split, count in {"train": 20, "valid": 5, "test": 4}.items():
        draw_classes(tmp_path / split, count=count, seed=len(split) * 100)
    data = load(tmp_path)
    assert [len(split) for split in data.splits.values()] == [40, 10, 8]
    assert data.notes == ("folders say which pictures are for train, val, test",)
    assert set(data.files) == {"train", "val", "test"}
    shutil.rmtree(tmp_path / "valid")
    drawn = load(tmp_path)
    assert [len(split) for split in drawn.splits.values()] == [32, 8, 8]
    assert drawn.notes == ("folders say which pictures are for train, test",)
    assert np.array_equal(drawn.test.inputs, data.test.inputs)
    folds = [load(tmp_path, folds=4, fold=fold) for fold in range(4)]
    every = np.concatenate([each.val.inputs for each in folds])
    assert sorted(map(bytes, every)) == sorted(map(bytes, data.train.inputs))


def test_folds_and_a_folder_that_validates_are_at_odds(tmp_path: Path) -> None:
    for split in ("train", "val"):
        draw_classes(tmp_path / split, count=5)
    with pytest.raises(ValueError, match=r"data\.folds=2: a folder in .* says which pictures"):
        load(tmp_path, folds=2, fold=0)


def test_pictures_of_several_sizes_ask_for_one_and_then_get_it(tmp_path: Path) -> None:
    draw_classes(tmp_path, count=10)
    draw(tmp_path / "lit/other.png", shape=(9, 7))
    with pytest.raises(ValueError, match=r".") as caught:
        load(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: its pictures have 2 sizes, the commonest 6 x 8 (20 of 21; lit/other.png has "
        "9 x 7); add 'data.size=[6,8]', which resizes all to that"
    )
    data = load(tmp_path, size=(6, 8))
    assert (data.image_shape, data.resizes) == ((6, 8), True)
    assert data.notes == (
        "1 of 21 pictures were resized to 6 x 8, stretched where their sides have another ratio",
    )
    (tmp_path / "lit/other.png").unlink()
    assert load(tmp_path, size=(6, 8)).notes == ()
    assert not load(tmp_path).resizes


def test_colours_stay_unless_grey_is_asked_for(tmp_path: Path) -> None:
    draw_classes(tmp_path, count=10)
    assert load(tmp_path).notes == ()
    assert load(tmp_path, colour="rgb").image_shape == (6, 8, 3)
    colours = draw(tmp_path / "lit/colour.png", shape=(6, 8, 3), level=100)
    data = load(tmp_path, val_fraction=0.0, test_fraction=0.0)
    assert (data.image_shape, data.in_features) == ((6, 8, 3), 144)
    assert data.notes == (
        "1 of 21 pictures are in colour, so each pixel is three numbers (data.colour=grey makes "
        "it one)",
    )
    with Image.open(colours) as image:
        assert image.tobytes() in set(map(bytes, data.train.inputs))
    grey = load(tmp_path, colour="grey")
    assert grey.image_shape == (6, 8)
    assert grey.notes == ("colour was turned into grey in 1 of 21 pictures",)


def test_grey_pixels_are_grey_however_a_file_holds_them(tmp_path: Path) -> None:
    draw_classes(tmp_path, count=10)
    grey = load(tmp_path)
    for number, path in enumerate(sorted(tmp_path.glob("*/*.png"))):
        with Image.open(path) as image:
            image.convert(("RGB", "LA", "RGBA", "P")[number % 4]).save(path)
    again = load(tmp_path)
    assert (again.image_shape, again.notes) == ((6, 8), ())
    assert np.array_equal(again.train.inputs, grey.train.inputs)
    with Image.open(path) as image:
        whole = image.convert("RGB")
    whole.save(path)
    path.write_bytes(path.read_bytes()[:-30])  # its head is whole
    with pytest.raises(ValueError, match=r"cannot be read \(.*\); mend it or move"):
        load(tmp_path)


def test_icons_drawn_in_alpha_alone_are_put_on_white_and_that_is_told(tmp_path: Path) -> None:
    draw_classes(tmp_path, count=10)
    drawn = load(tmp_path)
    for path in tmp_path.glob("*/*.png"):
        with Image.open(path) as image:
            alpha = Image.fromarray(255 - np.asarray(image))
        Image.merge("LA", [Image.new("L", alpha.size), alpha]).save(path)
    icons = load(tmp_path)
    assert np.array_equal(icons.train.inputs, drawn.train.inputs)
    assert icons.notes == ("what is transparent was put on white in 20 of 20 pictures",)


def test_copies_among_pictures_that_test_are_told(tmp_path: Path) -> None:
    for split, seed in {"train": 0, "test": 100}.items():
        draw_classes(tmp_path / split, count=5, seed=seed)
    assert load(tmp_path, val_fraction=0.0).warnings == ()
    shutil.copy(tmp_path / "train/lit/01.png", tmp_path / "test/lit/again.png")
    assert load(tmp_path, val_fraction=0.0).warnings == (
        "1 of 11 test pictures are copies of training pictures, byte for byte: test figures "
        "flatter the model",
    )


def test_other_files_are_told(tmp_path: Path) -> None:
    draw_classes(tmp_path, count=5)
    for name in ("lit/a.gif", "b.txt", "c.txt", "d.txt"):
        (tmp_path / name).touch()
    assert load(tmp_path).notes == (
        "4 files left out, no PNG or JPEG in the folder of a class: b.txt, c.txt, d.txt, ...",
    )


def test_what_is_broken_is_refused_by_name(tmp_path: Path) -> None:
    draw_classes(tmp_path, count=5)
    whole = (tmp_path / "lit/00.png").read_bytes()
    (tmp_path / "lit/cut.png").write_bytes(whole[:-30])  # its head is whole
    with pytest.raises(ValueError, match=r"lit/cut\.png: cannot be read \(.*\); mend it or move"):
        load(tmp_path)
    (tmp_path / "dim/empty.png").touch()
    (tmp_path / "dim/text.jpg").write_text("no picture")
    with pytest.raises(
        ValueError, match=r"dim/empty\.png: is neither a PNG nor a JPEG file \(and 1 other file\);"
    ):
        load(tmp_path)


def test_a_class_that_no_picture_trains_is_refused_or_told(tmp_path: Path) -> None:
    draw_classes(tmp_path / "train", count=5)
    draw(tmp_path / "test/dimm/0.png")
    with pytest.raises(ValueError, match=r"'dimm'; did you mean dim\?.*; rename the folder"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"size": (600, 600)}, "pictures of 600 x 600 are 360,000 numbers, at most 300,000"),
        ({"val_fraction": 0.5, "test_fraction": 0.49}, "10 rows are too few for data.val_fraction"),
        ({"folds": 9, "fold": 0}, "8 rows are too few for data.folds=9; lower it"),
    ],
)
def test_what_cannot_be_done_is_refused(options: Any, told: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=told):
        load(draw_classes(tmp_path, count=5), **options)


def test_one_class_is_nothing_to_tell_apart(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has one class only, 'dim'"):
        load(draw_classes(tmp_path, classes=("dim",)))


def test_more_than_fits_the_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw_classes(tmp_path)
    monkeypatch.setattr(module, "free_memory", lambda: 1000)
    with pytest.raises(ValueError, match=r"40 pictures of 6 x 8 take .* are free; lower data.size"):
        load(tmp_path)
