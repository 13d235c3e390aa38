"""Foreign text made harmless: what a terminal would obey is written out instead.

For whatever people look at: the terminal, ``train.log``, ``config.yaml``.
"""

from __future__ import annotations

import difflib
import math
import re
import unicodedata
from collections.abc import Iterable

# Controls, halves of characters, marks of format (of direction among them), what has no meaning.
_CATEGORIES = ("Cc", "Cs", "Cf", "Co", "Cn")
# Invisible marks that change the direction or the joining of the text around them.
_MARKS = {*range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x2070), 0xFEFF}


_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


def obeyed(character: str) -> bool:
    """Whether a terminal may do something about a character other than show it."""
    return unicodedata.category(character) in _CATEGORIES or ord(character) in _MARKS


def escaped(text: str) -> str:
    r"""Write out what a terminal would obey.

    Example:
        >>> escaped("red \x1b[31m")
        'red \\x1b[31m'
    """
    if text.isascii() and text.isprintable():  # as nearly all of it is
        return text
    return "".join(_written_out(each) if obeyed(each) else each for each in text)


def harmless(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would take for a formula.

    Example:
        >>> harmless("=1+1"), harmless("first try"), harmless("-1.5")
        ("'=1+1", 'first try', '-1.5')
    """
    begins = text[:1] in ("=", "+", "-", "@")
    return f"'{text}" if begins and not _NUMBER.fullmatch(text) else text


def escaped_lines(text: str) -> list[str]:
    """Split a text at its newlines, and at nothing else, into harmless lines."""
    return [escaped(line.expandtabs()) for line in text.removesuffix("\n").split("\n")]


def _written_out(character: str) -> str:
    code = ord(character)
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


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


# Whole numbers from here on have digits that a float does not tell.
MOST_DIGITS = 1e15


def number_or_dash(value: object) -> str:
    """Write whatever a record holds where a number should stand."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    try:
        return figure(float(value)) if number else "-"  # type: ignore[arg-type]
    except OverflowError:
        return "-"


def figure(value: float) -> str:
    """Write a number for people: four significant digits, all of a whole one."""
    if not math.isfinite(value):
        return "-" if math.isnan(value) else str(value)
    whole = 1_000 <= abs(value) < MOST_DIGITS and value == round(value)
    return f"{value:,.0f}" if whole else f"{value:.4g}"


def bracket(low: float, high: float) -> str:
    """Write an interval after its figure: `` [0.8065, 0.8218]``; nothing where it is not known."""
    return f" [{figure(low)}, {figure(high)}]" if math.isfinite(high - low) else ""


def whole_number(value: object) -> str:
    """Write what a record holds where a count should stand: ``203,530``."""
    return f"{value:,}" if isinstance(value, int) else str(value)


def counted(count: int, what: str) -> str:
    """Write how many there are: ``1 epoch``, ``1,000 epochs``."""
    return f"{count:,} {what}{'s' if count != 1 else ''}"


def duration(seconds: float) -> str:
    """Write a duration with three digits, or in its two largest units.

    Example:
        >>> [duration(x) for x in (0.0042, 0.154, 2.41, 23.44, 125, 12_000)]
        ['4.2 ms', '0.15 s', '2.41 s', '23.4 s', '2 min 5 s', '3 h 20 min']
    """
    if not math.isfinite(seconds):
        return "-"
    if 0 < seconds < 0.01:
        return f"{1000 * seconds:.2g} ms"
    for most, digits in ((9.995, 2), (59.95, 1)):  # from there on it would be rounded up to more
        if seconds < most:
            return f"{seconds:.{digits}f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 24 else f"{hours // 24} d {hours % 24} h"


def age(seconds: float) -> str:
    """Write how long ago something was: ``now``, ``25 s``, ``3 h 20 min``."""
    if seconds < 59.5:
        return "now" if seconds < 1 else f"{seconds:.0f} s"
    return duration(max(seconds, 60.0))


DATE_DIRECTIVES = "aAbBdfHIjmMpSyYz"  # of strptime; pandas reads them all


def is_date_format(form: str) -> bool:
    """Whether a text is ``ISO`` or says how dates are written, each part of them once.

    Example:
        >>> [is_date_format(form) for form in ("%d/%m/%Y", "dd/mm/yyyy", "%d/%d", "%Q")]
        [True, False, False, False]
    """
    parts = re.findall(r"%(.?)", form.replace("%%", ""), re.DOTALL)
    once = len(parts) == len(set(parts)) > 0 and set(parts) <= set(DATE_DIRECTIVES)
    return once or form == "ISO"


def is_encoding(name: str) -> bool:
    """Whether Python knows an encoding of text by this name."""
    try:
        "".encode(name)
    except (LookupError, ValueError):
        return False
    return True
