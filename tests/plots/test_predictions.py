"""Predictions are drawn against what is true."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dltrain.inference import pictures
from dltrain.plots import predictions, style
from tests.conftest import Call
from tests.plots.conftest import evaluation_of


def test_predictions_stand_against_what_is_true(here: Path, call: Call) -> None:
    found = evaluation_of(here, call, "data.num_train=64", "data.num_val=50", split="val")
    figure = pictures.draw_predictions(found, title="t")
    whole, left, counts = figure.axes
    shown = np.asarray(whole.lines[0].get_xydata())
    assert np.allclose(shown, np.stack([found.targets, found.predictions], axis=1))
    assert whole.get_xlim() == whole.get_ylim()
    residuals = np.asarray(left.lines[0].get_ydata())
    assert np.allclose(residuals, found.predictions - found.targets)
    assert sum(bar.get_height() for bar in counts.patches) == 50  # type: ignore[attr-defined]
    assert style.number(found.metrics["val/rmse"]) in figure.get_suptitle()


def test_of_many_rows_the_density_is_drawn() -> None:
    x = np.linspace(0, 1, predictions.POINTS + 1)
    figure = predictions.draw(x, x**2, name="y", title="t", note="")
    assert figure.axes[0].collections
    assert len(style.picture(lambda: figure, form="svg")) < 2_000_000


@pytest.mark.parametrize("values", [[3.0], [3.0, 3.0], [-1e9, 1e9]])
def test_few_and_equal_rows_are_drawn(values: list[float]) -> None:
    x = np.array(values)
    assert style.picture(lambda: predictions.draw(x, x, name="y", title="t", note=""))
