"""How the numbers of a column are written: 1.234,56 or $4,076 or 37.4 %.

A number is turned into what Python would write, and what is no number in that writing stays none:
1.23 is no number where points stand between thousands.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

# What may stand before or behind each number of a column, and says nothing of its size.
_CURRENCIES = (
    "$ € £ ¥ ₹ ₩ ₽ ₺ ₪ ฿ kr zł Kč Fr. USD EUR GBP JPY CHF CNY INR SEK NOK DKK PLN CZK AUD CAD"
)
_UNITS = "% ‰ ° °C °F kg g mg km m cm mm km/h mph lb lbs ft l ml h min s ms kW kWh MB GB"
SIGNS = tuple(sorted(f"{_CURRENCIES} {_UNITS}".split(), key=len, reverse=True))
_SPACE = r"[\s\x{00a0}\x{202f}]"  # narrow and wide ones that do not break a line, too
# What stands for a number that is none in this writing.
_NO_NUMBER = "no number"


@dataclass(frozen=True)
class Writing:
    """How numbers are written.

    Args:
        decimal: What stands before the fraction: ``.`` or ``,``.
        thousands: What stands between thousands: a mark or ``space``; None: nothing.
        sign: What stands before or behind each number, such as ``$`` or ``%``; or nothing.
    """

    decimal: str = "."
    thousands: str | None = None
    sign: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether numbers are written as Python writes them."""
        return self == Writing()

    def plain(self, cells: pa.Array) -> pa.Array:
        """Return the numbers among texts as Python writes them, and no numbers as no number.

        Cells of another type than text are returned as they are.
        """
        if self.is_plain or not pa.types.is_string(cells.type):
            return cells
        right = self.matches(cells)
        texts = pc.replace_substring(cells, self.sign, "") if self.sign else cells
        if self.thousands is not None:
            texts = pc.replace_substring_regex(texts, self._mark, "")
        texts = pc.replace_substring_regex(texts, _SPACE, "")
        texts = pc.replace_substring(texts, self.decimal, ".")
        return pc.if_else(right, texts, pc.if_else(pc.is_valid(cells), _NO_NUMBER, cells))

    def matches(self, cells: pa.StringArray) -> pa.BooleanArray:
        """Tell which texts are numbers in this writing."""
        right = pc.match_substring_regex(cells, self._pattern)
        return pc.and_(right, pc.match_substring(cells, self.sign)) if self.sign else right

    @property
    def _mark(self) -> str:
        return _SPACE if self.thousands == "space" else re.escape(self.thousands or "")

    @property
    def _pattern(self) -> str:
        whole, point = r"\d+", re.escape(self.decimal)
        if self.thousands is not None:
            whole = rf"(?:[1-9]\d{{0,2}}(?:{self._mark}\d{{3}})+|\d+)"
        number = rf"(?:{whole}(?:{point}\d*)?|{point}\d+)"
        if self.decimal == "," and self.thousands is None:
            # A point is the fraction's, but for 1.234, which may be a thousand and more.
            fraction = r"\d+\.(?:\d{0,2}|\d{4,})|0\d*\.\d*|\d{4,}\.\d*|\.\d+"
            number = rf"(?:{number}|{fraction})"
        number += r"(?:[eE][+-]?\d+)?"
        sign = rf"(?:{re.escape(self.sign)})?" if self.sign else ""
        before, behind = rf"{_SPACE}*[+-]?{_SPACE}*{sign}{_SPACE}*", rf"{_SPACE}*{sign}{_SPACE}*"
        return rf"^{before}[+-]?{number}{behind}$"


_EACH = "|".join(map(re.escape, SIGNS))
_BEFORE = re.compile(rf"\s*[+-]?\s*({_EACH})\s*[+-]?[\d.,]")
_BEHIND = re.compile(rf".*\d[.,]?\s*({_EACH})\s*")


def common_sign(texts: Iterable[str]) -> str:
    """Return the sign that most of some texts carry beside a number; nothing if none does.

    Example:
        >>> common_sign(["$4,076", "$519", "free"]), common_sign(["37.4 %"]), common_sign(["a1"])
        ('$', '%', '')
    """
    found = (_BEFORE.match(text) or _BEHIND.fullmatch(text) for text in texts)
    counts = Counter(match[1] for match in found if match)
    return counts.most_common(1)[0][0] if counts else ""
