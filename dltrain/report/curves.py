"""The learning curves on a page: as ``runs/compare`` chooses them, in groups of one colour."""

from __future__ import annotations

from typing import Any

from dltrain.metrics import higher_is_better
from dltrain.report.blocks import Block, paragraph
from dltrain.runs.compare.comparison import Comparison
from dltrain.runs.compare.curves import (
    Curve,
    clipping_note,
    colour_note,
    curve_axis,
    curves_of,
    headline_metrics,
    shown_range,
    thinning_note,
)


def learning_curves(comparison: Comparison) -> list[Block]:
    """Draw the learning curves of the best, and of some of the rest."""
    try:
        curves = curves_of(comparison)
    except ValueError as error:
        return [paragraph(f"Not shown: {error}.")]
    if all(len(curve.rows) < 2 for curve in curves):
        return []  # a point is no curve
    metrics = headline_metrics(curves)
    notes = [
        *(colour_note(curves, comparison), thinning_note(curves, comparison)),
        clipping_note(curves, metrics),
    ]
    sentences = [f"{note[0].upper()}{note[1:]}." for note in notes if note]
    groups = {curve.group: curve.called for curve in curves if curve.group is not None}
    block = {
        "kind": "curves",
        "metrics": metrics,
        "axes": {metric: curve_axis(curves, metric) for metric in metrics},
        "ranges": {metric: shown_range(curves, metric) for metric in metrics},
        "can_be_log": [metric for metric in metrics if not higher_is_better(metric)],
        "groups": [groups[number] for number in sorted(groups)],
        "runs": [
            {
                "name": comparison.names[curve.index],
                "group": curve.group,
                **_values(curve, metrics),
                "kept": curve.kept,
            }
            for curve in curves
        ],
    }
    return [*([paragraph(" ".join(sentences))] if sentences else []), block]


def _values(curve: Curve, metrics: list[str]) -> dict[str, Any]:
    """Return the epochs, and the metrics by name, of which there is any number."""
    names = [f"{split}/{metric}" for metric in metrics for split in ("train", "val")]
    columns = {name: [_short(x) for x in curve.column(name)] for name in names}
    return {
        "epochs": [_short(x) for x in curve.column("epoch")],
        "values": {n: xs for n, xs in columns.items() if any(x is not None for x in xs)},
    }


def _short(value: float | None) -> float | None:
    """Write a number with no more digits than a plot can show."""
    if value is None:
        return None
    return int(value) if value == int(value) and abs(value) < 2**53 else float(f"{value:.6g}")
