"""One picture of runs or of a sweep: compared as was asked, and drawn."""

from __future__ import annotations

import argparse
import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dltrain.inference import pictures
from dltrain.plots import curves, heatmap, key_effects, style
from dltrain.runs.compare.comparison import Comparison, compare
from dltrain.runs.compare.curves import (
    Curve,
    colour_note,
    curves_of,
    headline_metrics,
    thinning_note,
)
from dltrain.runs.compare.field_names import Names
from dltrain.runs.compare.listing import resolve
from dltrain.runs.provenance import settle_libraries
from dltrain.runs.run import Run

if TYPE_CHECKING:
    from dltrain.inference.evaluation import Evaluation

OF_SWEEPS = {"keys": key_effects.draw, "heatmap": heatmap.draw}
OF_MODELS = {
    "confusion": pictures.draw_confusion,
    "mistakes": pictures.draw_mistakes,
    "weights": pictures.draw_weights,
    "predictions": pictures.draw_predictions,
}
# So many runs are named by a file of theirs all.
MAX_IN_NAME = 4


@dataclass(frozen=True)
class Picture:
    """One to be drawn."""

    kind: str  # one of ``KINDS``
    runs: tuple[Run, ...]  # what is in it

    @property
    def name(self) -> str:
        """How its file is named, without ending; foreign folders may have any name."""
        shorts = [re.sub(r"[^A-Za-z0-9_-]+", "-", run.short)[-40:] for run in self.runs]
        more = len(shorts) - MAX_IN_NAME
        shown = [*shorts[:MAX_IN_NAME], *([f"{more}-more"] if more > 0 else [])]
        return f"{'+'.join(shown)}_{self.kind}"


def content(
    picture: Picture,
    asked: argparse.Namespace,
    evaluations: dict[Path, Evaluation | ValueError],
    *,
    form: str,
) -> bytes:
    """Draw one."""
    if picture.kind in OF_MODELS:
        paint, evaluation = OF_MODELS[picture.kind], _evaluated(picture.runs[0], evaluations)
        title = asked.title or _title(picture.runs)
        return style.picture(lambda: paint(evaluation, title=title), form=form, size=asked.size)
    runs, note = _compared(picture.runs, metric=asked.metric, top=asked.top)
    if picture.kind == "curves":
        lines = curves_of(runs)
        notes = [colour_note(lines, runs), thinning_note(lines, runs), note]
        draw = functools.partial(
            curves.draw,
            lines,
            title=asked.title or _title(picture.runs),
            note="; ".join(filter(None, notes)),
            metric=_curve_metric(lines, runs.metric) if asked.metric else None,
        )
    else:
        title = asked.title or f"{_title(picture.runs)}: {runs.metric}"
        title = f"{title} ({note})" if note and not asked.title else title
        paint_sweep = OF_SWEEPS[picture.kind]
        draw = functools.partial(paint_sweep, runs.results, metric=runs.metric, title=title)
    return style.picture(draw, form=form, size=asked.size)


def _compared(
    runs: Sequence[Run], *, metric: str | None, top: int | None
) -> tuple[Comparison, str]:
    """Compare what is drawn, and say what of it is left out."""
    comparison = compare(runs)
    if metric is not None:
        names = Names.of(result.metrics for result in comparison.results)
        comparison = compare(runs, metric=resolve("--metric", metric, names))
    what = "settings" if comparison.settings else "runs"
    count = len(comparison.settings or comparison.ranking)
    if top is None or top >= count:
        return comparison, ""
    return comparison.best_of(top), f"the best {top} of {count:,} {what}"


def _curve_metric(lines: Sequence[Curve], name: str) -> str:
    """Return which panel a metric has."""
    metric = name.rpartition("/")[2]
    if any(curve.points(f"{split}/{metric}") for curve in lines for split in ("train", "val")):
        return metric
    known = ", ".join(headline_metrics(lines))
    raise ValueError(f"--metric={name}: is not known every epoch, so it has no curve ({known})")


def _title(runs: Sequence[Run]) -> str:
    if len(runs) > 1:
        return f"{len(runs)} runs compared"
    [run] = runs
    what = f"{run.part('model', 'name')} on {run.part('data', 'name')}"
    count = f", {run.part('members')} members" if run.is_sweep else ""
    return f"{run.label}: {what}{count}" if run.label else f"{what}{count}"


def _evaluated(run: Run, evaluations: dict[Path, Evaluation | ValueError]) -> Evaluation:
    """Evaluate a run on the rows kept for the end, or on those it has; once for all pictures."""
    if run.folder not in evaluations:
        try:
            settle_libraries(run)
            from dltrain.inference.evaluation import evaluate, judging_split

            evaluations[run.folder] = evaluate(run, split=judging_split(run))
        except ValueError as error:
            evaluations[run.folder] = error
    evaluation = evaluations[run.folder]
    if isinstance(evaluation, ValueError):
        raise evaluation
    return evaluation
