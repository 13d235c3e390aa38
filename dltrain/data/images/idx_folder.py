"""MNIST and its relatives: four IDX files of training and test images and their labels.

Letters: N images.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dltrain.data.dataset import Dataset, Split
from dltrain.data.images.form import absent_classes, form, size_problem
from dltrain.data.images.idx import read_images, read_labels
from dltrain.data.images.splitting import Splitting, draw_images
from dltrain.data.input_stream import opened
from dltrain.system.digests import joint_digest
from dltrain.system.paths import expanded

# As in train-images-idx3-ubyte.gz, t10k-labels.idx1-ubyte, emnist-letters-test-images-idx3-ubyte.
NAME = re.compile(r"(.*?)(train|t10k|test)-(images|labels)[-.]idx[13]-ubyte(\.gz)?")
PARTS = [(split, what) for split in ("train", "test") for what in ("images", "labels")]


def idx_folder(
    name: str | None, *, path: str, class_names: Sequence[str] | None, splitting: Splitting
) -> Dataset:
    """Load the four files of a folder.

    Args:
        name: How the data set is called; None: what the files' names begin with, or the folder's.
        path: The folder; of a folder with several sets, with what the names of one begin with.
        class_names: Of label 0, 1 and so on; None: the labels themselves.
        splitting: Which of the training images validate.

    Returns:
        A classification data set; inputs are bytes, [N, H * W].

    Raises:
        ValueError: If a file is missing or is not what it should be, or they do not go together.
    """
    files = idx_files(path)
    arrays: dict[tuple[str, str], npt.NDArray[np.generic]] = {}
    digests: dict[str, str] = {}
    for part, file in files.items():
        with opened(file, name=str(file)) as source:
            source.digest = hashlib.sha256()
            arrays[part] = read_images(source) if part[1] == "images" else read_labels(source)
            digests[_file_name(part)] = source.digest.hexdigest()
    whole, test = (_split(files, arrays, split) for split in ("train", "test"))
    shape = arrays["train", "images"].shape[1:]
    if arrays["test", "images"].shape[1:] != shape:
        sizes = (" x ".join(map(str, arrays[s, "images"].shape[1:])) for s in ("test", "train"))
        raise ValueError(f"{files['test', 'images']}: its images are {', not '.join(sizes)}")
    if problem := size_problem(shape):
        raise ValueError(f"{files['train', 'images']}: its images of {problem.split(';')[0]}")
    names = _names([whole, test], class_names, labels=files["train", "labels"])
    rows = draw_images(whole.targets.astype(np.int64), splitting)
    train, val = (Split(whole.inputs[part], whole.targets[part]) for part in rows[:2])
    return Dataset(
        name=name or _set_name(files["train", "images"]),
        train=train,
        val=val,
        test=test,
        class_names=names,
        source=path,
        sha256=joint_digest(digests),
        files=digests,
        warnings=tuple(absent_classes(train, names)),
        **form(shape, train.inputs),
    )


def idx_files(path: str) -> dict[tuple[str, str], Path]:
    """Find the four files: of ``train`` and ``test`` the ``images`` and the ``labels``.

    Raises:
        ValueError: If one is missing, or there are several sets of them.
    """
    where = expanded(path)
    folder, start = (where, "") if where.is_dir() else (where.parent, where.name)
    try:
        names = sorted(file.name for file in folder.iterdir() if file.is_file())
    except OSError as error:
        raise ValueError(f"data.path={path}: {error.strerror}") from None
    sets: dict[str, dict[tuple[str, str], Path]] = {}
    for name in names:  # a plain file comes before the same one zipped, and is taken
        match = NAME.fullmatch(name)
        if match and name.startswith(start):
            split = "train" if match[2] == "train" else "test"
            sets.setdefault(match[1], {}).setdefault((split, match[3]), folder / name)
    whole = {prefix: files for prefix, files in sets.items() if len(files) == len(PARTS)}
    if len(whole) > 1:
        known = " or ".join(f"data.path={folder / prefix.rstrip('-_')}" for prefix in whole)
        raise ValueError(f"data.path={path}: has {len(whole)} sets of IDX files; use {known}")
    if not whole:
        held = max(sets.values(), key=len, default={})
        absent = _file_name(next(part for part in PARTS if part not in held))
        raise ValueError(
            f"data.path={path}: has no {absent} (nor {absent}.gz); give the folder with four IDX "
            "files, images and labels of train and of t10k or test"
        )
    [files] = whole.values()
    return {part: files[part] for part in PARTS}


def _file_name(part: tuple[str, str]) -> str:
    """Name one of the four files as MNIST does."""
    split, what = part
    kind = "idx3" if what == "images" else "idx1"
    return f"{'train' if split == 'train' else 't10k'}-{what}-{kind}-ubyte"


def _set_name(file: Path) -> str:
    """Name a set by what its files' names begin with, or by its folder."""
    match = NAME.fullmatch(file.name)
    prefix = match[1].strip("-_. ") if match else ""
    return prefix or file.absolute().parent.name or "idx"


def _split(
    files: Mapping[tuple[str, str], Path],
    arrays: Mapping[tuple[str, str], npt.NDArray[np.generic]],
    split: str,
) -> Split:
    images, labels = arrays[split, "images"], arrays[split, "labels"]
    if len(images) != len(labels):
        raise ValueError(
            f"{files[split, 'labels']}: has {len(labels):,} labels, and "
            f"{files[split, 'images']} has {len(images):,} images"
        )
    return Split(images.reshape(len(images), -1), labels)


def _names(
    splits: Sequence[Split], stated: Sequence[str] | None, *, labels: Path
) -> tuple[str, ...]:
    """Name the classes: label 0, 1 and so on, up to the highest of all."""
    count = max(int(split.targets.max()) for split in splits) + 1
    if count < 2:
        raise ValueError(f"{labels}: every label is 0; there is nothing to tell apart")
    if stated is None:
        return tuple(map(str, range(count)))
    if len(stated) < count or len(set(stated)) < len(stated):
        what = f"{len(set(stated)):,} different names, and labels go up to {count - 1}"
        raise ValueError(f"data.class_names: {what}; name each label from 0 on, once")
    return tuple(stated)
