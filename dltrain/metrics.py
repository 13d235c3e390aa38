"""What a metric is: a line of ``METRICS`` for each, and nothing else knows it.

A loss adds up what it sees of a split and hands it over as numbers by name, its *statistics*; a
metric is computed from them, and is known as ``train/NAME``, ``val/NAME``, ``test/NAME``. What no
sum of an epoch tells is computed of a model's outputs on a whole split (``nn/scores.py``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass

Statistics = Mapping[str, float]
REGRESSION, CLASSIFICATION = "regression", "classification"


@dataclass(frozen=True)
class Metric:
    """A number by which a model is judged."""

    name: str  # without its split
    # computes it from the statistics that the task's losses, or scores, hand over
    compute: Callable[[Statistics], float]
    task: str | None = None  # whose it is; None: of every task
    # which way it chooses. What gets better downwards may also be looked at in factors, on a
    # logarithmic axis
    higher_is_better: bool = False
    # whether people speak of it, besides the loss: it has curves and columns
    headline: bool = False
    # whether its task's epochs and runs are chosen by it if nothing else is asked for; where none
    # is, by the loss
    chooses: bool = False
    floor: float = -math.inf  # what is worse is off the scale of a picture
    # whether it is known after every epoch, from a loss's statistics; else from scores alone
    every_epoch: bool = True


def _r2(statistics: Statistics) -> float:
    """Return the share of the variance that is explained; nan where the targets do not vary."""
    variance = statistics["variance"]
    return 1 - statistics["mean_square"] / variance if variance > 0 else math.nan


def _scored(name: str, task: str, *, higher_is_better: bool = False, unit: bool = False) -> Metric:
    """Describe a metric that scores hand over by its name, or as multiples of the target's unit."""

    def compute(statistics: Statistics) -> float:
        return statistics[name] * (statistics["unit"] if unit else 1)

    return Metric(name, compute, task=task, higher_is_better=higher_is_better, every_epoch=False)


# In the order of columns. Statistics of a regression: loss; mean_square, of the prepared target's
# error; that target's variance; its unit. Of a classification: loss and accuracy.
METRICS = [
    Metric("loss", lambda statistics: statistics["loss"]),
    Metric(
        "accuracy",
        lambda statistics: statistics["accuracy"],
        task=CLASSIFICATION,
        higher_is_better=True,
        headline=True,
        chooses=True,
    ),
    Metric(
        "rmse",
        lambda statistics: math.sqrt(statistics["mean_square"]) * statistics["unit"],
        task=REGRESSION,
        headline=True,
    ),
    # A fit worse than the mean by as much is as good as any other: R2 has no lower end.
    Metric("r2", _r2, task=REGRESSION, higher_is_better=True, floor=-1.0),
    _scored("balanced_accuracy", CLASSIFICATION, higher_is_better=True),
    _scored("precision", CLASSIFICATION, higher_is_better=True),
    _scored("recall", CLASSIFICATION, higher_is_better=True),
    _scored("f1", CLASSIFICATION, higher_is_better=True),
    _scored("auc", CLASSIFICATION, higher_is_better=True),
    _scored("log_loss", CLASSIFICATION),
    _scored("brier", CLASSIFICATION),
    _scored("ece", CLASSIFICATION),
    _scored("mae", REGRESSION, unit=True),
    _scored("median_absolute_error", REGRESSION, unit=True),
    _scored("mape", REGRESSION),
]
LOSS = METRICS[0]


def metric_of(name: str) -> Metric:
    """Look a metric up by its name, whatever stands before it: ``best/val/accuracy``.

    Of one that a stranger's record names, or an older one, nothing is known.
    """
    last = name.rpartition("/")[2]
    known = (metric for metric in METRICS if metric.name == last)
    return next(known, Metric(last, lambda statistics: math.nan))


def higher_is_better(name: str) -> bool:
    """Which way a metric chooses."""
    return metric_of(name).higher_is_better


def _of_task(task: str, *, every_epoch: bool = True) -> list[Metric]:
    of_task = (metric for metric in METRICS if metric.task in (None, task))
    return [metric for metric in of_task if metric.every_epoch is every_epoch]


def computed(task: str, statistics: Statistics, *, every_epoch: bool = True) -> dict[str, float]:
    """Compute a task's metrics: those known every epoch from a loss, or the others from scores."""
    metrics = _of_task(task, every_epoch=every_epoch)
    return {metric.name: metric.compute(statistics) for metric in metrics}


def leading(task: str, *, num_classes: int) -> list[str]:
    """Name the metrics a result is quoted by, which have intervals: no loss; auc of two classes."""
    names = [metric.name for metric in _of_task(task) if metric is not LOSS]
    return [*names, "auc"] if num_classes == 2 else names


def names_of(task: str, *, rows: Mapping[str, int]) -> list[str]:
    """Name a task's columns, the metrics of each epoch on each split that has rows, in order."""
    return [f"{split}/{m.name}" for split, count in rows.items() if count for m in _of_task(task)]


def final_names(task: str, *, rows: Mapping[str, int]) -> list[str]:
    """Name the metrics that a run ends with: its columns, and the others of rows that judge."""
    judging = [split for split in ("val", "test") if rows.get(split)]
    others = _of_task(task, every_epoch=False)
    return [*names_of(task, rows=rows), *(f"{split}/{m.name}" for split in judging for m in others)]


def choosing(
    task: str, *, rows: Mapping[str, int], balanced: bool, wanted: str | None = None
) -> str:
    """Return the metric that chooses between epochs, and so runs: ``val/accuracy``.

    Args:
        task: What is predicted.
        rows: How many each split has; the training rows choose where none validate.
        balanced: Whether no class is rare. A rare one is worth nothing to the accuracy.
        wanted: A metric's name, which may have the split before it; None: the usual one.
    """
    usual = (m.name for m in _of_task(task) if m.chooses and balanced)
    return (
        f"{'val' if rows.get('val') else 'train'}/{without_split(wanted) or next(usual, LOSS.name)}"
    )


def without_split(name: str | None) -> str | None:
    """Take the split off a metric that chooses epochs: ``val/auc`` is ``auc``, as of all of them.

    Example:
        >>> without_split("val/auc"), without_split("auc"), without_split("test/auc")
        ('auc', 'auc', 'test/auc')
    """
    return name and name.removeprefix("val/")


def better(row: Statistics, other: Statistics, *, metric: str) -> bool:
    """Whether an epoch is better than another; of two with equal metrics that of lower loss is.

    Accuracy is one of few values, so that many epochs share the best of them: the first may be far
    from what the later ones have learned.
    """
    sign = -1 if higher_is_better(metric) else 1
    loss = f"{metric.partition('/')[0]}/loss"
    return (sign * row[metric], row.get(loss, 0.0)) < (sign * other[metric], other.get(loss, 0.0))


def names_for(task: str | None) -> list[str]:
    """Name the metrics of a task, or of all, without splits."""
    return [metric.name for metric in METRICS if task is None or metric.task in (None, task)]


def headlines() -> list[str]:
    """Name the metrics that people speak of besides the loss."""
    return [metric.name for metric in METRICS if metric.headline]


def most_telling() -> list[str]:
    """Name all metrics, those that people speak of first and the loss last."""
    return sorted((m.name for m in METRICS), key=lambda n: (n == LOSS.name, n not in headlines()))


def with_curves(columns: Container[str]) -> list[str]:
    """Name the metrics worth a curve, the loss and the headlines, that rows of epochs have."""
    names = [LOSS.name, *headlines()]
    return [n for n in names if f"train/{n}" in columns or f"val/{n}" in columns]
