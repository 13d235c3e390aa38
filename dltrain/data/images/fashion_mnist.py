"""Fashion-MNIST: find the four IDX files, check their content, cache it, split it.

Source: https://github.com/zalandoresearch/fashion-mnist (MIT licence), Xiao, Rasul and
Vollgraf, 2017. 60,000 training and 10,000 test images of 28 x 28 grey values, 10 classes.
"""

from __future__ import annotations

import hashlib
import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dltrain.data.dataset import Dataset, Split
from dltrain.data.images.form import form
from dltrain.data.images.idx import SIDE, IdxFile, as_rows, read_idx
from dltrain.data.splits import Indices, Rows, draw, shuffled
from dltrain.system import disk
from dltrain.system.paths import SHIPPED, expanded

CLASS_NAMES = (
    *("t-shirt", "trouser", "pullover", "dress", "coat"),
    *("sandal", "shirt", "sneaker", "bag", "ankle boot"),
)


def _files(train: int, test: int, *digests: str) -> tuple[IdxFile, ...]:
    """Return the four files, of so many rows and with these digests."""
    names = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"]
    names += ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]
    return tuple(map(IdxFile, names, digests, (train, train, test, test)))


FULL = _files(
    60_000,
    10_000,
    "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
)
# The first rows of the same four files, so that a machine without network can train on something.
SAMPLE = _files(
    5_000,
    1_000,
    "626b8bf8433327de7912bae1d0e4c70fdcca53de33970297bf9a2205500c574a",
    "86cccad95ab36653e416733235fc8fbb50b9429417f4eb2feb35e0b9a294e83c",
    "7a6d8e07ea021ec5bc73135ebd0a5770799557ec6f8242d8749c4f32a3cf4643",
    "b40abac7ec8228f434940f579deb7cf7b6e3103b5274cb91d1545771f5ef1c8b",
)
NOT_FOUND = (
    "Fashion-MNIST was not found and could not be downloaded: this run uses a SAMPLE "
    "of 5,000 training and 1,000 test images, so its accuracy is not comparable. "
    "On Debian or Ubuntu: apt install dataset-fashion-mnist; else put the four files "
    "in a folder and add data.root=FOLDER"
)


TEST_VALIDATES = (
    "the test images validate, too, as in the textbook: what they choose (the best epoch, a "
    "sweep's best) is no estimate for new images"
)


@dataclass(frozen=True, kw_only=True)
class Choosing:
    """Which images validate; see the knobs of ``data=fashion_mnist``."""

    num_val: int  # of 60,000; of a sample, in proportion
    test_validates: bool  # none of them: the test images do
    stratify: bool
    folds: int | None
    fold: int | None
    seed: int


def fashion_mnist(
    name: str, *, root: str | None, source: str, choosing: Choosing, download: bool = True
) -> Dataset:
    """Load Fashion-MNIST from the first place that has it.

    Args:
        name: How the data set is called.
        root: Folder with the four IDX files, plain or ``.gz``; searched first.
        source: ``auto``; ``full`` forbids the packaged sample, ``sample`` asks for it.
        choosing: Which of the training images validate.
        download: Whether the network may be asked, if they are nowhere on this machine.

    Returns:
        A classification data set; inputs are bytes, [N, 784].

    Raises:
        ValueError: If a file is not what it should be, or ``full`` data is nowhere to be found.
    """
    notes: list[str] = []
    origin, arrays = (None, []) if source == "sample" else _load_full(root, notes, download)
    if origin is None and source == "full":
        raise ValueError(_nowhere(root))
    files = FULL
    if origin is None:
        files, arrays = SAMPLE, _load_sample()
    train_images, train_labels, test_images, test_labels = arrays
    images = Split(train_images, train_labels)
    train, val = (_chosen(images, rows) for rows in _draw(train_labels, choosing))
    test = Split(test_images, test_labels)
    if choosing.test_validates:
        val = test
        notes.append(TEST_VALIDATES)
    return Dataset(
        name=name,
        train=train,
        val=val,
        test=test,
        class_names=CLASS_NAMES,
        source=origin or "sample",
        sha256=hashlib.sha256(" ".join(file.sha256 for file in files).encode()).hexdigest(),
        files={file.name: file.sha256 for file in files},
        notes=tuple(notes),
        warnings=(NOT_FOUND,) if origin is None and source != "sample" else (),
        **form((SIDE, SIDE), train.inputs),
    )


def _draw(labels: npt.NDArray[np.generic], choosing: Choosing) -> list[Indices]:
    """Draw which images train and which validate, by their labels [N]."""
    order = shuffled(len(labels), seed=choosing.seed)[::-1]  # its first ones always validated
    rows = Rows(order=order, classes=labels.astype(np.int64) if choosing.stratify else None)
    num_val = min(round(choosing.num_val * len(labels) / FULL[0].rows), len(labels) - 1)
    return draw(rows, val=num_val, folds=choosing.folds, fold=choosing.fold)[:2]


