"""Names of a run's numbers, which say of which epoch each is; decided here alone.

``best/epoch`` and ``best/val/accuracy`` are of the best epoch, and name the metric that chose it.
All else is of the last epoch: ``last/epoch``, ``last/train/loss``, ``last/test/accuracy`` (rows
kept for the end are looked at after the last epoch only). Nothing is ever called without either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dltrain.metrics import headlines
from dltrain.runs.metrics_file import as_number

BEST, LAST = "best/", "last/"
BEST_EPOCH, LAST_EPOCH = "best/epoch", "last/epoch"
# Parts of a record's result; those of its last row that follow from the config are left out.
_LAST_PARTS, _NO_METRICS = ("final", "test", "findings"), ("step", "lr")

Numbers = dict[str, float]


def numbers_of(result: object) -> Numbers:
    """Return the numbers of a record's ``result`` by name, without those that are not finite.

    Example:
        >>> best = {"metric": "val/loss", "value": 0.5, "epoch": 2}
        >>> numbers_of({"best": best, "final": {"epoch": 3.0, "val/loss": 0.7}})
        {'best/epoch': 2, 'best/val/loss': 0.5, 'last/epoch': 3, 'last/val/loss': 0.7}
    """
    parts = _mapping(result)
    best, values = _mapping(parts.get("best")), {}
    if isinstance(best.get("metric"), str) and as_number(best.get("value")) is not None:
        values[BEST_EPOCH], values[f"{BEST}{best['metric']}"] = best.get("epoch"), best["value"]
    for part in _LAST_PARTS:
        last = _mapping(parts.get(part)).items()
        values |= {f"{LAST}{name}": value for name, value in last if name not in _NO_METRICS}
    return finite(values)


def finite(values: Mapping[str, Any]) -> Numbers:
    """Keep what is a finite number and is called by such a name; whole epochs are whole numbers."""
    pairs = ((str(name), as_number(value)) for name, value in values.items())
    numbers = {name: value for name, value in pairs if value is not None and is_metric(name)}
    epochs = {name: int(numbers[name]) for name in (BEST_EPOCH, LAST_EPOCH) if name in numbers}
    return numbers | epochs


def is_metric(name: str) -> bool:
    """Whether a field is a number that a run ended with."""
    return name.startswith((BEST, LAST))


def tests() -> list[str]:
    """Return what people speak of on the rows kept for the end."""
    return [f"{LAST}test/{name}" for name in headlines()]


def plain_name(name: str) -> str:
    """Return what a metric is called where its epoch stands beside it: ``val/accuracy``."""
    return name.removeprefix(BEST).removeprefix(LAST)


def epoch_name(name: str) -> str:
    """Return what the epoch of a metric is called."""
    return BEST_EPOCH if name.startswith(BEST) else LAST_EPOCH


def counted_name(metric: str, numbers: Iterable[str]) -> str:
    """Return which number of a run counts as a metric: its best if it chose the best epoch.

    Example:
        >>> counted_name("val/loss", ["best/val/loss", "last/val/loss"])
        'best/val/loss'
        >>> counted_name("val/loss", ["best/val/accuracy", "last/val/loss"])
        'last/val/loss'
    """
    if is_metric(metric):
        return metric
    return f"{BEST}{metric}" if f"{BEST}{metric}" in numbers else f"{LAST}{metric}"


@dataclass(frozen=True)
class Names:
    """The names of some runs' fields, and what may be typed for them."""

    full: tuple[str, ...]  # all of them, in order
    # of a key its last part, of a number its metric alone -> what it may stand for
    short: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, fields: Iterable[Mapping[str, Any]]) -> Names:
        """Collect the names of the fields of each run.

        A metric alone stands for the number that counts. It is not clear which that is if it chose
        the best epoch of some of the runs and not of others.
        """
        full: dict[str, None] = {}
        short: dict[str, dict[str, None]] = {}
        for each in fields:
            full |= dict.fromkeys(each)
            for name in each:
                brief = plain_name(name) if is_metric(name) else name.rpartition(".")[2]
                counts = LAST_EPOCH if brief == "epoch" else counted_name(brief, each)
                if not is_metric(name) or counts == name:
                    short.setdefault(brief, {})[name] = None
        return cls(tuple(full), {name: tuple(names) for name, names in short.items()})

    def fits(self, name: str) -> tuple[str, ...]:
        """Return what a name stands for: one field, none, or several if that is not clear."""
        return (name,) if name in self.full else self.short.get(name, ())


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
