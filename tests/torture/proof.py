"""What every proof comes to: how much was tried, and what went wrong, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Report:
    """What a proof found.

    Attributes:
        what: What was tried, in words.
        tried: How many times.
        wrong: A sentence for each time that a promise did not hold.
        notes: Figures worth printing: largest time, memory, how cases divide.
    """

    what: str
    tried: int
    wrong: Sequence[str]
    notes: Sequence[str] = field(default_factory=tuple)

    def check(self) -> None:
        """Fail a test, naming the first few things that went wrong."""
        __tracebackhide__ = True
        assert self.tried > 0, f"{self.what}: nothing was tried"
        shown = "\n".join(self.wrong[:20])
        assert not self.wrong, f"{self.what}: {len(self.wrong)} of {self.tried} wrong:\n{shown}"
