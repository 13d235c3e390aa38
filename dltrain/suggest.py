"""What complaints have in common: the nearest known word, and values short enough to quote."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


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


def repeated(words: Sequence[str], *, sweeping: bool = False) -> list[str]:
    """Say of each key that is set more than once which values it is given.

    Args:
        words: As typed; those without = set nothing.
        sweeping: Whether a key may have several values.
    """
    texts: dict[str, list[str]] = {}
    for word in words:
        key, equals, text = word.partition("=")
        if equals and key:
            texts.setdefault(key, []).append(text)
    return [_set_twice(key, found, sweeping) for key, found in texts.items() if len(found) > 1]


def _set_twice(key: str, texts: Sequence[str], sweeping: bool) -> str:
    key, unique = clipped(key), list(dict.fromkeys(texts))
    times = "twice" if len(texts) == 2 else f"{len(texts)} times"
    if len(unique) == 1:
        return f"{key}={clipped(unique[0])}: is set {times}; leave out the others"
    shown_texts = [clipped(text, most=30) or "''" for text in unique]
    listed = f"{', '.join(shown_texts[:-1])} and {shown_texts[-1]}"
    several = f"{key}={clipped(','.join(unique))}"
    plain = all(text.strip() == text != "" and not set(text) & set(" ()") for text in unique)
    if key.startswith("sweep.") or key == "output_dir" or not plain:
        return f"{key}: is set {times}, to {listed}; keep one"
    flag = "" if sweeping else "-m "
    return (
        f"{key}: is set {times}, to {listed}; keep one, or train them all: {flag}{several} "
        "(a shell makes several words of braces, {A,B})"
    )
