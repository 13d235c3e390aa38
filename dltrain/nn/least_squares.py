"""The analytic solution of linear regression (textbook 3.1).

Letters: N rows, I in_features.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

SOLVED_ROWS = 1 << 17  # rows that are solved for at once


@dataclass(frozen=True)
class Solution:
    """Result of ``least_squares``."""

    weight: Tensor  # [I], float64
    bias: float  # intercept
    rank: int  # number of columns that say something new, the intercept's among them
    columns: int  # I + 1


def least_squares(inputs: Tensor, targets: Tensor, weights: Tensor | None = None) -> Solution:
    """Minimise the squared error of inputs @ weight + bias.

    Computed in float64 on the CPU by a complete orthogonal factorisation (LAPACK's gelsy), which
    finds the solution of least norm if columns depend on each other.

    Args:
        inputs: [N, I].
        targets: [N].
        weights: [N], how much each row counts; None: all the same.

    Returns:
        The solution and the rank of [inputs, 1].
    """
    rows, columns = len(inputs), inputs.shape[1] + 1
    parts = [slice(start, start + SOLVED_ROWS) for start in range(0, rows, SOLVED_ROWS)]
    table = _augmented(inputs, targets, weights, rows=parts[0])  # [N, I+2]
    for rows_of_part in parts[1:]:
        # A triangle with the same solutions, so that no float64 copy of all rows is made.
        part = _augmented(inputs, targets, weights, rows=rows_of_part)
        table = torch.linalg.qr(torch.cat([table, part]), mode="r").R
    result = torch.linalg.lstsq(
        table[:, :-1],
        table[:, -1:],
        rcond=torch.finfo(table.dtype).eps * max(rows, columns),
        driver="gelsy",
    )
    numbers = result.solution[:, 0]
    return Solution(numbers[:-1], float(numbers[-1]), int(result.rank), columns)


def _augmented(inputs: Tensor, targets: Tensor, weights: Tensor | None, *, rows: slice) -> Tensor:
    """Return [inputs, 1, targets] of some rows in float64 on the CPU, [N, I+2].

    Each row is multiplied by the root of its weight: so its square counts that often.
    """
    inputs, targets = inputs[rows], targets[rows]
    ones = inputs.new_ones(len(inputs), 1)
    parts = (inputs, ones, targets.unsqueeze(1))
    table = torch.cat([part.double().cpu() for part in parts], dim=1)
    return table if weights is None else table * weights[rows].double().cpu().sqrt()[:, None]
