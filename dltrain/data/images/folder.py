"""Pictures in a folder for each class as a data set: looked at, split, decoded side by side.

Letters: N pictures, I numbers of each.
"""

from __future__ import annotations

import collections
import dataclasses
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dltrain.data.dataset import Dataset
from dltrain.data.images.class_folders import Labelled, labelled_pictures
from dltrain.data.images.form import absent_classes, form, size_problem
from dltrain.data.images.picture_files import (
    Look,
    Picture,
    PictureError,
    digest_of,
    is_colourful,
    look_at,
    read_picture,
    side_by_side,
)
from dltrain.data.images.splitting import Splitting, draw_images
from dltrain.data.splits import SPLIT_NAMES, Indices, consecutive_split
from dltrain.system.environment import free_memory
from dltrain.system.paths import expanded
from dltrain.text import closest, counted


def images_folder(
    name: str | None,
    *,
    path: str,
    size: Sequence[int] | None,
    colour: str,
    splitting: Splitting,
) -> Dataset:
    """Read all pictures of a folder, each in the class that its folder is named after.

    Args:
        name: How the data set is called; None: as the folder.
        path: The folder.
        size: Height and width that pictures are resized to; None: all must have one size.
        colour: ``grey`` or ``rgb``; ``auto``: rgb if any picture has colours.
        splitting: Which pictures validate and test, where no folder says it.

    Returns:
        A classification data set; inputs are bytes, [N, I].

    Raises:
        ValueError: If a file cannot be read or is of another size, or there are too few.
    """
    folder = expanded(path)
    pictures, others = labelled_pictures(folder)
    names = _class_names(folder, pictures)
    looks = _looks(pictures)
    shape = _shape(folder, pictures, looks, size=size, colour=colour)
    indices = {label: index for index, label in enumerate(names)}
    classes = np.array([indices[each.label] for each in pictures], np.int64)
    rows = _drawn(folder, pictures, classes, splitting)
    order = np.concatenate(rows)
    ordered = [pictures[row] for row in order]
    inputs, decoded = _decoded(ordered, shape, resize=size is not None)
    digests = [each.sha256 for each in decoded]
    train, val, test = consecutive_split(inputs, classes[order], sizes=list(map(len, rows)))
    by_split = np.split(np.array(digests), np.cumsum([*map(len, rows)])[:-1])
    return Dataset(
        name=name or folder.absolute().name or "images",
        train=train,
        val=val,
        test=test,
        class_names=names,
        source=path,
        sha256=digest_of(
            f"{each.name} {digest}" for each, digest in zip(ordered, digests, strict=True)
        ),
        files=_file_digests(ordered, digests),
        notes=(*_split_notes(pictures), *_form_notes(decoded, shape), *_other_notes(others)),
        warnings=(*absent_classes(train, names), *_copies(by_split)),
        resizes=size is not None,
        **form(shape, train.inputs),
    )


def _class_names(folder: Path, pictures: Sequence[Labelled]) -> tuple[str, ...]:
    """Name the classes of the pictures that may train, numbers in their order."""
    trained = {each.label for each in pictures if each.split in ("", "train")}
    numbers = all(label.isascii() and label.isdigit() for label in trained)
    names = sorted(trained, key=lambda label: (int(label) if numbers else 0, label))
    for each in pictures:
        if each.label not in trained:
            raise ValueError(
                f"{each.path.parent}: no training picture is of the class {each.label!r}"
                f"{closest(each.label, names)}; rename the folder or move it away"
            )
    if len(names) < 2:
        raise ValueError(
            f"{folder}: has one class only, {names[0]!r}; there is nothing to tell apart"
        )
    return tuple(names)


def _looks(pictures: Sequence[Labelled]) -> list[Look]:
    """Look at the heads of all files."""

    def look(each: Labelled) -> Look | PictureError:
        try:
            return look_at(each.path)
        except PictureError as error:  # told with the others
            return error

    found = list(side_by_side(look, pictures))
    _refuse_broken(found)
    return [each for each in found if isinstance(each, Look)]


def _refuse_broken(found: Iterable[object]) -> None:
    broken = [each for each in found if isinstance(each, PictureError)]
    if broken:
        more = f" (and {counted(len(broken) - 1, 'other file')})" if len(broken) > 1 else ""
        raise ValueError(f"{broken[0]}{more}; mend it or move it away")


def _shape(
    folder: Path,
    pictures: Sequence[Labelled],
    looks: Sequence[Look],
    *,
    size: Sequence[int] | None,
    colour: str,
) -> tuple[int, ...]:
    """Decide what shape rows have: height and width, and 3 for colours."""
    sizes = collections.Counter((look.height, look.width) for look in looks)
    (height, width), count = sizes.most_common(1)[0]
    if size is None and len(sizes) > 1:
        other = f"{height} x {width}"
        odd = next(number for number, look in enumerate(looks) if look.size != other)
        raise ValueError(
            f"{folder}: its pictures have {len(sizes):,} sizes, the commonest {height} x {width} "
            f"({count:,} of {len(looks):,}; {pictures[odd].name} has {looks[odd].size}); "
            f"add 'data.size=[{height},{width}]', which resizes all to that"
        )
    coloured = colour == "rgb" or (colour == "auto" and _any_colourful(pictures, looks))
    shape = (*(size or (height, width)), *([3] if coloured else []))
    if problem := size_problem(shape):
        raise ValueError(f"{folder}: pictures of {problem}")
    return shape


