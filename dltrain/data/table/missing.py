"""Cells without a value: which texts mean missing, and which may."""

from __future__ import annotations

# Mean missing, as an empty cell does, unless data.keep_default_na=false; they are pandas'.
USUAL = (
    *("NA", "N/A", "n/a", "#N/A", "#NA", "<NA>", "NaN", "nan", "-NaN", "-nan"),
    *("None", "null", "NULL"),
)

# Are asked for where all else in a column is a number; in lower case.
_MARKS = {"?", "-", "--", "---", "\u2013", "\u2014", ".", "..", "...", "*", "na", "n.a.", "n.a"}
_MARKS |= {"n/a", "none", "null", "nil", "nan", "missing", "unknown", "unk", "n.d.", "nd", "k.a."}
_MARKS |= {"#n/a", "#na", "#value!", "#div/0!", "#ref!", "#null!", "#num!", "#name?"}


def is_mark(text: str) -> bool:
    """Tell whether a text among numbers is likely to mean that there is none.

    Example:
        >>> is_mark("?"), is_mark("N.A."), is_mark("3O")
        (True, True, False)
    """
    return text.strip().lower() in _MARKS
