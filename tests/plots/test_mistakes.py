"""The mistakes drawn are the surest of the evaluation."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from dltrain.inference import pictures
from dltrain.inference.evaluation import Evaluation
from dltrain.plots import mistakes
from tests.plots.conftest import texts


def test_the_surest_mistakes_are_shown_with_what_they_were_taken_for(clothes: Evaluation) -> None:
    figure = pictures.draw_mistakes(clothes, title="t")
    assert len(figure.axes) == mistakes.COUNT
    row = int(figure.axes[0].get_xlabel().removeprefix("row "))
    assert clothes.probabilities is not None
    sure = clothes.probabilities.max(axis=1)
    wrong = clothes.targets != clothes.predictions
    assert wrong[row]
    assert sure[row] == sure[wrong].max()
    [image] = figure.axes[0].images
    shown = np.asarray(image.get_array())
    # Light on dark there, as ink on paper here.
    assert shown.ravel().tolist() == (255 - clothes.data.test.inputs[row]).tolist()
    names = clothes.data.class_names
    true, predicted = names[int(clothes.targets[row])], names[int(clothes.predictions[row])]
    assert texts(figure)[0] == true
    assert figure.axes[0].get_title(loc="left").startswith(f"{predicted} ")


def test_where_nothing_is_wrong_there_is_no_sheet_of_mistakes(clothes: Evaluation) -> None:
    right = dataclasses.replace(clothes, predictions=clothes.targets)
    with pytest.raises(ValueError, match="none among 1,000 rows"):
        pictures.draw_mistakes(right, title="t")
