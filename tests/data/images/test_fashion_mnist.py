"""Fashion-MNIST: where it is found, what is cached, how it is split."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dltrain.data.dataset import Dataset, Split
from dltrain.data.images import fashion_mnist
from dltrain.data.images.fashion_mnist import CLASS_NAMES, FULL, SAMPLE, Choosing, cache_folder
from dltrain.system.paths import SHIPPED


def load(root: Path | str | None = None, *, source: str = "auto", **options: Any) -> Dataset:
    values: dict[str, Any] = {"num_val": 5000, "stratify": False, "folds": None, "fold": None}
    values["test_validates"] = False
    choosing = Choosing(**values | {"seed": 0} | options)
    where = None if root is None else str(root)
    return fashion_mnist.fashion_mnist("images", root=where, source=source, choosing=choosing)


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without the full data and without network; returns its cache folder."""
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "none"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    places = [tmp_path / "none" / "datasets" / "fashion-mnist"]
    monkeypatch.setattr(fashion_mnist, "_system_folders", lambda: iter(places))
    monkeypatch.setattr(fashion_mnist, "_download", lambda folder: False)
    return tmp_path / "cache" / "dltrain" / "fashion_mnist"


@pytest.fixture
def root(nowhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with four IDX files that pass for the full data: the sample's."""
    monkeypatch.setattr(fashion_mnist, "FULL", SAMPLE)
    folder = tmp_path / "root"
    folder.mkdir()
    for file in SAMPLE:
        archive = (SHIPPED / f"fashion_mnist_sample-{file.name}.gz").read_bytes()
        (folder / f"{file.name}.gz").write_bytes(archive)
    return folder


@pytest.fixture(scope="module")
def full() -> Dataset:
    if fashion_mnist.available() is None:
        pytest.skip("the full data is not on this machine")
    return load()


# The packaged sample.


def test_the_sample_is_marked_as_one() -> None:
    data = load(source="sample")
    assert (data.source, data.notes) == ("sample", ())
    assert [len(split) for split in data.splits.values()] == [4583, 417, 1000]
    assert (data.task, data.in_features, data.out_features) == ("classification", 784, 10)
    assert data.train.inputs.dtype == np.uint8
    assert data.image_shape == (28, 28)
    assert data.class_names == CLASS_NAMES


def test_the_sample_has_every_class() -> None:
    data = load(source="sample", num_val=0)
    assert np.bincount(data.train.targets.astype(int)).min() > 400
    assert data.train.inputs.max() == 255


def test_without_the_full_data_the_sample_is_used_and_said_loudly(nowhere: Path) -> None:
    data = load()
    assert data.source == "sample"
    [note] = data.warnings
    assert "SAMPLE of 5,000 training and 1,000 test images" in note
    assert "its accuracy is not comparable" in note
    assert not nowhere.exists()


def test_who_asks_for_the_full_data_gets_it_or_one_message(nowhere: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        load(source="full")
    assert str(caught.value) == (
        f"data.source=full: Fashion-MNIST is neither in data.root=null, nor in {tmp_path}/none/"
        "datasets/fashion-mnist, nor could it be downloaded; apt install dataset-fashion-mnist, "
        "or put the four IDX files in a folder and add data.root=FOLDER"
    )


def test_a_sample_always_has_rows_to_train_on() -> None:
    assert len(load(source="sample", num_val=59_999).train) > 0


# A folder of one's own, and the cache.


def test_a_folder_of_archives_is_read(root: Path) -> None:
    data = load(root=str(root), num_val=500)
    assert data.source == "root"
    assert [len(split) for split in data.splits.values()] == [4500, 500, 1000]


def test_a_folder_of_plain_files_is_read_as_well(root: Path) -> None:
    zipped = load(root=str(root), num_val=500)
    for archive in root.iterdir():
        archive.with_suffix("").write_bytes(gzip.decompress(archive.read_bytes()))
        archive.unlink()
    for cached in cache_folder().iterdir():
        cached.unlink()
    plain = load(root=str(root), num_val=500)
    assert np.array_equal(zipped.val.inputs, plain.val.inputs)


def test_a_folder_that_lacks_a_file_is_refused(root: Path) -> None:
    (root / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(ValueError, match="has no t10k-labels-idx1-ubyte "):
        load(root=str(root))


def test_a_folder_with_another_file_is_refused(root: Path) -> None:
    (root / "train-labels-idx1-ubyte").write_bytes(b"something else")
    with pytest.raises(ValueError, match="train-labels-idx1-ubyte: is not train-labels"):
        load(root=str(root))


def test_system_folders_are_searched(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fashion_mnist, "_system_folders", lambda: iter([root]))
    assert load().source == "system"
    assert fashion_mnist.available() == str(root)


def test_data_folders_of_the_system_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_DATA_DIRS", "/one:/two")
    places = [str(folder) for folder in fashion_mnist._system_folders()]
    assert places[1:] == [
        f"{prefix}/datasets/fashion-mnist" for prefix in ("/one", "/two", "/usr/share")
    ]


def test_the_cache_is_written_once_and_used(root: Path, nowhere: Path) -> None:
    first = load(root=str(root), num_val=500)
    written = {file.name: file.stat().st_mtime_ns for file in nowhere.iterdir()}
    assert len(written) == 4
    again = load(root=str(root), num_val=500)
    assert {file.name: file.stat().st_mtime_ns for file in nowhere.iterdir()} == written
    assert load(num_val=500).source == "cache"
    assert np.array_equal(first.train.inputs, again.train.inputs)
    assert first.sha256 == again.sha256


def test_a_cached_file_of_another_size_is_decoded_anew(root: Path, nowhere: Path) -> None:
    load(root=str(root))
    [labels] = nowhere.glob("train-labels*")
    labels.write_bytes(b"torn")
    assert len(load(root=str(root), num_val=0).train) == 5000


def test_what_one_run_changes_in_memory_stays_out_of_the_cache(root: Path) -> None:
    changed = load(root=str(root), num_val=0)
    changed.train.inputs[:] = 0
    assert load(root=str(root), num_val=0).train.inputs.max() == 255


@pytest.fixture
def no_cache(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    return root


def test_a_cache_that_cannot_be_written_is_no_obstacle(no_cache: Path) -> None:
    data = load(root=str(no_cache), num_val=500)
    assert [len(split) for split in data.splits.values()] == [4500, 500, 1000]
    assert data.notes[0].startswith("the decoded images could not be cached: ")


def test_without_a_cache_the_arrays_may_be_shared_with_torch(no_cache: Path) -> None:
    data = load(root=str(no_cache), num_val=0)
    assert data.train.inputs.flags.writeable
    assert data.test.inputs.flags.writeable


def test_a_cache_that_cannot_be_written_is_noted_once(no_cache: Path) -> None:
    assert len(load(root=str(no_cache)).notes) == 1


# Splits.


def rows(split: Split) -> set[bytes]:
    return {row.tobytes() for row in split.inputs}


def test_no_image_both_trains_and_validates() -> None:
    data = load(source="sample")
    whole = load(source="sample", num_val=0)
    assert not rows(data.train) & rows(data.val)
    assert rows(data.train) | rows(data.val) == rows(whole.train)


def test_all_images_may_train() -> None:
    data = load(source="sample", num_val=0)
    assert (len(data.train), len(data.val)) == (5000, 0)


def test_classes_have_equal_shares_of_those_that_validate_if_asked_for() -> None:
    plain, equal = (load(source="sample", stratify=stratify) for stratify in (False, True))
    shares = np.bincount(load(source="sample", num_val=0).train.targets) * 417 / 5000
    errors = [np.abs(np.bincount(data.val.targets) - shares).max() for data in (equal, plain)]
    assert errors[0] < 1 < errors[1]
    assert len(equal.val) == len(plain.val) == 417


def test_each_image_that_does_not_test_validates_in_one_fold() -> None:
    folds = [load(source="sample", stratify=True, folds=4, fold=fold) for fold in range(4)]
    assert [len(data.val) for data in folds] == [1250] * 4
    assert {len(data.train) for data in folds} == {3750}
    counts = [np.bincount(data.val.targets) for data in folds]
    assert np.ptp(counts, axis=0).max() <= 1
    every = np.concatenate([data.val.inputs for data in folds])
    whole = load(source="sample", num_val=0)
    assert sorted(map(bytes, every)) == sorted(map(bytes, whole.train.inputs))
    assert all(np.array_equal(data.test.inputs, whole.test.inputs) for data in folds)


def test_the_seed_moves_the_split() -> None:
    zero, again, one = (load(source="sample", seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(zero.val.inputs, again.val.inputs)
    assert not np.array_equal(zero.val.inputs, one.val.inputs)


def test_the_full_data_has_the_stated_sizes(full: Dataset) -> None:
    assert [len(split) for split in full.splits.values()] == [55_000, 5_000, 10_000]
    assert full.source in ("system", "cache", "root")
    assert full.notes == ()
    assert len(load(num_val=0).train) == 60_000


def test_the_full_data_has_as_many_images_of_each_class(full: Dataset) -> None:
    assert np.bincount(full.test.targets.astype(int)).tolist() == [1000] * 10


def test_training_and_validation_images_are_other_rows(full: Dataset) -> None:
    everything = load(num_val=0).train.inputs.astype(np.int64).sum()
    parts = sum(split.inputs.astype(np.int64).sum() for split in (full.train, full.val))
    assert everything == parts


@pytest.mark.usefixtures("full")
def test_the_real_files_have_the_published_digests() -> None:
    published = [
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ]
    files = [fashion_mnist._cached(cache_folder(), file) for file in FULL]
    assert [hashlib.sha256(file.read_bytes()).hexdigest() for file in files] == published


@pytest.mark.usefixtures("full")
def test_the_sample_is_the_start_of_the_full_data() -> None:
    sample, whole = load(source="sample", num_val=0), load(num_val=0)
    assert np.array_equal(sample.train.inputs, whole.train.inputs[:5000])
    assert np.array_equal(sample.test.targets, whole.test.targets[:1000])


def test_the_test_images_validate_if_asked_and_that_is_said(root: Path) -> None:
    """As in the textbook, whose picture has their accuracy after every epoch."""
    data = load(root, num_val=0, test_validates=True)
    assert data.val is data.test
    assert len(data.train) == SAMPLE[0].rows
    assert any("no estimate for new images" in note for note in data.notes)
    assert not any("no estimate" in note for note in load(root, num_val=0).notes)
