"""Coefficients of a trained linear model in the data's units, and their distance from the truth.

Letters: I in_features, O outputs (classes, or 1), N rows.
"""

from __future__ import annotations

import csv
import functools
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dltrain.data.dataset import Dataset
from dltrain.nn.least_squares import Solution, least_squares

INTERCEPT = "(intercept)"


@dataclass(frozen=True)
class Coefficients:
    """outputs = weight @ features + intercept, with features in the data's units."""

    weight: npt.NDArray[np.float64]  # [O, I], float64, in target units per feature unit
    intercept: npt.NDArray[np.float64]  # [O], float64, in target units


def coefficients(weight: Tensor, bias: Tensor, data: Dataset) -> Coefficients:
    """Undo the standardisation of a linear layer.

    Args:
        weight: [O, I], as trained on prepared features.
        bias: [O].
        data: What it was trained on; its scales say how features and target were prepared.

    Returns:
        Coefficients that predict the target from unprepared features; for classes, logits.
    """
    features, target = data.feature_scale, data.target_scale
    scaled = weight.double().cpu().numpy() / features.deviation  # [O, I]
    offset = bias.double().cpu().numpy() - scaled @ features.mean  # [O]
    unit = target.deviation[0]
    return Coefficients(scaled * unit, offset * unit + target.mean[0])


def scale_text(data: Dataset) -> str:
    """Say on what scale coefficients are, and what their order is: for whoever draws them."""
    name = f"log({data.target_name})" if data.target_scale.log else data.target_name
    what = "a class's logit" if data.class_names else name
    text = f"change of {what} per unit of a feature, as in coefficients.csv"
    scaled = bool((data.feature_scale.deviation != 1).any())
    return f"{text}; in the order of coefficient times the feature's deviation" if scaled else text


def as_csv(learned: Coefficients, data: Dataset) -> str:
    """Write coefficients as ``coefficients.csv``: one row per feature (and class)."""
    values = np.column_stack([learned.weight, learned.intercept]).T.ravel().tolist()  # [(I+1) * O]
    header, heads = _heads((*data.feature_names, INTERCEPT), tuple(data.class_names))
    rows = map("".join, zip(heads, map(repr, values), strict=True))
    return "\n".join([header, *rows, ""])


@functools.lru_cache(maxsize=1)
def _heads(names: Sequence[str], labels: Sequence[str]) -> tuple[str, list[str]]:
    """Return the header and how each row begins; the members of a stack have them in common."""
    if not labels:
        return "feature,coefficient", [f"{_quoted(name)}," for name in names]
    cells = [_quoted(label) for label in labels]
    rows = [f"{name},{label}," for name in map(_quoted, names) for label in cells]
    return "feature,class,coefficient", rows


def _quoted(text: str) -> str:
    cell = io.StringIO()
    csv.writer(cell, lineterminator="\n").writerow([text])
    return cell.getvalue()[:-1]


def solution(data: Dataset) -> tuple[Coefficients, Solution]:
    """Solve a regression data set's training rows exactly, in the data's units."""
    inputs, targets = torch.from_numpy(data.train.inputs), torch.from_numpy(data.train.targets)
    weights = None if data.train.weights is None else torch.from_numpy(data.train.weights)
    exact = least_squares(inputs, targets, weights)
    bias = torch.tensor([exact.bias], dtype=torch.float64)
    return coefficients(exact.weight.unsqueeze(0), bias, data), exact


def findings(
    learned: Coefficients, data: Dataset, solved: tuple[Coefficients, Solution]
) -> tuple[dict[str, float], list[str]]:
    """Compare linear regression with the exact solution and with the truth, where there is one.

    Args:
        learned: By the run; one output.
        data: What it was trained on.
        solved: Of the same rows, from ``solution``.

    Returns:
        Results by name (``w_error``: the largest error of a weight, ``b_error``; the same with
        ``exact_`` against least squares), and sentences for the summary.
    """
    exact, rank = solved
    results = _errors("exact_", learned, exact)
    distance = _distance(learned, exact, data)
    log = data.target_scale.log
    what = "the deviation of the target's logarithm" if log else "the target's deviation"
    lines = [
        f"predictions differ from those of least squares by {distance:.4g} of {what} (rms over "
        "training rows)"
    ]
    if rank.rank < rank.columns:
        lines.append(
            f"the table has rank {rank.rank} of {rank.columns} columns (one is the "
            "intercept's), so other coefficients fit as well; least squares takes the smallest"
        )
    if data.truth is not None:
        weight, bias = data.truth
        truth = Coefficients(weight[None, :], np.array([bias]))
        results |= _errors("", learned, truth)
        weights = ", ".join(f"{w:.4f}" for w in learned.weight[0][:8])
        true = ", ".join(f"{w:g}" for w in weight[:8])
        more = ", ..." if len(weight) > 8 else ""
        lines.insert(
            0,
            f"learned w = [{weights}{more}], b = {learned.intercept[0]:.4f}; "
            f"true w = [{true}{more}], b = {bias:g}; "
            f"errors: w {results['w_error']:.3g}, b {results['b_error']:.3g}",
        )
    return results, lines


def _distance(learned: Coefficients, other: Coefficients, data: Dataset) -> float:
    """Return how far apart predictions for the training rows are, in deviations of the target."""
    features, inputs = data.feature_scale, data.train.inputs
    weight = (learned.weight - other.weight)[0]
    offset = weight @ features.mean + (learned.intercept - other.intercept)[0]
    apart = inputs @ (weight * features.deviation).astype(inputs.dtype) + offset
    deviation = data.train.targets.std(dtype=np.float64) * data.target_scale.deviation[0]
    return float(np.sqrt(np.mean(apart**2)) / deviation) if deviation > 0 else math.nan


def _errors(prefix: str, learned: Coefficients, other: Coefficients) -> dict[str, float]:
    return {
        f"{prefix}w_error": float(np.abs(learned.weight - other.weight).max()),
        f"{prefix}b_error": float(np.abs(learned.intercept - other.intercept).max()),
    }
