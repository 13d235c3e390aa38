"""What all data sets of images have in common: bytes, names of pixels, what their edges are like.

Letters: N images, H height, W width, I = H * W of grey images and H * W * 3 of coloured ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dltrain.data.dataset import Dataset, Scale, Split

Bytes = npt.NDArray[np.uint8]
COLOURS = ("red", "green", "blue")
# Numbers of an image: a run's record holds a name for each.
MAX_NUMBERS = 300_000
# Images whose edges are looked at to know what is usual.
LOOKED_AT = 5000


def form(shape: tuple[int, ...], rows: npt.NDArray[np.generic]) -> dict[str, Any]:
    """Return what a data set says of its images.

    Args:
        shape: H, W and, for colours, 3.
        rows: Those that train, [N, I], bytes.
    """
    names = tuple(_pixel_names(shape))
    means = edge_means(rows[:: max(len(rows) // LOOKED_AT, 1)], shape)
    return {
        "task": "classification",
        "target_name": "class",
        "feature_names": names,
        # Coefficients are reported per unit of [0, 1] grey, the form the textbook uses.
        "feature_scale": Scale.identity(len(names)),
        "unit": 1 / 255,
        "image_shape": shape,
        "edges": (float(means.mean()), float(means.std())),
    }


def _pixel_names(shape: tuple[int, ...]) -> Iterator[str]:
    endings = [f"_{colour}" for colour in COLOURS] if len(shape) == 3 else [""]
    for row in range(shape[0]):
        for column in range(shape[1]):
            for ending in endings:
                yield f"pixel_{row}_{column}{ending}"


def size_problem(shape: tuple[int, ...]) -> str:
    """Say that images of this shape have too many numbers; empty if they have not."""
    numbers = math.prod(shape)
    if numbers <= MAX_NUMBERS:
        return ""
    grey = " or data.colour=grey" if len(shape) == 3 else ""
    sizes = " x ".join(map(str, shape))
    return f"{sizes} are {numbers:,} numbers, at most {MAX_NUMBERS:,}; use data.size=[64,64]{grey}"


def absent_classes(train: Split, names: Sequence[str]) -> list[str]:
    """Say of which classes no image trains, in sentences."""
    counts = np.bincount(train.targets.astype(np.int64), minlength=len(names))
    return [
        f"class {name!r} has no training image, so it cannot be learned"
        for name, count in zip(names, counts, strict=True)
        if not count
    ]


def edge_means(rows: npt.NDArray[np.generic], shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """Return the mean byte of each image's outermost pixels, [N]."""
    images = rows.reshape(-1, *shape)
    sides = (images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1])
    joined = np.concatenate([side.reshape(len(images), -1) for side in sides], axis=1)
    means: npt.NDArray[np.float64] = joined.mean(axis=1, dtype=np.float64)
    return means


def background(data: Dataset) -> str:
    """Say what nearly all training images have at their edges: ``dark``, ``light`` or nothing."""
    if data.edges is None:
        return ""
    mean, deviation = data.edges
    from_middle = abs(mean - 127.5)
    if from_middle < 64 or from_middle < 3 * deviation:
        return ""
    return "dark" if mean < 127.5 else "light"


def on_paper(images: Bytes, data: Dataset) -> Bytes:
    """Return images as they are shown on white: grey ones that are light on dark as ink."""
    return 255 - images if is_ink(data) else images


def is_ink(data: Dataset) -> bool:
    """Whether grey images are light on dark, as digits are in MNIST."""
    return (
        data.image_shape is not None and len(data.image_shape) == 2 and background(data) == "dark"
    )


class Edges:
    """Counts the images that have light edges where training images had dark ones, or dark ones.

    Args:
        data: What the training images were like.
    """

    def __init__(self, data: Dataset) -> None:
        self._data, self._usual = data, background(data)
        self._rows, self._odd, self._sum = 0, 0, 0.0

    def look(self, rows: npt.NDArray[np.generic]) -> None:
        """Look at more images, [N, I]."""
        shape = self._data.image_shape
        assert shape is not None
        means = edge_means(rows, shape)
        odd = means[means > 127.5 if self._usual == "dark" else means < 127.5]
        self._rows += len(means)
        self._odd += len(odd)
        self._sum += float(odd.sum())

    def note(self) -> str:
        """Say how many are so; empty if none is, or training images were of both kinds."""
        if not self._usual or not self._odd or self._data.edges is None:
            return ""
        other = "light" if self._usual == "dark" else "dark"
        return (
            f"{self._odd:,} of {self._rows:,} images are {other} at their edges (mean "
            f"{self._sum / self._odd:.0f} of 255), where training images are {self._usual} "
            f"(mean {self._data.edges[0]:.0f}): if they are negatives of what was learned from, "
            "invert them"
        )
