"""How an evaluation's metrics are quoted, on the terminal and on a page alike."""

from __future__ import annotations

from collections.abc import Mapping

from dltrain.inference.evaluation import Evaluation
from dltrain.text import bracket, figure

Quoted = list[tuple[str, str]]  # names of metrics and their values as text


def leading_figures(evaluation: Evaluation) -> Quoted:
    """Quote what the result is known by, with intervals: ``0.8143 [0.8065, 0.8218]``."""
    values = evaluation.metrics
    return [
        (_short(name), f"{figure(values[name])}{bracket(*interval)}")
        for name, interval in evaluation.intervals.items()
    ]


def other_figures(evaluation: Evaluation) -> Quoted:
    """Quote all other metrics."""
    others = evaluation.metrics.keys() - evaluation.intervals.keys()
    pairs: Mapping[str, float] = {n: x for n, x in evaluation.metrics.items() if n in others}
    return [(_short(name), figure(value)) for name, value in pairs.items()]


def interval_note(evaluation: Evaluation) -> str:
    """Say what the brackets are; nothing if there are none."""
    if not any(bracket(*interval) for interval in evaluation.intervals.values()):
        return ""
    split = evaluation.split
    rows = "this file" if split == "data" else f"the {split} split"
    learned = ", which learned from them" if split == "train" else ""
    return f"[low, high]: 95 % interval over rows of {rows}, of this one training{learned}"


def by_class_note(evaluation: Evaluation) -> str:
    """Say that what is told of single classes counts rows; nothing if rows have no weights."""
    if evaluation.data.weight_name is None:
        return ""
    return "by class, each row counts once, whatever its weight"


def _short(name: str) -> str:
    return name.rpartition("/")[2]
