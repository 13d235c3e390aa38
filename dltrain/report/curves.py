"""The learning curves of a report: whose are drawn, and with which points. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dltrain.metrics import METRICS, higher_is_better
from dltrain.report.blocks import Block
from dltrain.runs.metrics_file import as_number
from dltrain.runs.run import Run

# More curves than this cannot be told from a smear, and make a page slow.
MAX_CURVES, BEST_CURVES = 100, 40
# As many as can be told apart by colour.
MAX_COLOURS = 8
MAX_POINTS, MAX_ALL_POINTS = 1000, 20_000


def curves(
    runs: Sequence[Run], *, names: Sequence[str], groups: Sequence[int | None]
) -> Block | None:
    """Read what is drawn of runs' metrics; None if there is nothing to draw.

    Args:
        runs: Best first.
        names: What each is called.
        groups: Which of them share a colour; None: those drawn in the background.
    """
    if not runs:
        return None
    most = min(MAX_POINTS, MAX_ALL_POINTS // len(runs))
    drawn = []
    for run, name, group in zip(runs, names, groups, strict=True):
        own = _curve(run, most)
        if own is not None:
            drawn.append({"name": name, "group": group, **own})
    found = {name for own in drawn for name in own["values"]}
    metrics = [m.name for m in METRICS if found & {f"train/{m.name}", f"val/{m.name}"}]
    if not metrics or all(len(own["epochs"]) < 2 for own in drawn):
        return None  # a point is no curve
    logarithmic = [name for name in metrics if not higher_is_better(name)]
    return {"kind": "curves", "runs": drawn, "metrics": metrics, "logarithmic": logarithmic}


def thinned(count: int) -> list[int]:
    """Choose whose curves are drawn: the best, and of the rest evenly spaced ones.

    Args:
        count: How many runs there are.

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


def _curve(run: Run, most: int) -> dict[str, Any] | None:
    """Read one run's epochs and metrics, evenly thinned out."""
    try:
        rows = run.sample(most)
    except ValueError:  # the warnings of the report say what is wrong with it
        return None
    wanted = [f"{split}/{metric.name}" for metric in METRICS for split in ("train", "val")]
    names = [name for name in wanted if rows and name in rows[0]]
    values = {name: [_number(row, name) for row in rows] for name in names}
    found = {name: own for name, own in values.items() if any(x is not None for x in own)}
    best = run.part("result", "best")
    best = best if isinstance(best, dict) else {}
    return {
        "epochs": [_number(row, "epoch") for row in rows],
        "values": found,
        "best": {"metric": best.get("metric"), "epoch": best.get("epoch")},
    }


def _number(row: Mapping[str, str], name: str) -> float | None:
    value = as_number(row.get(name))
    if value is None:
        return None
    return int(value) if value.is_integer() and abs(value) < 2**53 else float(f"{value:.6g}")
