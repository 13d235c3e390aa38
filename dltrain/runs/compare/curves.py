"""Learning curves: of which runs, metrics and splits, with which points and axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dltrain.metrics import LOSS, higher_is_better, with_curves
from dltrain.runs.compare.axes import can_be_drawn, metric_axis, unclipped
from dltrain.runs.compare.comparison import Comparison, full_name, setting_text
from dltrain.runs.compare.results import Result
from dltrain.runs.metrics_file import as_number
from dltrain.runs.run import Run

Rows = Sequence[Mapping[str, str | float]]
# More curves than this cannot be told from a smear, and make a page slow.
MAX_CURVES, BEST_CURVES = 100, 40
# More points cannot be told apart; of many runs each is read more coarsely.
POINTS, ALL_POINTS = 1000, 20_000
# As many as can be told apart by colour.
MAX_COLOURS = 8


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
    group: int | None = 0  # whose colour it has, best first; None: it is one of the others, in grey
    called: str = ""  # what has that colour: a setting or a run

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
    names = _groups(comparison)
    drawn = {ranking[n].index for n in ranks}
    order = dict.fromkeys(name for number, name in names.items() if number in drawn)
    coloured = {name: group for group, name in enumerate(order)}
    curves = []
    for rank, n in enumerate(ranks):
        curve = _curve(comparison, ranking[n], rank=rank, most=most)
        called = names[curve.index]
        group = coloured[called] if coloured[called] < MAX_COLOURS else None
        curves.append(replace(curve, group=group, called=called))
    if not any(curve.rows for curve in curves):
        problems = [curve.problem for curve in curves if curve.problem]
        raise ValueError(problems[0] if problems else "there is no whole epoch to draw yet")
    return curves


def _groups(comparison: Comparison) -> dict[int, str]:
    """Name what has a colour, settings or single runs, best first; by the number of each run."""
    settings = [each for each in comparison.settings if each.setting]
    ranking = comparison.ranking
    if not settings:
        return {r.index: full_name(comparison, r, comparison.keys) for r in ranking}
    keys = list(settings[0].setting)
    order = [result.index for each in settings for result in each.results]
    numbers = dict.fromkeys([*order, *(result.index for result in ranking)])
    by_number = {result.index: result for result in ranking}
    return {number: setting_text(by_number[number].setting, keys) for number in numbers}


def shown_splits(curves: Sequence[Curve], metric: str) -> list[str]:
    """List the splits that a picture shows: of several runs the one that judges alone."""
    splits = curve_splits(curves, metric)
    return splits if len(curves) == 1 else splits[-1:]


def colour_note(curves: Sequence[Curve], comparison: Comparison) -> str:
    """Return a note if some curves are grey."""
    if all(curve.group is not None for curve in curves):
        return ""
    what = "settings" if comparison.settings else "runs"
    return f"the best {MAX_COLOURS} {what} are coloured, and the others are grey"


def shown_range(curves: Sequence[Curve], metric: str) -> tuple[float, float] | None:
    """Return the ends of a metric's axis if outliers would flatten the rest; else None."""
    names = [f"{split}/{metric}" for split in shown_splits(curves, metric)]
    return unclipped(metric, [y for c in curves for name in names for _, y in c.points(name)])


def clipping_note(curves: Sequence[Curve], metrics: Sequence[str]) -> str:
    """Say which curves leave their pictures."""
    notes = []
    for metric in metrics:
        ends = shown_range(curves, metric)
        if ends is not None:
            names = [f"{split}/{metric}" for split in shown_splits(curves, metric)]
            away = sum(
                any(not ends[0] <= y <= ends[1] for n in names for _, y in c.points(n))
                for c in curves
            )
            side = f"below {ends[0]:.3g}" if higher_is_better(metric) else f"above {ends[1]:.3g}"
            notes.append(f"{metric} {side} is off the picture ({away} of {len(curves)} curves)")
    return "; ".join(notes)


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
