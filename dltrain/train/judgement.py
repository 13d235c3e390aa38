"""Judgement of a stack's members on the rows of a split, in the end by every metric there is.

Letters: M members, S statistics of the loss, B rows of a part, N rows of a split.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import torch
from torch import Tensor

from dltrain.metrics import leading
from dltrain.nn.intervals import Interval, intervals
from dltrain.nn.scores import Scores
from dltrain.train.steps import Stack

Row = dict[str, float]
Value = TypeVar("Value")


@dataclass(frozen=True)
class Judgement:
    """What the kept weights of a member reach."""

    kept: Row  # the kept epoch's row, and every metric of the validation and the test rows
    # 95 % over rows, of the metrics that a result is quoted by
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    # [N], what each validation row contributes to the metric that chooses; None if that is not
    # known, or training rows choose
    row_values: Tensor | None = field(default=None, compare=False)


@torch.inference_mode()
def evaluate(
    stack: Stack, split: str, *, members: Sequence[int] = (), scores: Scores | None = None
) -> list[dict[str, float]]:
    """Compute the metrics of each epoch on a split.

    Args:
        stack: Whose members are judged.
        split: Its name.
        members: Those whose outputs are handed to the scores.
        scores: What collects outputs for all other metrics, if anything.

    Returns:
        A dict per member; empty dicts if the split has no rows.
    """
    rows, model, loss = stack.splits[split], stack.model, stack.loss
    if not len(rows):
        return [{} for _ in range(model.num_members)]
    sums = torch.zeros((), dtype=torch.float64, device=model.parameters[0].device)
    for inputs, targets, weights in rows.in_order():
        outputs = model.forward(inputs)
        if scores is not None:
            scores.add(outputs[list(members)], targets, weights)
        sums = sums + loss.evaluation(outputs, targets, weights)  # the outputs are used up
    return loss.metrics(sums, len(rows), split)


@torch.inference_mode()
def scored(stack: Stack, split: str, metric: str) -> list[float]:
    """Compute a metric that is not known every epoch, of every member on a split."""
    scores = stack.scores()
    evaluate(stack, split, members=range(stack.model.num_members), scores=scores)
    return [metrics[metric] for metrics in scores.metrics()]


def judge(
    stack: Stack, members: Sequence[int], rows: Sequence[Row], *, metric: str
) -> list[Judgement]:
    """Judge members by what their weights reach on validation and test rows.

    Args:
        stack: With the weights to be judged.
        members: Which of its members.
        rows: Of each of these, the row of its kept epoch.
        metric: What chooses between epochs.
    """
    kept, ends = [dict(row) for row in rows], [dict[str, Interval]() for _ in rows]
    values: list[Tensor | None] = [None] * len(members)
    for split in ("val", "test"):
        if not len(stack.splits[split]):
            continue
        scores = stack.scores()
        known = evaluate(stack, split, members=members, scores=scores)
        quoted = leading(stack.loss.task, num_classes=scores.num_outputs)
        every = intervals(scores, [name for name in quoted if name in scores.estimated()])
        for index, more in enumerate(scores.metrics()):
            tested = known[members[index]] if split == "test" else {}
            kept[index] |= named(split, tested | more)
            ends[index] |= named(split, every[index])
        chosen_split, _, name = metric.partition("/")
        if split == chosen_split and name in scores.estimated():
            values = [*scores.row_values(name)]
    return [
        Judgement(row, interval, _checked(value, row.get(metric)))
        for row, interval, value in zip(kept, ends, values, strict=True)
    ]


def _checked(values: Tensor | None, metric: float | None) -> Tensor | None:
    """Drop row values that do not average to the metric, as of a loss that is none of ours."""
    if values is None or metric is None:
        return None
    return values if math.isclose(float(values.mean()), metric, rel_tol=1e-3) else None


def named(split: str, metrics: Mapping[str, Value]) -> dict[str, Value]:
    """Put the name of a split before names of metrics."""
    return {f"{split}/{name}": value for name, value in metrics.items()}
