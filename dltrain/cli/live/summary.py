"""The summary of a run that has ended."""

from __future__ import annotations

import math
from collections.abc import Iterator

from dltrain.cli.terminal.console import bold, pairs, published
from dltrain.metrics import LOSS
from dltrain.text import duration, figure
from dltrain.train.baselines import Baselines
from dltrain.train.outcome import Outcome
from dltrain.train.remarks import judged_metric
from dltrain.train.session import Ended

Line = tuple[str, object]


def summary(ended: Ended, seconds: float) -> list[object]:
    """Return what is shown after training."""
    outcome, conclusion = ended.outcome, ended.conclusion
    parts: list[Line] = []
    if outcome.message and outcome.status == "done":
        parts.append(("note", outcome.message))
    parts += _results(outcome)
    parts += _baselines(outcome, conclusion.baselines)
    parts += [("note", sentence) for sentence in conclusion.remarks]
    parts += [("found", sentence) for sentence in conclusion.sentences]
    if outcome.gradient_norms:
        norms = "  ".join(f"{k} {figure(v)}" for k, v in outcome.gradient_norms.items())
        parts.append(("gradients", f"norms at the end of the last epoch: {norms}"))
    parts.append(("time", duration(seconds)))
    lines: list[object] = ["", pairs(parts)]
    if conclusion.compared:
        lines += ["", published(conclusion.compared)]
    return lines


def _results(outcome: Outcome) -> Iterator[Line]:
    """Yield what was reached: the kept epoch's figures, and the best where that is another."""
    kept = outcome.kept
    splits = [split for split in ("val", "test") if f"{split}/{LOSS.name}" in kept]
    if outcome.best and (outcome.best["epoch"] != kept.get("epoch") or not splits):
        value, epoch = float(outcome.best["value"]), outcome.best["epoch"]
        yield "best", f"{outcome.best['metric']} {figure(value)} at epoch {epoch}"
    for split in splits:
        which = "the last" if kept["epoch"] == outcome.final["epoch"] else "the best"
        figures = [*_quoted(outcome, split), f"loss {figure(kept[f'{split}/{LOSS.name}'])}"]
        yield split, bold(f"{'  '.join(figures)}  (epoch {kept['epoch']:.0f}, {which})")


def _quoted(outcome: Outcome, split: str) -> Iterator[str]:
    """Yield the metrics that a result is quoted by, with their intervals over rows."""
    judgement = outcome.judgement
    for name, (low, high) in (judgement.intervals if judgement else {}).items():
        if name.startswith(f"{split}/"):
            known = math.isfinite(high - low)
            interval = f" [{figure(low)}, {figure(high)}]" if known else ""
            yield f"{name.partition('/')[2]} {figure(outcome.kept[name])}{interval}"


def _baselines(outcome: Outcome, baselines: Baselines) -> Iterator[Line]:
    """Yield what others reach by the metric that judges."""
    metric = judged_metric(str(outcome.best.get("metric", "")), outcome.kept)
    others = {name: each[metric] for name, each in baselines.items() if metric in each}
    if others:
        values = ", ".join(f"{name} {figure(value)}" for name, value in others.items())
        yield "baseline", f"{metric}: {values}"
