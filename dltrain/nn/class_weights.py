"""How much the rows of each class count in a loss; no torch.

Letters: C classes.
"""

from __future__ import annotations

from collections.abc import Sequence

BALANCED = "balanced"


def class_weights(asked: str | Sequence[float], *, rows: Sequence[float]) -> list[float]:
    """Return a weight per class, such that their mean over the training rows is 1.

    So a learning rate is as long a step as without them, and only their ratios matter.

    Args:
        asked: A number per class; or ``balanced``: one over the class's rows, so that each class
            counts as much as any other.
        rows: How many training rows each class has, as they count, [C]. A class without any has
            weight 0 if balanced.

    Example:
        >>> class_weights("balanced", rows=[30, 10])
        [0.6666666666666666, 2.0]
        >>> class_weights([1, 3], rows=[30, 10])
        [0.6666666666666666, 2.0]
    """
    if isinstance(asked, str):
        assert asked == BALANCED
        asked = [1 / count if count else 0.0 for count in rows]
    mean = sum(w * count for w, count in zip(asked, rows, strict=True)) / sum(rows)
    return [number / mean for number in asked]
