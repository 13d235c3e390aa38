"""Evaluation of a saved model on pictures in a folder for each class."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dltrain.data.images.class_folders import labelled_pictures
from dltrain.inference.evaluation import Evaluation, Part, evaluate_parts
from dltrain.inference.picture_rows import PictureRows
from dltrain.inference.saved_model import Trained
from dltrain.text import clipped, closest


def evaluate_pictures(trained: Trained, folder: Path) -> tuple[Evaluation, str]:
    """Evaluate a model on the pictures of a folder, each of the class its folder is named after.

    Returns:
        The evaluation; and a digest of the pictures.

    Raises:
        ValueError: If a folder is named after none of the classes, or there are no pictures.
    """
    pictures, _ = labelled_pictures(folder)
    names = trained.data.class_names
    for each in pictures:
        if each.split:
            held = ", ".join(sorted({Path(each.name).parts[0] for each in pictures}))
            raise ValueError(f"--data {folder}: holds {held}; name one of them, {folder}/FOLDER")
        if each.label not in names:
            known = ", ".join(clipped(name, most=40) for name in names[:8])
            more = f" and {len(names) - 8} more" if len(names) > 8 else ""
            raise ValueError(
                f"--data {folder}: its folder {each.label!r} is none of the classes"
                f"{closest(each.label, names)} (there are: {known}{more})"
            )
    index_of = {name: index for index, name in enumerate(names)}
    targets = np.array([index_of[each.label] for each in pictures], np.int64)
    rows = PictureRows(trained.data)
    notes: list[str] = []

    def parts() -> Iterator[Part]:
        for numbers, inputs in rows.parts([each.path for each in pictures]):
            yield inputs, targets[numbers]
        notes.extend(rows.notes())

    return evaluate_parts(trained, parts(), notes), rows.sha256
