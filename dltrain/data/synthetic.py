"""Linear regression's own data: y = Xw + b + noise (textbook 3.3)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence

import numpy as np

from dltrain.data.dataset import Dataset, Scale
from dltrain.data.splits import consecutive_split

# Numbers that are drawn at once, in float64, before they are rounded.
NUMBERS = 1 << 17


def synthetic(
    name: str,
    *,
    w: Sequence[float],
    b: float,
    noise: float,
    num_train: int,
    num_val: int,
    seed: int,
    dtype: str,
) -> Dataset:
    """Draw features from N(0, 1) and targets from Xw + b + N(0, noise).

    Args:
        name: How the data set is called.
        w: True weights, one per feature.
        b: True bias.
        noise: Standard deviation of the noise on y.
        num_train: Training rows.
        num_val: Validation rows; training and validation rows are one draw, cut in two.
        seed: Fixes every row.
        dtype: What the numbers, drawn and added up in float64, are rounded to.

    Returns:
        A regression data set without a test split; features are called x0, x1, ...
    """
    generator = np.random.default_rng([seed, 0x5E7])  # a stream of its own, apart from splits
    weights = np.asarray(w, dtype=np.float64)
    rows = num_train + num_val
    inputs = np.empty((rows, len(weights)), dtype)
    sums = np.empty(rows)
    for part in _parts(rows, max(NUMBERS // len(weights), 1)):
        drawn = generator.standard_normal((part.stop - part.start, len(weights)))
        inputs[part] = drawn
        sums[part] = drawn @ weights + b
    targets = np.empty(rows, dtype)
    for part in _parts(rows, NUMBERS):
        targets[part] = sums[part] + noise * generator.standard_normal(part.stop - part.start)
    train, val, test = consecutive_split(inputs, targets, sizes=[num_train, num_val, 0])
    recipe = [list(w), b, noise, num_train, num_val, seed]
    return Dataset(
        name=name,
        task="regression",
        train=train,
        val=val,
        test=test,
        feature_names=tuple(f"x{i}" for i in range(len(weights))),
        target_name="y",
        source="generated",
        sha256=hashlib.sha256(json.dumps(recipe).encode()).hexdigest(),
        feature_scale=Scale.identity(len(weights)),
        truth=(weights, b),
    )


def _parts(rows: int, size: int) -> Iterator[slice]:
    return (slice(start, min(start + size, rows)) for start in range(0, rows, size))
