"""The learning curves on a page: as ``runs/compare`` chooses them, in groups of one colour."""

from __future__ import annotations

from typing import Any

from dltrain.metrics import higher_is_better
from dltrain.report.blocks import MAX_COLOURS, Block, paragraph
from dltrain.runs.compare.comparison import Comparison, full_name, setting_text
from dltrain.runs.compare.curves import Curve, curve_axis, curve_metrics, curves_of, thinning_note


def learning_curves(comparison: Comparison) -> list[Block]:
    """Draw the learning curves of the best, and of some of the rest."""
    try:
        curves = curves_of(comparison)
    except ValueError as error:
        return [paragraph(f"Not shown: {error}.")]
    metrics = curve_metrics(curves)
    if not metrics or all(len(curve.rows) < 2 for curve in curves):
        return []  # a point is no curve
    order, group_of = _groups(comparison)
    coloured = {name: number for number, name in enumerate(order[:MAX_COLOURS])}
    notes = [thinning_note(curves, comparison)]
    if len(order) > MAX_COLOURS:
        what = "settings" if comparison.settings else "runs"
        notes.insert(0, f"the best {MAX_COLOURS} {what} are coloured, and the others are grey")
    sentences = [f"{note[0].upper()}{note[1:]}." for note in notes if note]
    block = {
        "kind": "curves",
        "metrics": metrics,
        "axes": {metric: curve_axis(curves, metric) for metric in metrics},
        "can_be_log": [metric for metric in metrics if not higher_is_better(metric)],
        "groups": list(coloured),
        "runs": [
            {
                "name": comparison.names[curve.index],
                "group": coloured.get(group_of[curve.index]),
                **_values(curve, metrics),
                "kept": curve.kept,
            }
            for curve in curves
        ],
    }
    return [*([paragraph(" ".join(sentences))] if sentences else []), block]


def _groups(comparison: Comparison) -> tuple[list[str], dict[int, str]]:
    """Name what shares a colour, settings or single runs, best first; and that of each run."""
    settings = [each.setting for each in comparison.settings if each.setting]
    if settings:
        keys = list(settings[0])
        names = {r.index: setting_text(r.setting, keys) for r in comparison.results}
        return [setting_text(setting, keys) for setting in settings], names
    ranking = comparison.ranking
    names = {r.index: full_name(comparison, r, comparison.keys) for r in ranking}
    return list(names.values()), names


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
