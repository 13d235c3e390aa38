"""Names of a run's numbers, which say of which epoch each is; decided here alone.

``epoch``, ``val/accuracy`` and ``test/accuracy`` are of the kept epoch, whose weights are used; of
a run under way, of the epoch that would be kept if it ended now. Where other epochs were the best
by the metric that chooses, or the last, they have names of their own: ``best/epoch``,
``best/val/accuracy``, ``last/epoch``, ``last/val/loss``. What was learned beside the exact
solution is ``fit/w_error`` and the like.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dltrain.metrics import headlines
from dltrain.runs.metrics_file import as_number

EPOCH, BEST, LAST, FIT = "epoch", "best/", "last/", "fit/"
_NO_METRICS = ("step", "lr")  # of a row, these follow from the config

Numbers = dict[str, float]


def numbers_of(result: object) -> Numbers:
    """Return the numbers of a record's ``result`` by name, without those that are not finite.

    Example:
        >>> best = {"metric": "val/loss", "value": 0.5, "epoch": 2}
        >>> last = {"epoch": 3.0, "val/loss": 0.7}
        >>> numbers_of({"best": best, "final": last, "kept": last})
        {'epoch': 3, 'val/loss': 0.7, 'best/epoch': 2, 'best/val/loss': 0.5}
    """
    parts = _mapping(result)
    best, last, kept = (_mapping(parts.get(name)) for name in ("best", "final", "kept"))
    values = dict(kept)
    if best.get("epoch") != kept.get(EPOCH) and isinstance(best.get("metric"), str):
        values |= {
            f"{BEST}{EPOCH}": best.get("epoch"),
            f"{BEST}{best['metric']}": best.get("value"),
        }
    if last.get("epoch") != kept.get(EPOCH):
        values |= {f"{LAST}{name}": value for name, value in last.items()}
    values |= {f"{FIT}{name}": value for name, value in _mapping(parts.get("findings")).items()}
    return finite(values)


def finite(values: Mapping[str, Any]) -> Numbers:
    """Keep what is a finite number and is called by such a name; whole epochs are whole numbers."""
    pairs = ((str(name), as_number(value)) for name, value in values.items())
    numbers = {name: value for name, value in pairs if value is not None and is_metric(name)}
    epochs = {name: int(value) for name, value in numbers.items() if _last_part(name) == EPOCH}
    return numbers | epochs


def is_metric(name: str) -> bool:
    """Whether a field is a number that a run ended with."""
    # A key of a config has dots, whatever a stranger's config calls what they part.
    named = "/" in name and "." not in name
    return name == EPOCH or (named and _last_part(name) not in _NO_METRICS)


def _last_part(name: str) -> str:
    return name.rpartition("/")[2]


def tests() -> list[str]:
    """Return what people speak of on the rows kept for the end."""
    return [f"test/{name}" for name in headlines()]


@dataclass(frozen=True)
class Names:
    """The names of some runs' fields, and what may be typed for them."""

    full: tuple[str, ...]  # all of them, in order
    short: Mapping[str, tuple[str, ...]]  # of a key its last part -> what it may stand for

    @classmethod
    def of(cls, fields: Iterable[Mapping[str, Any]]) -> Names:
        """Collect the names of the fields of each run."""
        full = dict.fromkeys(name for each in fields for name in each)
        short: dict[str, tuple[str, ...]] = {}
        for name in full:
            if not is_metric(name):
                brief = name.rpartition(".")[2]
                short[brief] = (*short.get(brief, ()), name)
        return cls(tuple(full), short)

    def fits(self, name: str) -> tuple[str, ...]:
        """Return what a name stands for: one field, none, or several if that is not clear."""
        return (name,) if name in self.full else self.short.get(name, ())


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
