"""data=idx: MNIST and its relatives, which are four files of images and labels."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dltrain.data.dataset import Dataset
from dltrain.data.images.fashion_mnist import SAMPLE, Choosing, fashion_mnist
from dltrain.data.images.idx_folder import idx_folder
from dltrain.data.images.splitting import Splitting
from dltrain.system.paths import SHIPPED

NAMES = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")


def load(path: Path, *, class_names: list[str] | None = None, **options: Any) -> Dataset:
    values: dict[str, Any] = {"val_fraction": 0.1, "test_fraction": 0.0, "stratify": True}
    values |= {"folds": None, "fold": None, "seed": 0} | options
    splitting = Splitting(**values)
    return idx_folder(None, path=str(path), class_names=class_names, splitting=splitting)


def write(path: Path, array: np.ndarray, *, wrap: str = "") -> None:
    head = b"\0\0\x08" + bytes([array.ndim])
    head += b"".join(size.to_bytes(4, "big") for size in array.shape)
    content = head + array.astype(np.uint8).tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_name(path.name + wrap).write_bytes(gzip.compress(content) if wrap else content)


def write_set(
    folder: Path, *, names: tuple[str, ...] = NAMES, wrap: str = "", classes: int = 3
) -> Path:
    for index, name in enumerate(names):
        count = (60, 60, 20, 20)[index]
        rng = np.random.default_rng(index)
        images = rng.integers(0, 256, (count, 5, 4))
        array = np.arange(count) % classes if "labels" in name else images
        write(folder / f"{name}-ubyte", array, wrap=wrap)
    return folder


def test_the_four_files_are_a_data_set(tmp_path: Path) -> None:
    data = load(write_set(tmp_path / "small"))
    assert (data.name, data.task, data.image_shape) == ("small", "classification", (5, 4))
    assert [len(split) for split in data.splits.values()] == [54, 6, 20]
    assert data.class_names == ("0", "1", "2")
    assert np.bincount(data.val.targets).tolist() == [2, 2, 2]
    assert data.test.inputs.dtype == np.uint8
    assert data.warnings == ()


def test_plain_and_zipped_files_are_the_same_data(tmp_path: Path) -> None:
    plain, zipped = (load(write_set(tmp_path / f"a{wrap}", wrap=wrap)) for wrap in ("", ".gz"))
    assert plain.sha256 == zipped.sha256
    assert np.array_equal(plain.train.inputs, zipped.train.inputs)


def test_fashion_mnist_by_this_way_is_fashion_mnist(tmp_path: Path) -> None:
    for file in SAMPLE:
        shutil.copy(SHIPPED / f"fashion_mnist_sample-{file.name}.gz", tmp_path / f"{file.name}.gz")
    choosing: dict[str, Any] = {"num_val": 0, "test_validates": False, "stratify": False}
    choosing |= {"folds": None, "fold": None, "seed": 0}
    known = fashion_mnist("x", root=None, source="sample", choosing=Choosing(**choosing))
    data = load(tmp_path, val_fraction=0.0)
    for split in ("train", "test"):
        assert np.array_equal(data.splits[split].inputs, known.splits[split].inputs)
        assert np.array_equal(data.splits[split].targets, known.splits[split].targets)
    assert data.files == known.files
    assert data.edges == known.edges


@pytest.mark.parametrize(
    "names",
    [
        [f"emnist-letters-{name}" for name in NAMES],
        ["train-images.idx3", "train-labels.idx1", "t10k-images.idx3", "t10k-labels.idx1"],
        ["train-images-idx3", "train-labels-idx1", "test-images-idx3", "test-labels-idx1"],
    ],
)
def test_names_may_be_those_of_relatives(names: list[str], tmp_path: Path) -> None:
    data = load(write_set(tmp_path / "small", names=tuple(names)))
    assert data.name == ("emnist-letters" if "emnist" in names[0] else "small")
    assert sorted(data.files) == sorted(f"{name}-ubyte" for name in NAMES)


def test_of_several_sets_in_a_folder_one_is_named(tmp_path: Path) -> None:
    for prefix in ("emnist-letters", "emnist-digits"):
        write_set(tmp_path, names=tuple(f"{prefix}-{name}" for name in NAMES))
    with pytest.raises(ValueError, match=r"has 2 sets of IDX files; use data\.path=") as caught:
        load(tmp_path)
    assert f"use data.path={tmp_path}/emnist-digits or data.path=" in str(caught.value)
    assert load(tmp_path / "emnist-letters").name == "emnist-letters"


def test_classes_have_the_names_that_are_told(tmp_path: Path) -> None:
    write_set(tmp_path)
    assert load(tmp_path, class_names=["a", "b", "c", "d"]).class_names == ("a", "b", "c", "d")
    for names in (["a", "b"], ["a", "b", "b"]):
        with pytest.raises(
            ValueError, match=r"data\.class_names: 2 different names, and labels go"
        ):
            load(tmp_path, class_names=names)


def test_a_label_that_nothing_has_is_told(tmp_path: Path) -> None:
    """As of EMNIST's letters, which are counted from 1."""
    write_set(tmp_path)
    for name in NAMES[1::2]:
        count = 60 if "train" in name else 20
        write(tmp_path / f"{name}-ubyte", np.arange(count) % 2 + 1)
    data = load(tmp_path)
    assert data.class_names == ("0", "1", "2")
    assert data.warnings == ("class '0' has no training image, so it cannot be learned",)


def test_folds_and_seed_are_those_of_other_data(tmp_path: Path) -> None:
    write_set(tmp_path)
    folds = [load(tmp_path, folds=3, fold=fold) for fold in range(3)]
    every = np.concatenate([data.val.inputs for data in folds])
    whole = load(tmp_path, val_fraction=0.0).train.inputs
    assert sorted(map(bytes, every)) == sorted(map(bytes, whole))
    one, again, other = (load(tmp_path, seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(one.val.inputs, again.val.inputs)
    assert not np.array_equal(one.val.inputs, other.val.inputs)
    assert one.sha256 == other.sha256


def _without(folder: Path, name: str) -> None:
    (folder / f"{name}-ubyte").unlink()


def _labels(folder: Path, name: str) -> None:
    write(folder / f"{name}-ubyte", np.arange(7))


def _images(folder: Path, name: str) -> None:
    write(folder / f"{name}-ubyte", np.zeros((20, 4, 4)))


def _one_class(folder: Path, name: str) -> None:
    for part, count in (("train", 60), ("t10k", 20)):
        write(folder / f"{part}-labels-idx1-ubyte", np.zeros(count))


@pytest.mark.parametrize(
    ("change", "name", "told"),
    [
        (_without, NAMES[3], r"data\.path=.*: has no t10k-labels-idx1-ubyte \(nor t10k-labels-"),
        (_without, NAMES[0], r"data\.path=.*: has no train-images-idx3-ubyte \(nor train-images-"),
        (_labels, NAMES[1], "train-labels-idx1-ubyte: has 7 labels, and .* has 60 images"),
        (_images, NAMES[2], "t10k-images-idx3-ubyte: its images are 4 x 4, not 5 x 4"),
        (_labels, NAMES[2], r"t10k-images-idx3-ubyte: is no IDX file of images \(it holds labels"),
        (_one_class, "", "train-labels-idx1-ubyte: every label is 0; there is nothing to tell"),
    ],
)
def test_files_that_do_not_go_together_are_refused(
    change: Any, name: str, told: str, tmp_path: Path
) -> None:
    change(write_set(tmp_path), name)
    with pytest.raises(ValueError, match=told):
        load(tmp_path)
