"""What complaints have in common: the nearest known word, and values short enough to quote."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def closest(word: str, known: Iterable[str]) -> str:
    """Return "; did you mean X?" for the known word nearest to this one, or nothing.

    Args:
        word: What was typed.
        known: What would have been right; of dotted names the last part is compared as well.

    Example:
        >>> closest("lr", ["seed", "optimizer.lr"])
        '; did you mean optimizer.lr?'
    """
    known = list(known)
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if not near:
        tails = {name.rsplit(".", 1)[-1]: name for name in reversed(known)}
        near = difflib.get_close_matches(word.rsplit(".", 1)[-1], tails, n=1, cutoff=0.75)
        near = [tails[tail] for tail in near]
    return f"; did you mean {near[0]}?" if near else ""


def clipped(text: str, *, most: int = 80) -> str:
    """Bound a value that a complaint quotes, so that what is said of it can still be read.

    Example:
        >>> clipped("9" * 5000, most=6)
        '999999...'
    """
    return text if len(text) <= most else f"{text[:most]}..."
