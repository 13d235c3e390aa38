"""Which category a text is: itself, or a number spelt otherwise; and which ones are rare.

In a column whose categories are all numbers 1 and 1.0 are one of them. A number with zeros in front
is a code: 01 is another category than 1 where both occur, and 1 where it does not.

Letters: T texts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*", re.ASCII | re.IGNORECASE)
_CODE = re.compile(r"\s*[+-]?0\d.*", re.ASCII | re.DOTALL)


class Categories:
    """The categories of a column.

    Args:
        texts: As they are called.

    Example:
        >>> known = Categories(["1", "2"])
        >>> [known.index(text) for text in ("2", "2.0", "02", "3")]
        [1, 1, 1, -1]
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._index = {text: index for index, text in enumerate(texts)}
        self._by_value: dict[float, int] = {}
        values = list(map(_value, texts))
        if None in values:
            return
        codes: dict[float, list[int]] = {}
        for index, (text, value) in enumerate(zip(texts, values, strict=True)):
            assert value is not None
            if is_code(text):
                codes.setdefault(value, []).append(index)
            else:
                self._by_value.setdefault(value, index)
        for value, [index, *others] in codes.items():
            if not others:  # or it is not sure which is meant
                self._by_value.setdefault(value, index)

    def index(self, text: str) -> int:
        """Return the number of the category that a text is; -1 if it is none."""
        known = self._index.get(text)
        if known is None and self._by_value:
            value = _value(text)
            known = None if value is None else self._by_value.get(value)
        return -1 if known is None else known


def is_code(text: str) -> bool:
    """Tell whether a number has zeros in front that it does not need."""
    return _CODE.fullmatch(text) is not None


def _value(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None


def merged(texts: Sequence[str]) -> list[str]:
    """Give numbers that are one category one name, the shortest: 1 for 1.0; [T].

    Example:
        >>> merged(["01", "1", "1.0", "2.0"]), merged(["1", "1.0", "x"])
        (['01', '1', '1', '2.0'], ['1', '1.0', 'x'])
    """
    values = list(map(_value, texts))
    if None in values:
        return list(texts)
    names: dict[float, str] = {}
    for text, value in sorted(zip(texts, values, strict=True), key=lambda pair: len(pair[0])):
        if value is not None and not is_code(text):
            names.setdefault(value, text)
    return [
        text if value is None or is_code(text) else names[value]
        for text, value in zip(texts, values, strict=True)
    ]


def most_frequent(
    names: Sequence[str], counts: npt.NDArray[np.int64], *, most: int
) -> tuple[list[str], str]:
    """Choose the categories of a column, in order; and name the one of all others, if there is one.

    Args:
        names: Of each text, [T]; several texts may have one name.
        counts: Training rows of each text, [T].
        most: How many categories there may be, that of all others included.

    Example:
        >>> most_frequent(["a", "b", "c"], np.array([1, 5, 1]), most=2)
        (['b'], '(other)')
    """
    unique, index = np.unique(np.array(names, dtype=object), return_inverse=True)
    rows = np.bincount(index, weights=counts, minlength=len(unique))
    trained = [name for name, count in zip(unique, rows, strict=True) if count]
    if len(trained) <= most:
        return trained, ""
    by_rows = dict(zip(unique, rows, strict=True))
    kept = sorted(trained, key=lambda name: -by_rows[name])[: most - 1]
    other = "(other)"
    while other in by_rows:
        other = f"({other})"
    return sorted(kept), other
