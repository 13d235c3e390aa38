"""The table of results: medians, ratios with their spread, targets; printed, CSV and Markdown."""

from __future__ import annotations

import csv
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

COLUMNS = {
    "case": 36,
    "against": 26,
    "unit": 18,
    "ours": 8,
    "theirs": 8,
    "faster": 7,
    "spread": 12,
    "target": 14,
    "holds": 5,
    "inside": 0,
}
READING = (
    "Medians of alternating rounds. faster: theirs / ours, round by round, so 2 means that dltrain "
    "takes half the time (or memory); spread: the least and the greatest of these ratios, or of "
    "ours where there is nothing to compare with. inside: what the other side's clock includes. "
    "Ours includes training, validation, metrics, logs, checkpoints and the end of the run with "
    "its test; of members together also the making of their run folders."
)


@dataclass(frozen=True)
class Target:
    """What is aimed for.

    Attributes:
        text: For people.
        faster: The least ratio theirs / ours; None: it is not about a ratio.
        ours: The greatest figure of ours; None: it is not about that.
    """

    text: str
    faster: float | None = None
    ours: float | None = None


def times_floor(most: float) -> Target:
    """Aim for at most this many times what the other takes."""
    return Target(f"<= {most:g}x theirs", faster=1 / most)


def times_faster(least: float) -> Target:
    """Aim for being at least this many times faster."""
    return Target(f">= {least:g}x faster", faster=least)


def at_most(most: float, unit: str) -> Target:
    """Aim for at most so much."""
    return Target(f"<= {most:g} {unit}", ours=most)


@dataclass(frozen=True)
class Row:
    """One comparison, or one figure that has none.

    Attributes:
        case: What was measured.
        against: What with; empty: nothing.
        inside: What the clock includes, the other side's if there is one.
        unit: Of both figures.
        ours: One figure per round; empty if it could not be measured.
        theirs: The same rounds; empty if there is nothing to compare with.
        note: Why a figure is missing.
    """

    case: str
    against: str
    inside: str
    unit: str
    ours: Sequence[float] = ()
    theirs: Sequence[float] = ()
    target: Target | None = None
    note: str = ""

    @property
    def ratios(self) -> list[float]:
        """Return theirs / ours of each round."""
        if not self.theirs:
            return []
        return [theirs / ours for ours, theirs in zip(self.ours, self.theirs, strict=True)]

    @property
    def holds(self) -> bool | None:
        """Whether the target is met; None if there is none, or no figure."""
        if self.target is None or not self.ours:
            return None
        if self.target.ours is not None:
            return statistics.median(self.ours) <= self.target.ours
        assert self.target.faster is not None
        return statistics.median(self.ratios) >= self.target.faster if self.ratios else None

    def cells(self) -> dict[str, str]:
        """Return a text per column."""
        ratios, holds = self.ratios, self.holds
        spread = ratios or self.ours
        return {
            "case": self.case,
            "against": self.against,
            "unit": self.unit,
            "ours": _median(self.ours),
            "theirs": _median(self.theirs),
            "faster": _median(ratios),
            "spread": f"{_figure(min(spread))}-{_figure(max(spread))}" if spread else "",
            "target": self.target.text if self.target else "",
            "holds": "" if holds is None else "yes" if holds else "no",
            "inside": self.note or self.inside,
        }


class Table:
    """Rows, printed as they come; both files are written anew after each, so none is lost.

    Args:
        folder: Gets ``results.csv`` and ``results.md``.
        header: Date, machine, versions: names and texts.
    """

    def __init__(self, folder: Path, header: Mapping[str, str]) -> None:
        self._folder, self._header = folder, dict(header)
        self._rows: list[dict[str, str]] = []
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in self._header.items():
            print(f"{name:<12}{text}")
        print(f"\n{READING}\n")
        print(_line({name: name for name in COLUMNS}), flush=True)

    def add(self, row: Row) -> None:
        """Print a row and keep it."""
        self._rows.append(row.cells())
        print(_line(self._rows[-1]), flush=True)
        self._write_csv()
        self._write_markdown()

    def _write_csv(self) -> None:
        """Write the header as lines that begin with #, then the table."""
        with open(self._folder / "results.csv", "w", newline="", encoding="utf-8") as file:
            file.writelines(f"# {name}: {text}\n" for name, text in self._header.items())
            writer = csv.DictWriter(file, list(COLUMNS), lineterminator="\n")
            writer.writeheader()
            writer.writerows(self._rows)

    def _write_markdown(self) -> None:
        lines = [f"- {name}: {text}" for name, text in self._header.items()]
        lines += ["", READING, "", _markdown(list(COLUMNS)), _markdown(["---"] * len(COLUMNS))]
        lines += [_markdown(list(row.values())) for row in self._rows]
        (self._folder / "results.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _median(values: Sequence[float]) -> str:
    return _figure(statistics.median(values)) if values else ""


def _figure(value: float) -> str:
    """Write a number with three digits.

    Example:
        >>> _figure(0.04812), _figure(7.0), _figure(1234.5)
        ('0.0481', '7.00', '1,234')
    """
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3g}"


def _line(cells: Mapping[str, str]) -> str:
    return "  ".join(f"{cells[name]:<{width}}" for name, width in COLUMNS.items()).rstrip()


def _markdown(cells: Sequence[str]) -> str:
    escaped = [cell.replace("|", r"\|") for cell in cells]
    return f"| {' | '.join(escaped)} |"
