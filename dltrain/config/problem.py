"""One thing the user can mend."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """A key and what to do about it; ``load.py`` adds the value and where it came from."""

    key: str
    message: str
