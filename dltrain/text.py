"""Foreign text made harmless: what a terminal would obey is written out instead.

For whatever people look at: the terminal, ``train.log``, ``config.yaml``.
"""

from __future__ import annotations

import re
import unicodedata

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
