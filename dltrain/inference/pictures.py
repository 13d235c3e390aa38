"""Pictures of an evaluation: confusion matrix, mistakes, weights, predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dltrain.data.images.form import on_paper
from dltrain.metrics import headlines, metric_of
from dltrain.plots import confusion, mistakes, predictions, style, weights
from dltrain.plots.style import Figure
from dltrain.runs.compare.confusion import confusion as counted
from dltrain.runs.compare.confusion import mistakes as most_confident

if TYPE_CHECKING:
    from dltrain.inference.evaluation import Evaluation

# The only layer of a linear model.
_WEIGHT, _BIAS = "layers.0.weight", "layers.0.bias"


def draw_confusion(evaluation: Evaluation, *, title: str) -> Figure:
    """Draw the confusion matrix.

    Raises:
        ValueError: If there are no classes.
    """
    names = evaluation.data.class_names
    if not names:
        raise ValueError("a regression has no classes")
    classes = (rows.astype(np.int64) for rows in (evaluation.targets, evaluation.predictions))
    matrix = counted(*classes, num_classes=len(names))
    return confusion.draw(matrix, names=names, title=_titled(title, evaluation))


def draw_mistakes(evaluation: Evaluation, *, title: str) -> Figure:
    """Draw the images of the most confident mistakes.

    Raises:
        ValueError: If the inputs are no images, or there are no mistakes.
    """
    data, likely = evaluation.data, evaluation.probabilities
    if data.image_shape is None or likely is None:
        raise ValueError("only of images can a sheet of mistakes be drawn")
    targets, predicted = (
        rows.astype(np.int64) for rows in (evaluation.targets, evaluation.predictions)
    )
    rows = most_confident(targets, predicted, likely, count=mistakes.COUNT)
    if not rows:
        raise ValueError(f"there are none among {len(targets):,} rows")
    wrong = int((targets != predicted).sum())
    images = data.splits[evaluation.split].inputs[rows].reshape(-1, *data.image_shape)
    return mistakes.draw(
        on_paper(images.astype(np.uint8), data),
        rows=rows,
        true=[data.class_names[i] for i in targets[rows]],
        predicted=[data.class_names[i] for i in predicted[rows]],
        confidence=likely[rows, predicted[rows]].tolist(),
        title=(_titled(title, evaluation), f"the surest {len(rows):,} of {wrong:,} mistakes"),
    )


def draw_weights(evaluation: Evaluation, *, title: str) -> Figure:
    """Draw the weights of a linear model.

    Raises:
        ValueError: If the model has more than one layer.
    """
    import torch  # here, so that pictures of other kinds need none

    from dltrain.nn.coefficients import coefficients, scale_text

    data, parameters = evaluation.data, evaluation.parameters
    if set(parameters) - {_BIAS} != {_WEIGHT}:
        raise ValueError("only of a linear or softmax model do the weights show something")
    weight = parameters[_WEIGHT].astype(np.float64)
    title = f"{title}: weights after epoch {evaluation.epoch}"
    if data.image_shape is not None:
        return weights.draw_images(
            weight.reshape(len(weight), *data.image_shape), names=data.class_names, title=title
        )
    in_units = coefficients(torch.from_numpy(weight), torch.from_numpy(parameters[_BIAS]), data)
    return weights.draw_bars(
        in_units.weight,
        strength=np.abs(weight).max(axis=0),
        features=data.feature_names,
        names=data.class_names,
        unit=style.named(scale_text(data), most=200),
        truth=None if data.truth is None else data.truth[0],
        title=title,
    )


def draw_predictions(evaluation: Evaluation, *, title: str) -> Figure:
    """Draw predicted against true amounts of a regression.

    Raises:
        ValueError: If classes are predicted.
    """
    if evaluation.data.class_names:
        raise ValueError("classes are no amounts; confusion shows them")
    return predictions.draw(
        evaluation.targets.astype(np.float64),
        evaluation.predictions.astype(np.float64),
        name=evaluation.data.target_name,
        title=_titled(title, evaluation),
        note=", ".join(
            f"{name.partition('/')[2]} {style.number(value)}"
            for name, value in evaluation.metrics.items()
            if metric_of(name).every_epoch
        ),
    )


def _titled(title: str, evaluation: Evaluation) -> str:
    rows = f"{len(evaluation.targets):,} {evaluation.split} rows"
    text = f"{title}: {rows} after epoch {evaluation.epoch}"
    names = headlines() if evaluation.data.class_names else []  # else the note has all of them
    values = [(name, evaluation.metrics.get(f"{evaluation.split}/{name}")) for name in names]
    return ", ".join([text, *(f"{name} {style.number(x)}" for name, x in values if x is not None)])
