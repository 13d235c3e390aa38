"""Edges of histogram bins for any numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def bin_edges(values: NDArray[np.floating], bins: int) -> NDArray[np.float64]:
    """Cut the range of some numbers into bins of equal width; into one if no more can be told.

    Args:
        values: [N], finite.
        bins: How many there may be.

    Returns:
        [bins + 1] edges that rise.
    """
    low, high = float(values.min()), float(values.max())
    step = float(np.spacing(max(abs(low), abs(high))))  # between neighbours of the largest
    if high - low > 4 * bins * step:
        return np.linspace(low, high, bins + 1)
    margin = max(0.5, 4 * step)
    return np.array([low - margin, high + margin])
