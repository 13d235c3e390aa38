"""Learning curves: of which runs, metrics and splits, with which points and axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dltrain.metrics import LOSS, METRICS, with_curves
from dltrain.runs.compare.axes import can_be_drawn, metric_axis
from dltrain.runs.compare.comparison import Comparison
from dltrain.runs.compare.results import Result
from dltrain.runs.metrics_file import as_number
from dltrain.runs.run import Run

Rows = Sequence[Mapping[str, str | float]]
# More curves than this cannot be told from a smear, and make a page slow.
MAX_CURVES, BEST_CURVES = 100, 40
# More points cannot be told apart; of many runs each is read more coarsely.
POINTS, ALL_POINTS = 1000, 20_000


@dataclass(frozen=True)
class Curve:
    """The learning curve of one run."""

    name: str  # what tells it from the others
    rows: Rows  # cells of ``metrics.csv`` by column, one row per epoch; texts or numbers
    kept: int | None = None  # the epoch whose weights are kept
    status: str = "done"  # how the run ended
    rank: int = 0  # among all that are drawn, 0 for the best
    index: int = 0  # the run's number in its comparison
    problem: str = ""  # why its file cannot be read; empty if it can

    def column(self, name: str) -> list[float | None]:
        """Return the numbers of a column, None where there is none that can be drawn."""
        cells = (row.get(name) for row in self.rows)
        numbers = (as_number(cell) if isinstance(cell, str) else cell for cell in cells)
        return [number if can_be_drawn(number) else None for number in numbers]

    def points(self, name: str) -> list[tuple[float, float]]:
        """Return (epoch, value) wherever a column has a number that can be drawn."""
        pairs = zip(self.column("epoch"), self.column(name), strict=True)
        return [(x, y) for x, y in pairs if x is not None and y is not None]


def curves_of(comparison: Comparison) -> list[Curve]:
    """Read the curves to draw of runs that are compared, best first.

    Raises:
        ValueError: If there is nothing to draw.
    """
    ranking = comparison.ranking
    if not ranking:
        raise ValueError("no member has begun yet")
    ranks = thinned(len(ranking))
    most = min(POINTS, ALL_POINTS // len(ranks))
    curves = [_curve(comparison, ranking[n], rank=rank, most=most) for rank, n in enumerate(ranks)]
    if not any(curve.rows for curve in curves):
        problems = [curve.problem for curve in curves if curve.problem]
        raise ValueError(problems[0] if problems else "there is no whole epoch to draw yet")
    return curves


def thinned(count: int) -> list[int]:
    """Choose the runs whose curves are drawn: the best, and evenly spaced ones of the rest.

    Returns:
        Their ranks, 0 for the best.

    Example:
        >>> len(thinned(1000)), thinned(1000)[:2], thinned(1000)[-2:], thinned(3)
        (100, [0, 1], [982, 999], [0, 1, 2])
    """
    if count <= MAX_CURVES:
        return list(range(count))
    rest, wanted = count - BEST_CURVES, MAX_CURVES - BEST_CURVES
    spaced = (BEST_CURVES + number * (rest - 1) // (wanted - 1) for number in range(wanted))
    return [*range(BEST_CURVES), *spaced]


def thinning_note(curves: Sequence[Curve], comparison: Comparison) -> str:
    """Return a note if not every run's curve is drawn."""
    total = len(comparison.results)
    if len(curves) == total:
        return ""
    which = "the best, and of the others some evenly spaced by rank"
    return f"drawn are {len(curves):,} of {total:,} runs: {which}"


def _curve(comparison: Comparison, result: Result, *, rank: int, most: int) -> Curve:
    run = comparison.runs[result.index]
    name = _name(comparison, result, run)
    try:
        curve = read_curve(run, name=name, most=most)
    except ValueError as error:
        curve = Curve(name, (), status=run.status, problem=str(error))
    return replace(curve, rank=rank, index=result.index)


def read_curve(run: Run, *, name: str, most: int = POINTS) -> Curve:
    """Read the curve of a run.

    Raises:
        ValueError: If its ``metrics.csv`` cannot be read.
    """
    kept = as_number(run.part("result", "kept", "epoch"))
    kept = None if kept is None else int(kept)
    return Curve(name, run.sample(most), kept=kept, status=run.status)


def _name(comparison: Comparison, result: Result, run: Run) -> str:
    """Name a run by what tells it from those beside it."""
    words = [run.short, run.label]
    for key in comparison.keys if len(comparison.results) > 1 else ():
        text = result.setting.get(key, "-")
        words.append(text if key in ("data", "model") else f"{key.rpartition('.')[2]}={text}")
    return " ".join(filter(None, words))


def curve_metrics(curves: Sequence[Curve]) -> list[str]:
    """List all metrics that have curves."""
    names = _columns(curves)
    return [m.name for m in METRICS if names & {f"train/{m.name}", f"val/{m.name}"}]


def headline_metrics(curves: Sequence[Curve]) -> list[str]:
    """List the metrics worth a picture: the loss and the headline metrics among them."""
    return with_curves(_columns(curves)) or [LOSS.name]


def _columns(curves: Sequence[Curve]) -> set[str]:
    return {name for curve in curves for row in curve.rows for name in row}


def curve_splits(curves: Sequence[Curve], metric: str) -> list[str]:
    """List the splits that have curves; where one has to do, it is the last."""
    validated = any(curve.points(f"val/{metric}") for curve in curves)
    return ["train", "val"] if validated else ["train"]


def curve_axis(curves: Sequence[Curve], metric: str) -> str:
    """Choose ``linear`` or ``log`` for the curves of a metric."""
    names = [f"{split}/{metric}" for split in curve_splits(curves, metric)]
    return metric_axis(
        metric, [y for curve in curves for name in names for _, y in curve.points(name)]
    )
