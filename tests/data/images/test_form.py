"""What is said of images: names of their pixels, and how light their edges are."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from dltrain.config.load import load
from dltrain.data.dataset import Dataset
from dltrain.data.images.form import Edges, background, edge_means, form, is_ink, size_problem
from dltrain.train import build


@pytest.fixture(scope="module")
def clothes() -> Dataset:
    return build.dataset(load(["data=fashion_mnist", "data.source=sample", "model=softmax"]))


def test_pixels_are_named_by_row_column_and_colour() -> None:
    grey = form((2, 3), np.zeros((1, 6), np.uint8))["feature_names"]
    assert grey == tuple(f"pixel_{row}_{column}" for row in range(2) for column in range(3))
    assert form((1, 1, 3), np.zeros((1, 3), np.uint8))["feature_names"] == (
        *("pixel_0_0_red", "pixel_0_0_green", "pixel_0_0_blue"),
    )


def test_edges_are_the_outermost_pixels() -> None:
    image = np.full((4, 5), 100, np.uint8)
    image[1:-1, 1:-1] = 0
    assert edge_means(image.reshape(1, -1), (4, 5)).tolist() == [100]
    colours = image[..., None].repeat(3, axis=-1) // np.array([1, 2, 4], np.uint8)
    assert edge_means(colours.reshape(1, -1), (4, 5, 3)) == pytest.approx(175 / 3)


def test_too_large_images_are_told_with_what_is_smaller() -> None:
    assert size_problem((500, 600)) == ""
    assert size_problem((500, 601)) == (
        "500 x 601 are 300,500 numbers, at most 300,000; use data.size=[64,64]"
    )
    assert size_problem((400, 400, 3)).endswith("use data.size=[64,64] or data.colour=grey")


@pytest.mark.parametrize(
    ("edges", "found"),
    [((12, 8), "dark"), ((240, 10), "light"), ((70, 5), ""), ((20, 60), ""), ((120, 1), "")],
)
def test_a_background_is_named_where_nearly_all_images_have_it(
    edges: tuple[float, float], found: str, clothes: Dataset
) -> None:
    data = dataclasses.replace(clothes, edges=edges)
    assert background(data) == found
    assert is_ink(data) is (found == "dark")
    assert not is_ink(dataclasses.replace(data, image_shape=(28, 28, 3)))


def noted(data: Dataset, *parts: np.ndarray) -> str:
    edges = Edges(data)
    for part in parts:
        edges.look(part)
    return edges.note()


def test_negatives_of_what_was_learned_from_are_counted(clothes: Dataset) -> None:
    images = clothes.test.inputs[:100]
    light = edge_means(255 - images[:3], (28, 28)).mean()
    assert clothes.edges is not None
    assert noted(clothes, images[3:], 255 - images[:3]) == (
        f"3 of 100 images are light at their edges (mean {light:.0f} of 255), where training "
        f"images are dark (mean {clothes.edges[0]:.0f}): if they are negatives of what was learned "
        "from, invert them"
    )
    # Of a training with dark on light it is the other way round.
    other = dataclasses.replace(clothes, edges=(255 - clothes.edges[0], clothes.edges[1]))
    assert noted(other, 255 - images) == ""
    assert noted(other, images).startswith("100 of 100 images are dark at their edges")


def test_nothing_is_said_of_images_like_those_that_were_learned_from(clothes: Dataset) -> None:
    assert noted(clothes, clothes.test.inputs) == ""
    assert noted(clothes) == ""


def test_nothing_is_said_where_training_images_had_all_kinds_of_edges(clothes: Dataset) -> None:
    mixed = dataclasses.replace(clothes, edges=(128.0, 70.0))
    assert noted(mixed, clothes.test.inputs[:5], 255 - clothes.test.inputs[:5]) == ""
