"""Small pictures in folders of classes, made for tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image


def draw(path: Path, *, shape: tuple[int, ...] = (6, 8), level: int = 0, seed: int = 0) -> Path:
    """Write a picture whose left half is as light as its level, with some noise."""
    pixels = np.random.default_rng([seed, level]).integers(0, 20, shape)
    pixels[1:-1, 1 : shape[1] // 2] += level
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.astype(np.uint8)).save(path)
    return path


def draw_classes(
    folder: Path,
    *,
    classes: Sequence[str] = ("dim", "lit"),
    count: int = 20,
    shape: tuple[int, ...] = (6, 8),
    seed: int = 0,
) -> Path:
    """Write a folder of pictures for each class, which a linear model tells apart."""
    for index, name in enumerate(classes):
        level = 200 * index // max(len(classes) - 1, 1)
        for number in range(count):
            path = folder / name / f"{number:02d}.png"
            draw(path, shape=shape, level=level, seed=seed + number)
    return folder
