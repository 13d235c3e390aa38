"""What can be said of a run in a word or a number: what lists show, filter and sort by. No torch.

A field is known by a name: ``status``, ``optimizer.lr``, ``val/accuracy``. Those with a slash are
metrics, those with a dot keys of the config, and the few others are named in ``fields``.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from typing import Any

from dltrain.metrics_file import as_number
from dltrain.runs import Run, higher_is_better

Fields = dict[str, Any]
Best = tuple[str, float]  # the metric that chose between epochs (or members), and its best value
# What chooses the best epoch of a run that does not say it yet: the first of these it has.
CHOOSING = ("val/accuracy", "val/loss", "train/accuracy", "train/loss")
# Of a run that has more, some are looked at.
EPOCHS = 5_000
_NO_METRICS = ("epoch", "step", "lr")
_GROUPS = ("data", "model", "optimizer")  # these have fields of their own


def flat(node: Mapping[str, Any], prefix: str = "") -> Fields:
    """Write a nested mapping with dotted keys.

    Example:
        >>> flat({"optimizer": {"kind": "sgd", "lr": 0.1}, "seed": 0})
        {'optimizer.kind': 'sgd', 'optimizer.lr': 0.1, 'seed': 0}
    """
    found: Fields = {}
    for key, value in node.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            found |= flat(value, f"{name}.")
        else:
            found[name] = value
    return found


class Id(str):
    """A run's id, which is equal to its short form, too."""

    short: str

    def __new__(cls, run: Run) -> Id:
        """Take it from a run."""
        made = super().__new__(cls, run.id)
        made.short = run.short
        return made

    def __eq__(self, other: object) -> bool:
        return str(self) == other or self.short == other

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(str(self))

    def __str__(self) -> str:
        return str.__str__(self)


def fields(run: Run) -> Fields:
    """Return everything that can be said of a run or a sweep; what is not known is left out."""
    return fields_and_best(run)[0]


def fields_and_best(run: Run) -> tuple[Fields, Best | None]:
    """Return all that can be said of a run or a sweep, and what ``best_of`` returns.

    ``started`` is text, ``age`` and ``duration`` are seconds, ``epoch`` counts whole epochs. A
    metric stands for its best value if it chose between epochs, else for its last. A sweep has
    the keys it was given, as they were typed, and its best member's value.
    """
    config = run.part("config")
    metrics, epoch, best = _metrics(run)
    known: Fields = {
        "id": Id(run),
        "status": run.status,
        "label": run.label or None,
        "started": run.info.get("started"),
        "age": _number(run.age_seconds),
        "duration": duration_seconds(run),
        "data": run.part("data", "name"),
        "model": run.part("model", "name"),
        "optimizer": run.part("config", "optimizer", "kind"),
        "parameters": run.part("model", "parameters"),
        "epoch": epoch,
        "message": run.part("result", "message") or None,
        **(flat(config) if isinstance(config, dict) else _typed(run)),
        **metrics,
    }
    for key, text in _words(run).items():  # choices of groups that have no field, as experiment
        known.setdefault(key, text)
    return {name: value for name, value in known.items() if value is not None}, best


def _words(run: Run) -> dict[str, str]:
    """Return what was typed for a run, by key."""
    pairs = [word.partition("=") for word in run.texts("overrides")]
    return {key: text for key, _, text in pairs if key}


def _typed(run: Run) -> Fields:
    """Return the keys a sweep was given: numbers, and text where there are several."""
    words = {key: text for key, text in _words(run).items() if key not in _GROUPS}
    numbers = {key: as_number(text) for key, text in words.items()}
    return {key: text if numbers[key] is None else numbers[key] for key, text in words.items()}


def typed_keys(run: Run) -> list[str]:
    """List the keys that were typed for a run, group choices among them."""
    return [key for key in _words(run) if key != "output_dir"]


def duration_seconds(run: Run) -> float | None:
    """Return how long a run took, or has taken so far; None if that is not known."""
    if run.status == "running":
        return run.age_seconds
    try:
        begun, ended = (
            datetime.datetime.fromisoformat(str(run.info.get(name)))
            for name in ("started", "finished")
        )
        seconds = _number(run.part("result", "seconds")) or 0.0  # the record's clock has no parts
        return max((ended - begun).total_seconds(), seconds)
    except (ValueError, TypeError):
        return None


def best_of(run: Run) -> Best | None:
    """Return the metric that chose between epochs (or members), and its best value."""
    metric = run.part("result", "best", "metric")
    value = _number(run.part("result", "best", "value"))
    if isinstance(metric, str) and value is not None:
        return metric, value
    return _best_so_far(run)[0] if run.part("result", "final") is None else None


def _metrics(run: Run) -> tuple[Fields, int | None, Best | None]:
    """Return a run's metrics, its epochs, and the best of what chose."""
    final = run.part("result", "final")
    best: Best | None
    if isinstance(final, dict):
        best = best_of(run)
    elif run.is_sweep:
        best, final = best_of(run), {}
    else:
        best, final = _best_so_far(run)
    found = {name: value for name, value in final.items() if name not in _NO_METRICS}
    for part in ("test", "findings"):
        more = run.part("result", part)
        found |= more if isinstance(more, dict) else {}
    if best is not None:
        found[best[0]] = best[1]
    numbers = {str(name): _number(value) for name, value in found.items()}
    epoch = _number(final.get("epoch"))
    return numbers, None if epoch is None else int(epoch), best


def _best_so_far(run: Run) -> tuple[Best | None, Fields]:
    """Return the best of a run that has not come to its end, and its last row."""
    try:
        rows = run.sample(EPOCHS) if "config" in run.info else []  # else it cannot be read
    except ValueError:  # `runs show` says what is wrong with it
        return None, {}
    if not rows:
        return None, {}
    last: Fields = {name: as_number(text) for name, text in rows[-1].items()}
    metric = next((name for name in CHOOSING if name in last), None)
    values = [v for row in rows if metric and (v := as_number(row.get(metric, ""))) is not None]
    if metric is None or not values:
        return None, last
    return (metric, max(values) if higher_is_better(metric) else min(values)), last


def is_metric(name: str) -> bool:
    """Whether a field is a metric."""
    return "/" in name or name.endswith("_error")


def _number(value: object) -> float | None:
    """Return a number that is one and finite."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return value if math.isfinite(value) else None
    except OverflowError:  # a whole number that no float holds
        return None
