"""Baselines: what knowing nothing reaches on the same rows, and what a linear model does.

Letters: N rows of a split, I in_features, C classes or 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dltrain.data.dataset import Dataset, Split
from dltrain.nn.least_squares import least_squares
from dltrain.nn.sums import mean_last
from dltrain.train.judgement import named
from dltrain.train.steps import Stack

# Name -> metrics of the validation and the test rows, as in ``test/accuracy``.
Baselines = Mapping[str, Mapping[str, float]]
# Turns inputs [N, I] into outputs [1, C, N].
Model = Callable[[Tensor], Tensor]

# Of a larger table least squares is no matter of a moment: numbers in it, times the classes.
MOST_NUMBERS = 2_000_000
TIE = 1e-12
LEAST_SQUARES = "least squares"
MAJORITY, SHARES = "majority class", "class shares"  # said of every row: the one, or the others
# What judges probabilities; of classes the outputs of least squares rank, and are none.
OF_PROBABILITIES = ("loss", "log_loss", "brier", "ece")


@torch.inference_mode()
def baselines(stack: Stack, data: Dataset) -> Baselines:
    """Judge the baselines of a data set as the members of a stack are judged.

    Of classes these are the shares of the training rows, where probabilities are judged, and else
    the class that most of them have; for tables least squares on a column for each class. Of
    amounts these are the training rows' mean and, for tables, least squares.
    """
    found = {name: _judged(stack, data, model) for name, model in _models(data)}
    if not data.class_names:
        return found
    parts = {name: _parted(values) for name, values in found.items()}
    certain = {name: others for name, (_, others) in parts.items()}
    return {MAJORITY: certain.pop(MAJORITY), SHARES: parts[MAJORITY][0], **certain}


def _parted(metrics: Mapping[str, float]) -> tuple[dict[str, float], dict[str, float]]:
    """Part the metrics of probabilities from the others."""
    judging = {n: x for n, x in metrics.items() if n.partition("/")[2] in OF_PROBABILITIES}
    return judging, {n: x for n, x in metrics.items() if n not in judging}


def _models(data: Dataset) -> Iterator[tuple[str, Model]]:
    targets, weights = torch.from_numpy(data.train.targets), _weights(data.train)
    if data.class_names:
        counts = torch.tensor(data.class_rows, dtype=torch.float64)
        shares = (counts / counts.sum()).log()
        shares[shares.argmax()] += TIE  # of equally frequent classes the first is always said
        yield MAJORITY, _constant(shares)
    else:
        yield "mean", _constant(_mean(data, targets.double(), weights).view(1))
    small = data.train.inputs.size * data.out_features <= MOST_NUMBERS
    if data.columns and data.image_shape is None and small:
        yield LEAST_SQUARES, _linear(data, targets)


def _mean(data: Dataset, targets: Tensor, weights: Tensor | None) -> Tensor:
    """Return the training rows' mean, prepared: of amounts themselves where logs are learned."""
    scale = data.target_scale
    if not scale.log:
        return mean_last(targets, weights)
    amounts = mean_last(torch.from_numpy(scale.original(targets.numpy())), weights)
    return torch.from_numpy(scale.prepared(amounts.numpy()[None]))


def _constant(outputs: Tensor) -> Model:
    """Return what gives every row the same outputs [C]."""
    return lambda inputs: outputs[None, :, None].repeat(1, 1, len(inputs))


def _linear(data: Dataset, targets: Tensor) -> Model:
    inputs = torch.from_numpy(data.train.inputs)
    wanted = [(targets == c).double() for c in range(len(data.class_names))] or [targets]
    solved = [least_squares(inputs, column, _weights(data.train)) for column in wanted]
    weight = torch.stack([each.weight for each in solved])  # [C, I]
    bias = torch.tensor([each.bias for each in solved], dtype=torch.float64)
    return lambda inputs: (inputs.double() @ weight.T + bias).T[None].contiguous()


def _judged(stack: Stack, data: Dataset, model: Model) -> dict[str, float]:
    found: dict[str, float] = {}
    for split in ("val", "test"):
        rows = data.splits[split]
        if not len(rows):
            continue
        outputs = model(torch.from_numpy(rows.inputs))
        targets = torch.from_numpy(_as_float(rows.targets))
        scores, weights = stack.scores(), _weights(rows)
        scores.add(outputs, targets, weights)
        [more] = scores.metrics()
        sums = stack.loss.evaluation(outputs, targets, weights)
        [known] = stack.loss.metrics(sums, len(rows), split)
        found |= named(split, known | more)
    return found


def _weights(rows: Split) -> Tensor | None:
    return None if rows.weights is None else torch.from_numpy(rows.weights).double()


def _as_float(targets: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """Return amounts in float64, class indices as they are."""
    return targets.astype(np.float64) if targets.dtype.kind == "f" else targets
