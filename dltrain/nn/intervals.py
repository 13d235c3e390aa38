"""Intervals of metrics: what they might have been on other rows, by chance alone.

Letters: N rows, R resamples.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from dltrain.nn.random import generator
from dltrain.nn.ratios import Estimate
from dltrain.nn.scores import Scores

Interval = tuple[float, float]  # lower and upper end; nan where there is none

LEVEL = 0.95
NORMAL_QUANTILE = 1.959963984540054  # of the middle 95 %
RESAMPLES = 1000
# More rows are not resampled: their bootstrap is normal by then, and costs N x R.
MAX_RESAMPLED_ROWS = 10_000
# So many resamples are held as floating-point weights at a time.
RESAMPLES_AT_ONCE = 100


def intervals(scores: Scores, names: Sequence[str]) -> list[dict[str, Interval]]:
    """Compute 95 % intervals of metrics over rows, a dict per member.

    Accuracy has Wilson's, where all rows count the same. All others have the percentiles of the
    bootstrap: of 1,000 tables of N rows each, drawn from the rows with replacement, the same tables
    for every metric, member and run; those on which the metric is undefined are left out. Above
    10,000 rows the interval is the normal one with the deviation of the row values, to which the
    bootstrap tends.

    Nothing is counted but the finite number of rows: not that another training ends elsewhere.

    Args:
        scores: Of the rows.
        names: Of metrics, among ``scores.estimated()``.

    Returns:
        Lower and upper end by name; nan for fewer than 2 rows, and where the metric is undefined.
    """
    result: list[dict[str, Interval]] = []
    for block in scores.blocks():
        columns = {
            name: _of_members(name, block.estimate(name), weighted=scores.weighted)
            for name in names
        }
        members = zip(*columns.values(), strict=True)
        result += [dict(zip(names, member, strict=True)) for member in members]
    return result


def wilson(share: float, *, rows: int) -> Interval:
    """Return Wilson's 95 % interval of a share of rows (1927).

    Example:
        >>> [round(end, 4) for end in wilson(0.5, rows=10)]
        [0.2366, 0.7634]
    """
    square = NORMAL_QUANTILE**2 / rows
    middle = (share + square / 2) / (1 + square)
    spread = NORMAL_QUANTILE * math.sqrt(share * (1 - share) / rows + square / (4 * rows))
    half = spread / (1 + square)
    return max(0.0, middle - half), min(1.0, middle + half)


def _of_members(name: str, estimate: Estimate, *, weighted: bool) -> list[Interval]:
    values = estimate.row_values()
    members, rows = values.shape
    if rows < 2:
        return [(math.nan, math.nan)] * members
    if name == "accuracy" and not weighted:
        return [wilson(share, rows=rows) for share in (values.sum(dim=1) / rows).tolist()]
    ends = _normal(values) if rows > MAX_RESAMPLED_ROWS else _percentiles(estimate, values)
    return [(low, high) for low, high in ends.tolist()]


def _normal(values: Tensor) -> Tensor:
    """Return ends, [M, 2], from row values [M, N]."""
    # Each member by itself: torch cuts a single long sum over its threads.
    twice = [each.expand(2, -1).contiguous() for each in values]
    means = torch.stack([each.mean(dim=1)[0] for each in twice])
    deviations = torch.stack([each.std(dim=1)[0] for each in twice])
    half = NORMAL_QUANTILE * deviations / math.sqrt(values.shape[1])
    return torch.stack([means - half, means + half], dim=1)


def _percentiles(estimate: Estimate, values: Tensor) -> Tensor:
    """Return ends, [M, 2], of the metric on resampled rows."""
    parts = torch.split(resamples(values.shape[1]), RESAMPLES_AT_ONCE)
    tables = torch.cat([estimate.resampled(part.to(values)) for part in parts], dim=1)
    tails = torch.tensor([(1 - LEVEL) / 2, (1 + LEVEL) / 2]).to(tables)
    ends = tables.nanquantile(tails, dim=1).t()
    defined = values[:, :1].isnan().logical_not()
    return torch.where(defined, ends, torch.nan)


@functools.lru_cache(maxsize=2)
def resamples(rows: int) -> Tensor:
    """Draw how often each row counts in each table of the bootstrap, [R, N], bytes."""
    shape = RESAMPLES, rows
    drawn = torch.randint(rows, shape, generator=generator(0, "bootstrap"))
    drawn += torch.arange(RESAMPLES)[:, None] * rows
    counts = torch.bincount(drawn.flatten(), minlength=RESAMPLES * rows).view(shape)
    assert counts.max() < 256  # a row is drawn once on average, and of few rows there are few draws
    return counts.byte()
