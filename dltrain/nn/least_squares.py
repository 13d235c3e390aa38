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


def least_squares(inputs: Tensor, targets: Tensor) -> Solution:
    """Minimise the squared error of inputs @ weight + bias.

    Computed in float64 on the CPU by a complete orthogonal factorisation (LAPACK's gelsy), which
    finds the solution of least norm if columns depend on each other.

    Args:
        inputs: [N, I].
        targets: [N].

    Returns:
        The solution and the rank of [inputs, 1].
    """
    rows, columns = len(inputs), inputs.shape[1] + 1
    table = _augmented(inputs[:SOLVED_ROWS], targets[:SOLVED_ROWS])  # [N, I+2]
    for start in range(SOLVED_ROWS, rows, SOLVED_ROWS):
        # A triangle with the same solutions, so that no float64 copy of all rows is made.
        stop = start + SOLVED_ROWS
        part = _augmented(inputs[start:stop], targets[start:stop])
        table = torch.linalg.qr(torch.cat([table, part]), mode="r").R
    result = torch.linalg.lstsq(
        table[:, :-1],
        table[:, -1:],
        rcond=torch.finfo(table.dtype).eps * max(rows, columns),
        driver="gelsy",
    )
    numbers = result.solution[:, 0]
    return Solution(numbers[:-1], float(numbers[-1]), int(result.rank), columns)


def _augmented(inputs: Tensor, targets: Tensor) -> Tensor:
    """Return [inputs, 1, targets] in float64 on the CPU, [N, I+2]."""
    ones = inputs.new_ones(len(inputs), 1)
    parts = (inputs, ones, targets.unsqueeze(1))
    return torch.cat([part.double().cpu() for part in parts], dim=1)
