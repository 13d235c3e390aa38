"""Pictures of an evaluation, and what is none; how they look is of ``plots``."""

from __future__ import annotations

from pathlib import Path

import pytest

from dltrain.inference import pictures
from tests.conftest import Call
from tests.plots.conftest import SAMPLE, evaluation_of


def test_only_a_linear_models_weights_and_only_amounts_are_drawn(here: Path, call: Call) -> None:
    found = evaluation_of(here, call, "model=mlp", "model.hidden=[8]", *SAMPLE)
    with pytest.raises(ValueError, match="linear or softmax"):
        pictures.draw_weights(found, title="t")
    with pytest.raises(ValueError, match="classes are no amounts"):
        pictures.draw_predictions(found, title="t")
