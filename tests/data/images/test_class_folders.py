"""What folders say of the pictures in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from dltrain.data.images.class_folders import labelled_pictures


def made(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def listed(folder: Path) -> tuple[list[tuple[str, str, str]], list[str]]:
    pictures, others = labelled_pictures(folder)
    assert all(each.path == folder / each.name for each in pictures)
    return [(each.name, each.label, each.split) for each in pictures], others


def test_a_folder_is_a_class(tmp_path: Path) -> None:
    made(tmp_path, "b/1.png", "a/2.JPEG", "a/1.jpg", "a/deep/er/0.png")
    assert listed(tmp_path) == (
        [
            ("a/1.jpg", "a", ""),
            ("a/2.JPEG", "a", ""),
            ("a/deep/er/0.png", "a", ""),
            ("b/1.png", "b", ""),
        ],
        [],
    )


def test_what_is_no_picture_of_a_class_is_listed_apart(tmp_path: Path) -> None:
    made(tmp_path, "b/1.png", "a/1.jpg", "a/notes.txt", "0.png", "a/.hidden.png", ".git/x/1.png")
    pictures, others = listed(tmp_path)
    assert [name for name, _, _ in pictures] == ["a/1.jpg", "b/1.png"]
    assert others == ["0.png", "a/notes.txt"]


@pytest.mark.parametrize("names", [("train", "val", "test"), ("Training", "valid", "testing")])
def test_folders_may_stand_for_splits(names: tuple[str, str, str], tmp_path: Path) -> None:
    train, val, test = names
    made(tmp_path, f"{train}/a/1.png", f"{train}/b/1.png", f"{val}/b/1.png", f"{test}/a/1.png")
    made(tmp_path, f"{test}/1.png")
    pictures, others = listed(tmp_path)
    assert sorted((label, split) for _, label, split in pictures) == [
        *(("a", "test"), ("a", "train"), ("b", "train"), ("b", "val"))
    ]
    assert others == [f"{test}/1.png"]


def test_links_to_folders_are_told_and_never_followed(tmp_path: Path) -> None:
    made(tmp_path, "a/1.png", "b/2.png")
    (tmp_path / "a" / "back").symlink_to(tmp_path)
    assert listed(tmp_path) == ([("a/1.png", "a", ""), ("b/2.png", "b", "")], ["a/back"])
    (tmp_path / "c").symlink_to("a")
    with pytest.raises(ValueError, match=r"/c: is a link, and none is followed; put pictures"):
        labelled_pictures(tmp_path)


def test_without_one_that_trains_they_are_classes(tmp_path: Path) -> None:
    made(tmp_path, "test/1.png", "exam/1.png")
    assert [label for _, label, _ in listed(tmp_path)[0]] == ["exam", "test"]


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ([], r"has no files that end in \.png, \.jpg, \.jpeg; put them in a folder for each class"),
        (["1.png"], "has pictures, but no folder; put them in a folder for each class"),
        (["a/1.txt"], "has no files that end in"),
        (["a/1.png", "b/1.txt"], "b: has no pictures; put pictures there, or take it away"),
        (["train/a/1.png", "train/b/x"], "train/b: has no pictures"),
        (["train/a/1.png", "rest/a/1.png"], "rest: stands beside folders for train, val and test"),
    ],
)
def test_other_folders_are_refused(names: list[str], told: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=told) as caught:
        labelled_pictures(made(tmp_path, *names))
    assert str(caught.value).startswith(str(tmp_path))
