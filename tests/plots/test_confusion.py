"""The confusion matrix drawn is that of the evaluation."""

from __future__ import annotations

import numpy as np
import pytest

from dltrain.inference import pictures
from dltrain.inference.evaluation import Evaluation
from dltrain.plots import confusion, style
from dltrain.runs.compare.confusion import confusion as counted
from tests.plots.conftest import texts


def test_the_confusion_matrix_is_that_of_the_evaluation(clothes: Evaluation) -> None:
    figure = pictures.draw_confusion(clothes, title="t")
    targets, predicted = clothes.targets.astype(int), clothes.predictions.astype(int)
    matrix = counted(targets, predicted, num_classes=10)
    whole, scores = figure.axes
    found = np.zeros((10, 10), int)
    for text in whole.texts:
        x, y = text.get_position()
        found[int(y), int(x)] = int(text.get_text())
    assert found.tolist() == matrix.tolist()
    [image] = whole.images
    shares = image.get_array()
    assert shares is not None
    assert np.allclose(shares.sum(axis=1), 1)
    recalls = [text.get_text() for text in scores.texts if text.get_position()[0] == 1.95][1:]
    own = matrix.diagonal() / matrix.sum(axis=1)
    assert recalls == [f"{share:.3f}" for share in own]
    accuracy = clothes.metrics["test/accuracy"]
    assert style.number(accuracy) in figure.get_suptitle()


@pytest.mark.parametrize("count", [2, confusion.WRITTEN + 1, confusion.LISTED + 1])
def test_any_number_of_classes_with_any_names_is_drawn(count: int) -> None:
    names = [f"$class_{i}\x1b" + "x" * i for i in range(count)]
    matrix = np.eye(count, dtype=np.int64) * 3
    matrix[0, 1] = 5
    figure = confusion.draw(matrix, names=names, title="t")
    assert bool(figure.axes[0].texts) is (count <= confusion.WRITTEN)
    hardest = "$class_0\\x1b"
    assert (hardest in texts(figure)) is (count > confusion.LISTED)
    assert style.picture(lambda: confusion.draw(matrix, names=names, title="t"))