def _any_colourful(pictures: Sequence[Labelled], looks: Sequence[Look]) -> bool:
    """Tell whether any picture has colours: decoded are those that may, until one has."""

    def colourful(path: Path) -> bool | PictureError:
        try:
            return is_colourful(path)
        except PictureError as error:  # told with the others
            return error

    pairs = zip(pictures, looks, strict=True)
    doubtful = [each.path for each, look in pairs if look.may_be_coloured]
    found: list[bool | PictureError] = []
    for each in side_by_side(colourful, doubtful):
        if each is True:
            return True
        found.append(each)
    _refuse_broken(found)
    return False


def _drawn(
    folder: Path, pictures: Sequence[Labelled], classes: Indices, splitting: Splitting
) -> list[Indices]:
    """Draw which pictures train, validate and test; folders that say it are obeyed."""
    splits = np.array([each.split for each in pictures])
    drawn = np.flatnonzero((splits == "") | (splits == "train"))
    val, test = (np.flatnonzero(splits == split) for split in ("val", "test"))
    if len(val) and splitting.folds is not None:
        raise ValueError(
            f"data.folds={splitting.folds}: a folder in {folder} says which pictures validate; "
            "leave out data.folds, or move their folder into the one that trains"
        )
    fractions = {"val_fraction": val, "test_fraction": test}
    rest: dict[str, Any] = {knob: 0.0 for knob, rows in fractions.items() if len(rows)}
    try:
        parts = draw_images(classes[drawn], dataclasses.replace(splitting, **rest))
    except ValueError as error:
        raise ValueError(f"{folder}: {error}") from None
    train, more_val, more_test = (drawn[part] for part in parts)
    return [train, np.concatenate([more_val, val]), np.concatenate([more_test, test])]


def _decoded(
    pictures: Sequence[Labelled], shape: tuple[int, ...], *, resize: bool
) -> tuple[npt.NDArray[np.uint8], list[Picture]]:
    """Decode pictures: their rows [N, I], and each with its part of them."""
    needed = len(pictures) * math.prod(shape)
    if needed > (free := free_memory()):
        raise ValueError(
            f"{len(pictures):,} pictures of {' x '.join(map(str, shape))} take "
            f"{needed / 2**30:.1f} GiB, and {free / 2**30:.1f} GiB are free; lower data.size"
        )
    rows = np.empty((len(pictures), math.prod(shape)), np.uint8)

    def decode(number: int) -> Picture | PictureError:
        path = pictures[number].path
        try:
            picture = read_picture(path, name=str(path), shape=shape, resize=resize)
        except PictureError as error:  # told with the others
            return error
        rows[number] = picture.row
        return dataclasses.replace(picture, row=rows[number])

    found = list(side_by_side(decode, range(len(pictures))))
    _refuse_broken(found)
    return rows, [each for each in found if isinstance(each, Picture)]


def _file_digests(pictures: Sequence[Labelled], digests: Sequence[str]) -> dict[str, str]:
    """Return a digest of all pictures, or of those in the folder of each split."""
    by_split: dict[str, list[str]] = {}
    for each, digest in zip(pictures, digests, strict=True):
        by_split.setdefault(each.split or "path", []).append(digest)
    return {split: digest_of(held) for split, held in by_split.items()}


def _split_notes(pictures: Sequence[Labelled]) -> Iterator[str]:
    stated = {each.split for each in pictures} - {""}
    if stated:
        listed = ", ".join(split for split in SPLIT_NAMES if split in stated)
        yield f"folders say which pictures are for {listed}"


def _form_notes(pictures: Sequence[Picture], shape: tuple[int, ...]) -> Iterator[str]:
    resized = sum((each.look.height, each.look.width) != shape[:2] for each in pictures)
    if resized:
        yield (
            f"{resized:,} of {len(pictures):,} pictures were resized to {shape[0]} x {shape[1]}, "
            "stretched where their sides have another ratio"
        )
    transparent = sum(each.transparent for each in pictures)
    if transparent:
        yield (
            f"what is transparent was put on white in {transparent:,} of {len(pictures):,} pictures"
        )
    colourful = sum(each.colourful for each in pictures)
    if colourful and len(shape) == 2:
        yield f"colour was turned into grey in {colourful:,} of {len(pictures):,} pictures"
    if len(shape) == 3:
        yield (
            f"{colourful:,} of {len(pictures):,} pictures are in colour, so each pixel is three "
            "numbers (data.colour=grey makes it one)"
        )


def _other_notes(others: Sequence[str]) -> Iterator[str]:
    if others:
        more = ", ..." if len(others) > 3 else ""
        yield (
            f"{counted(len(others), 'file')} left out, no PNG or JPEG in the folder of a class: "
            f"{', '.join(others[:3])}{more}"
        )


def _copies(by_split: Sequence[npt.NDArray[np.str_]]) -> Iterator[str]:
    """Say how many pictures that validate or test are files that train as well."""
    for split, digests in zip(("validation", "test"), by_split[1:], strict=True):
        copies = int(np.isin(digests, by_split[0]).sum())
        if copies:
            yield (
                f"{copies:,} of {len(digests):,} {split} pictures are copies of training pictures, "
                f"byte for byte: {split} figures flatter the model"
            )
