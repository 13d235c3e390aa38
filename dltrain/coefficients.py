"""What a linear model learned, in the data's own units, and how far that is from the truth.

Letters: I in_features, O outputs (classes, or 1), N rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dltrain.data import Dataset
from dltrain.optim import Solution, least_squares

INTERCEPT = "(intercept)"


@dataclass(frozen=True)
class Coefficients:
    """outputs = weight @ features + intercept, with features in their own units.

    Attributes:
        weight: [O, I], float64, in target units per feature unit.
        intercept: [O], float64, in target units.
    """

    weight: npt.NDArray[np.float64]
    intercept: npt.NDArray[np.float64]


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
    own = weight.double().cpu().numpy() / features.deviation  # [O, I]
    offset = bias.double().cpu().numpy() - own @ features.mean  # [O]
    unit = target.deviation[0]
    return Coefficients(own * unit, offset * unit + target.mean[0])


def as_table(found: Coefficients, data: Dataset) -> list[list[str]]:
    """Lay coefficients out for ``coefficients.csv``: one row per feature (and class)."""
    names = [*data.feature_names, INTERCEPT]
    values = np.column_stack([found.weight, found.intercept])  # [O, I+1]
    if not data.class_names:
        rows = [[name, repr(float(x))] for name, x in zip(names, values[0], strict=True)]
        return [["feature", "coefficient"], *rows]
    rows = [
        [name, label, repr(float(x))]
        for name, column in zip(names, values.T, strict=True)
        for label, x in zip(data.class_names, column, strict=True)
    ]
    return [["feature", "class", "coefficient"], *rows]


def solution(data: Dataset) -> tuple[Coefficients, Solution]:
    """Solve a regression data set's training rows exactly, in the data's own units."""
    inputs, targets = torch.from_numpy(data.train.inputs), torch.from_numpy(data.train.targets)
    found = least_squares(inputs, targets)
    bias = torch.tensor([found.bias], dtype=torch.float64)
    return coefficients(found.weight.unsqueeze(0), bias, data), found


def findings(found: Coefficients, data: Dataset) -> tuple[dict[str, float], list[str]]:
    """Compare linear regression with the truth and with the exact solution, where there are any.

    Args:
        found: What the run learned; one output.
        data: What it was trained on.

    Returns:
        Results by name (``w_error``: the largest error of a weight, ``b_error``; the same with
        ``exact_`` against least squares), and sentences for the summary.
    """
    exact, solved = solution(data)
    results = _errors("exact_", found, exact)
    lines = [
        f"against least squares: weights within {results['exact_w_error']:.3g}, "
        f"bias within {results['exact_b_error']:.3g}"
    ]
    if solved.rank < solved.columns:
        lines.append(
            f"the table has rank {solved.rank} of {solved.columns} columns (one is the "
            "intercept's), so other coefficients fit as well; least squares takes the smallest"
        )
    if data.truth is not None:
        weight, bias = data.truth
        truth = Coefficients(weight[None, :], np.array([bias]))
        results |= _errors("", found, truth)
        learned = ", ".join(f"{w:.4f}" for w in found.weight[0][:8])
        true = ", ".join(f"{w:g}" for w in weight[:8])
        more = ", ..." if len(weight) > 8 else ""
        lines.insert(
            0,
            f"learned w = [{learned}{more}], b = {found.intercept[0]:.4f}; "
            f"true w = [{true}{more}], b = {bias:g}; "
            f"errors: w {results['w_error']:.3g}, b {results['b_error']:.3g}",
        )
    return results, lines


def _errors(prefix: str, found: Coefficients, other: Coefficients) -> dict[str, float]:
    return {
        f"{prefix}w_error": float(np.abs(found.weight - other.weight).max()),
        f"{prefix}b_error": float(np.abs(found.intercept - other.intercept).max()),
    }