def _chosen(rows: Split, indices: Indices) -> Split:
    if len(indices) == len(rows):  # nothing to leave out: no copy of 47 MB
        return rows
    return Split(rows.inputs[indices], rows.targets[indices])


Arrays = list[npt.NDArray[np.generic]]


def _load_full(root: str | None, notes: list[str], download: bool) -> tuple[str | None, Arrays]:
    """Find, check and cache the four files; ("root" | "system" | ..., arrays) or (None, [])."""
    cache = cache_folder()
    if root is not None:
        folder = expanded(root)
        missing = [file.name for file in FULL if _file_in(folder, file) is None]
        if missing:
            raise ValueError(
                f"data.root={root}: has no {missing[0]} (nor {missing[0]}.gz); "
                "give the folder with the four IDX files, or leave data.root out"
            )
        return "root", _load_from(folder, cache, notes)
    system = _system_folder()
    if system is not None:
        return "system", _load_from(system, cache, notes)
    if _is_complete(cache):
        return "cache", [_map(_cached(cache, file), file) for file in FULL]
    if not download:
        return None, []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if _download(folder):
            return "download", _load_from(folder / "FashionMNIST" / "raw", cache, notes)
    return None, []


def available() -> str | None:
    """Say where the full data set lies on this machine, or None if it would be downloaded."""
    folder, cache = _system_folder(), cache_folder()
    if folder is not None:
        return str(folder)
    return str(cache) if _is_complete(cache) else None


def _load_from(folder: Path, cache: Path, notes: list[str]) -> Arrays:
    return [_load_file(folder, file, cache, notes) for file in FULL]


def _load_file(
    folder: Path, file: IdxFile, cache: Path, notes: list[str]
) -> npt.NDArray[np.generic]:
    """Return the rows of one file, through the cache: decoded and checked only the first time."""
    target = _cached(cache, file)
    if not _is_cached(cache, file):
        path = _file_in(folder, file)
        assert path is not None
        content = read_idx(path, file)
        try:
            disk.make_folder(target.parent)
            disk.replace(target, content)
        except disk.StorageError as error:
            if not notes:
                notes.append(f"the decoded images could not be cached: {error}")
            return as_rows(np.frombuffer(bytearray(content), dtype=np.uint8), file)
    return _map(target, file)


def _map(path: Path, file: IdxFile) -> npt.NDArray[np.generic]:
    """Map a cached file into memory; pages are read when they are used."""
    # Copy-on-write, because torch refuses to share memory that it may not write.
    return as_rows(np.memmap(path, dtype=np.uint8, mode="c"), file)


def _load_sample() -> Arrays:
    arrays = []
    for file in SAMPLE:
        content = read_idx(SHIPPED / f"fashion_mnist_sample-{file.name}.gz", file)
        arrays.append(as_rows(np.frombuffer(bytearray(content), dtype=np.uint8), file))
    return arrays


def _file_in(folder: Path, file: IdxFile) -> Path | None:
    candidates = (folder / file.name, folder / f"{file.name}.gz")
    return next((path for path in candidates if path.is_file()), None)


def _system_folders() -> Iterator[Path]:
    """Folders in which a system keeps data sets: Debian's package puts ours there."""
    data = os.environ.get("XDG_DATA_DIRS", "") or "/usr/local/share:/usr/share"
    prefixes = [Path(sys.prefix) / "share", *map(Path, data.split(os.pathsep))]
    for prefix in dict.fromkeys([*prefixes, Path("/usr/share")]):
        yield prefix / "datasets" / "fashion-mnist"


def _system_folder() -> Path | None:
    """Return the first of them that has all four files."""
    folders = _system_folders()
    return next((f for f in folders if all(_file_in(f, file) for file in FULL)), None)


def cache_folder() -> Path:
    """Return the folder that decoded files are kept in, by the XDG rules."""
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return expanded(home) / "dltrain" / "fashion_mnist"


def _cached(cache: Path, file: IdxFile) -> Path:
    return cache / f"{file.name}-{file.sha256[:16]}"


def _is_cached(cache: Path, file: IdxFile) -> bool:
    path = _cached(cache, file)
    return path.is_file() and path.stat().st_size == file.size


def _is_complete(cache: Path) -> bool:
    return all(_is_cached(cache, file) for file in FULL)


def _download(folder: Path) -> bool:
    """Fetch the files with torchvision, which costs seconds to import; False if it cannot."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(20)  # torchvision sets none, and a silent network would hang us
    try:
        from torchvision.datasets import FashionMNIST

        FashionMNIST(str(folder), download=True)
    except (ImportError, OSError, RuntimeError):
        return False
    finally:
        socket.setdefaulttimeout(before)
    return True


def _nowhere(root: str | None) -> str:
    folders = ", ".join(str(folder) for folder in _system_folders())
    return (
        f"data.source=full: Fashion-MNIST is neither in data.root={root or 'null'}, nor in "
        f"{folders}, nor could it be downloaded; apt install dataset-fashion-mnist, or put the "
        "four IDX files in a folder and add data.root=FOLDER"
    )
