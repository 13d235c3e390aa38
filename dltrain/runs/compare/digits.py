"""Digits of figures that stand in a column: as many decimals in each, and none that is noise."""

from __future__ import annotations

import math
from collections.abc import Sequence

from dltrain.text import MOST_DIGITS, figure

# With more decimals a figure says nothing that anybody reads; the smallest of a column without
# deviations has at least two digits.
MOST_DECIMALS, LEAST_IN_LINE = 8, 9.5


def sd_decimals(
    deviations: Sequence[float | None], *, otherwise: Sequence[float | None]
) -> int | None:
    """Return how many decimals figures have: two digits of the first deviation that is not 0.

    The first is that of the best, whose figures are quoted.

    Args:
        deviations: Of each row.
        otherwise: What decides where there is no deviation.

    Example:
        >>> sd_decimals([0.0039, 0.2], otherwise=[0.8358, 0.5])
        4
    """
    for deviation in deviations:
        if deviation and math.isfinite(deviation):
            exponent = int(f"{deviation:.1e}".partition("e")[2])
            return min(max(1 - exponent, 0), MOST_DECIMALS)
    return decimals(otherwise)


def decimals(values: Sequence[float | None]) -> int | None:
    """Return how many decimals let figures stand in line; None if they span too much for that.

    Example:
        >>> decimals([0.8358, 0.51]), decimals([1234.5, 0.001])
        (4, None)
    """
    sizes = [abs(value) for value in values if value and math.isfinite(value)]
    if not sizes:
        return None
    places = 3 - math.floor(math.log10(max(sizes)))
    in_line = 0 < places <= MOST_DECIMALS and min(sizes) * 10**places >= LEAST_IN_LINE
    return places if in_line else None


def written(value: float | None, places: int | None) -> str:
    """Write a figure with so many decimals; None: with four significant digits."""
    if value is None or not math.isfinite(value):
        return "-" if value is None else figure(value)
    return figure(value) if places is None or abs(value) >= MOST_DIGITS else f"{value:.{places}f}"
