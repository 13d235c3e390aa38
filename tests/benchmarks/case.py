"""What a benchmark case is, and what all cases are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.benchmarks.table import Row

GROWTH_ROUNDS = 3  # of a growth curve, at most: its largest sizes take a minute each


@dataclass(frozen=True)
class Settings:
    """What holds for all cases.

    Attributes:
        rounds: Counted rounds; one more warms up.
        epochs: Per round.
        device: ``cpu`` or ``cuda``.
        threads: Processor threads of every contestant.
        full: Also what takes many minutes or gigabytes.
    """

    rounds: int
    epochs: int
    device: str
    threads: int
    full: bool

    @property
    def told(self) -> str:
        """Say how long a round trains."""
        return f"{self.epochs} epoch{'' if self.epochs == 1 else 's'}"

    @property
    def words(self) -> list[str]:
        """Put ``dltrain`` on the same device with the same threads."""
        return [f"device={self.device}", f"device.threads={self.threads}"]


@dataclass(frozen=True)
class Case:
    """One case.

    Attributes:
        name: Of which ``--only`` gives a part.
        about: What is compared with what.
        measure: Yields rows of the table as they are measured.
    """

    name: str
    about: str
    measure: Callable[[Settings], Iterator[Row]]
