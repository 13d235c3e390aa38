"""A single value as text: what counts as a number, true, false or null, and what is text.

The rules are those of the command line, which are Hydra's. Config files follow them, too.
"""

from __future__ import annotations

import re

from hydra.core.override_parser.types import Quote, QuotedString

Scalar = int | float | bool | str | None

_DIGITS = r"[0-9](?:_?[0-9])*"
_WHOLE = r"(?:0|[1-9](?:_?[0-9])*)"
_POINT = rf"(?:{_WHOLE}\.|{_WHOLE}?\.{_DIGITS})"
INT = re.compile(rf"[+-]?{_WHOLE}")
FLOAT = re.compile(rf"[+-]?(?:(?:{_WHOLE}|{_POINT})[eE][+-]?{_DIGITS}|{_POINT}|(?i:inf|nan))")
BOOL = re.compile("(?i:true|false)")
NULL = re.compile("(?i:null)")
# Text that can be typed without quotes, whatever stands around it.
_BARE = re.compile(r"[A-Za-z0-9_./+-]+")
# A text of a list and the comma behind it: in quotes, or without any at its ends.
_PIECE = re.compile(
    r"""(\s*(?:(?P<mark>['"])((?:(?!(?P=mark)).)*)(?P=mark)|([^\s,'"][^,]*))\s*(?:,|$))""",
    re.DOTALL,
)


def read_scalar(text: str) -> Scalar:
    """Read a value that has no quotes, brackets or functions.

    Example:
        >>> [read_scalar(text) for text in ("1_000", "1e-3", "TRUE", "null", "010", "no")]
        [1000, 0.001, True, None, '010', 'no']
    """
    if NULL.fullmatch(text):
        return None
    if BOOL.fullmatch(text):
        return text.lower() == "true"
    try:
        if INT.fullmatch(text):
            return int(text)
    except ValueError:  # more digits than Python converts
        return text
    return float(text) if FLOAT.fullmatch(text) else text


def bracketed(text: str) -> list[str] | None:
    """Read a list of texts that the grammar has no words for: names with ``#``, ``(`` or ``ö``.

    Returns:
        The texts between its commas, without quotes around them; None if it is no such list.

    Example:
        >>> bracketed("[#N/A, a (b),'c,d']"), bracketed("[a,]"), bracketed("a")
        (['#N/A', 'a (b)', 'c,d'], None, None)
    """
    inner = re.fullmatch(r"\s*\[(.+)\]\s*", text, re.DOTALL)
    pieces = [match.groups() for match in _PIECE.finditer(inner[1])] if inner else []
    if not inner or "".join(whole for whole, *_ in pieces) != inner[1]:
        return None
    texts = [inside if bare is None else bare.strip() for _, _, inside, bare in pieces]
    return texts if all(map(_is_balanced, texts)) and inner[1][-1] != "," else None


def _is_balanced(text: str) -> bool:
    return text.count("[") == text.count("]")


def quoted(text: str) -> str:
    """Put text into the quotes of the command line.

    Example:
        >>> quoted("a b")
        "'a b'"
    """
    return str(QuotedString(text, Quote.single).with_quotes())


def as_text(value: object) -> str:
    """Write a value so that the command line reads it back: 1e9 rather than 1000000000.0.

    Example:
        >>> as_text([0.1, None, "a b", "1"])
        "[0.1,null,'a b','1']"
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else str(value)
    if isinstance(value, list):
        return f"[{','.join(map(as_text, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{as_text(k)}:{as_text(v)}' for k, v in value.items())}}}"
    if isinstance(value, str) and not (_BARE.fullmatch(value) and read_scalar(value) == value):
        return quoted(value)
    return str(value)
