"""The learning curves of runs, read from their folders: what pictures and pages draw."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dltrain.metrics import higher_is_better
from dltrain.runs.compare.fields import best_of
from dltrain.runs.compare.listing import rows, varying
from dltrain.runs.run import Run

Rows = Sequence[Mapping[str, str | float]]


@dataclass(frozen=True)
class Curve:
    """The course of one run.

    Attributes:
        name: What tells it from the others.
        rows: Cells of ``metrics.csv`` by column, one row per epoch; texts or numbers.
        best: Its best epoch.
        status: How it ended; what diverged ends in a cross.
        rank: Its place among all, best first.
    """

    name: str
    rows: Rows
    best: int | None = None
    status: str = "done"
    rank: int = 0

    def points(self, name: str) -> list[tuple[float, float]]:
        """Return (epoch, value) wherever a column has a number that can be drawn."""
        pairs = [(_number(row.get("epoch")), _number(row.get(name))) for row in self.rows]
        return [(x, y) for x, y in pairs if can_be_drawn(x) and can_be_drawn(y)]


def _number(cell: str | float | None) -> float:
    if isinstance(cell, int | float):
        return cell
    try:
        return float(cell or "nan")
    except ValueError:
        return math.nan


# More than this cannot be told apart in any picture; of many runs each is read more coarsely.
POINTS, ALL_POINTS, LEAST_POINTS = 2000, 200_000, 30


def curves_of(runs: Sequence[Run]) -> list[Curve]:
    """Read the course of some runs, and name each by what was typed differently for it.

    Raises:
        ValueError: If a ``metrics.csv`` cannot be read, or none has a whole epoch.
    """
    if not runs:
        raise ValueError("no member has begun yet")
    listed = rows(runs, numbered=False)
    own = [
        name for name in ("data", "model") if len({str(row.fields.get(name)) for row in listed}) > 1
    ]
    keys = varying(listed) if len(runs) > 1 else []
    ranks = {run_id: rank for rank, run_id in enumerate(_ranked(runs))}
    most = max(LEAST_POINTS, min(POINTS, ALL_POINTS // len(runs)))
    found = []
    for row in listed:
        said = [row.run.short, row.run.label, *(str(row.fields.get(name, "-")) for name in own)]
        said += [f"{key.rpartition('.')[2]}={_text(row.fields.get(key))}" for key in keys]
        best = row.run.part("result", "best", "epoch")
        found.append(
            Curve(
                name=" ".join(filter(None, said)),
                rows=row.run.sample(most),
                best=best if isinstance(best, int) else None,
                status=row.run.status,
                rank=ranks[row.run.id],
            )
        )
    if not any(curve.rows for curve in found):
        raise ValueError("there is no whole epoch to draw yet")
    return found


def _text(value: object) -> str:
    return "-" if value is None else str(value).replace(" ", "")


def _ranked(runs: Sequence[Run]) -> list[str]:
    """Sort by the metric that chose, best first; what has none comes last."""

    def key(run: Run) -> tuple[bool, float]:
        best = best_of(run) if run.status != "diverged" else None
        if best is None:
            return True, 0.0
        return False, -best[1] if higher_is_better(best[0]) else best[1]

    return [run.id for run in sorted(runs, key=key)]


LARGEST = 1e100


def can_be_drawn(value: float) -> bool:
    """Whether an axis can hold a number, with its margins."""
    return math.isfinite(value) and abs(value) < LARGEST
