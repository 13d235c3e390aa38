"""The weights drawn are the model's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dltrain.inference import pictures
from dltrain.inference.evaluation import Evaluation
from dltrain.plots import weights
from tests.conftest import Call
from tests.plots.conftest import evaluation_of


def test_weights_of_images_are_images_with_white_for_none(clothes: Evaluation) -> None:
    figure = pictures.draw_weights(clothes, title="t")
    panels = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title() for axes in panels] == list(clothes.data.class_names)
    weight = clothes.parameters["layers.0.weight"]
    for axes, own in zip(panels, weight, strict=True):
        [image] = axes.images
        assert np.allclose(np.asarray(image.get_array()).ravel(), own)
        low, high = image.get_clim()
        assert low == -high != 0


def test_weights_of_a_table_are_bars_in_its_own_units_the_strongest_on_top(
    here: Path, call: Call
) -> None:
    (here / "t.csv").write_text(
        "small,big,y\n" + "".join(f"{i % 7},{i},{3 * i + i % 7}\n" for i in range(40))
    )
    words = ("data=csv", "data.path=t.csv", "data.target=y", "optimizer=least_squares")
    found = evaluation_of(here, call, *words)
    figure = pictures.draw_weights(found, title="t")
    [axes] = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["big", "small"]
    widths = [bar.get_width() for bar in axes.patches]  # type: ignore[attr-defined]
    assert widths == pytest.approx([3, 1], rel=1e-3)
    told = " ".join(figure.get_suptitle().split())
    assert "change of y per unit of a feature, as in coefficients.csv" in told
    assert "in the order of coefficient times the feature's deviation" in told
    with pytest.raises(ValueError, match="no classes"):
        pictures.draw_confusion(found, title="t")
    with pytest.raises(ValueError, match="only of images"):
        pictures.draw_mistakes(found, title="t")


def test_weights_of_generated_data_stand_beside_the_true_ones(here: Path, call: Call) -> None:
    found = evaluation_of(here, call, "data.num_train=64", split="val")
    [axes] = pictures.draw_weights(found, title="t").axes
    [line] = [own for own in axes.lines if own.get_marker() == "D"]
    assert found.data.truth is not None
    true = np.asarray(line.get_xdata())
    assert sorted(true.tolist()) == sorted(found.data.truth[0].tolist())
    bars = [bar.get_width() for bar in axes.patches]  # type: ignore[attr-defined]
    assert bars == pytest.approx(true.tolist(), abs=1.0)


def test_of_many_features_and_classes_the_first_are_drawn_and_counted() -> None:
    weight = np.random.default_rng(0).normal(size=(weights.MAX_CLASSES + 1, 100))
    names = [f"c{i}" for i in range(len(weight))]
    features = [f"f{i}" for i in range(100)]
    strength = np.abs(weight).max(axis=0)
    figure = weights.draw_bars(
        weight, strength=strength, features=features, names=names, unit="u", title="t"
    )
    assert len(figure.axes) == weights.MAX_CLASSES
    told = figure.get_suptitle().replace("\n", " ")
    assert "the strongest 30 of 100" in told
    assert "the first 20 classes of 21" in told
