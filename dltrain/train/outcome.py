"""The outcome of a member of a training: its last row, its best, which counts, and why it stopped.

The row that counts, of the *kept* epoch, is the last or the best one, as ``trainer.keep`` says: of
the weights after it everything is said and done later.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from dltrain.metrics import better

if TYPE_CHECKING:
    from dltrain.train.judgement import Judgement

Row = dict[str, float]
_ROWS = ("final", "best_row", "gradient_norms")
ADVICE = "try a smaller optimizer.lr, or trainer.max_grad_norm=1"


@dataclass(frozen=True)
class Rules:
    """When a member stops training, which metric chooses its best epoch, and what is kept."""

    epochs: int  # passes over the training rows
    patience: int | None  # stop after this many validations without a new best; None: never
    metric: str  # what chooses
    keep: str = "last"  # which epoch's weights count in the end: ``last`` or ``best``


@dataclass
class Outcome:
    """How one member of a training stands or ended."""

    status: str = "running"  # ``running``, ``done``, ``diverged`` or ``interrupted``
    message: str = ""  # one sentence if there is something to say
    final: Row = field(default_factory=dict)  # the last row
    # metric, value and epoch of the best row, and all of that row
    best: dict[str, float | str] = field(default_factory=dict)
    best_row: Row = field(default_factory=dict)
    stale: int = 0  # validations since then
    # of one that is done, what the weights of the kept epoch reach; a checkpoint, which is written
    # before, has none
    judgement: Judgement | None = None
    # mean over the last steps of the last epoch, by parameter; empty if the optimizer does not
    # follow the gradient
    gradient_norms: Row = field(default_factory=dict)

    def as_plain(self) -> dict[str, Any]:
        """Return the outcome as plain values fit for JSON, without nan and infinity."""
        rows = {name: _plain(getattr(self, name)) for name in _ROWS}
        plain = dataclasses.asdict(dataclasses.replace(self, judgement=None))
        return {**{k: v for k, v in plain.items() if k != "judgement"}, **rows}

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> Outcome:
        """Return the outcome that ``as_plain`` wrote.

        Raises:
            TypeError, ValueError, KeyError: If it is none.
        """
        rows = {
            name: {str(key): float(value) for key, value in dict(values[name]).items()}
            for name in _ROWS
        }
        outcome = cls(**{**values, **rows})
        best = {key: type(value) for key, value in outcome.best.items()}
        best_epoch = outcome.best_row.get("epoch")
        known = outcome.status in ("running", "done") and type(outcome.message) is str
        if best not in ({}, {"metric": str, "value": float, "epoch": int}) or not known:
            raise ValueError("not what a checkpoint says of a member")
        if type(outcome.stale) is not int or outcome.best.get("epoch") != best_epoch:
            raise ValueError("not what a checkpoint says of a member")
        if not math.isfinite(outcome.best.get("value", 0.0)):  # type: ignore[arg-type]
            raise ValueError("its best value is not finite")
        return outcome

    @property
    def kept(self) -> Row:
        """The kept epoch's row and all that its weights reach; empty of one that is not done."""
        return self.judgement.kept if self.judgement is not None else {}

    @property
    def improved(self) -> bool:
        """Whether the last row is the best one."""
        return bool(self.final) and self.best.get("epoch") == self.final["epoch"]

    def take(self, row: Row, rules: Rules) -> None:
        """Take the row of a whole epoch: it may be a new best, the last one, or not finite."""
        epoch = int(row["epoch"])
        losses = [value for name, value in row.items() if name.endswith("/loss")]
        if not all(map(math.isfinite, losses)):
            return self.diverge(f"epoch {epoch}: its loss is not finite")
        self.final = row
        self._compare(row, rules)
        if epoch == rules.epochs:
            self.status = "done"
        elif rules.patience is not None and self.stale >= rules.patience:
            self.status = "done"
            loss = f"{rules.metric.partition('/')[0]}/loss"
            tie = f", or a lower {loss} at an equal one" if rules.metric != loss else ""
            self.message = (
                f"stopped at epoch {epoch}: {rules.patience} validations without a better "
                f"{rules.metric}{tie}"
            )
        return None

    def diverge(self, where: str) -> None:
        """Mark the member as diverged; later epochs do not count."""
        self.status = "diverged"
        self.message = f"diverged at {where}; {ADVICE}"

    def extend(self, rules: Rules) -> None:
        """Let a finished member run again if there are more epochs now."""
        if self.status == "done" and not self.message and self.final["epoch"] < rules.epochs:
            self.status, self.judgement = "running", None

    def row_to_keep(self, rules: Rules) -> Row:
        """Return the row of the epoch whose weights count."""
        return self.best_row if rules.keep == "best" and self.best_row else self.final

    def _is_better(self, row: Row, metric: str) -> bool:
        return metric not in self.best_row or better(row, self.best_row, metric=metric)

    def _compare(self, row: Row, rules: Rules) -> None:
        metric = rules.metric
        if metric not in row:
            return
        if not math.isfinite(row[metric]) or not self._is_better(row, metric):
            self.stale += 1
            return
        self.best = {"metric": metric, "value": row[metric], "epoch": int(row["epoch"])}
        self.best_row, self.stale = row, 0


def _plain(row: Row) -> dict[str, float | str]:
    return {name: value if math.isfinite(value) else str(value) for name, value in row.items()}


class View(Protocol):
    """Interface of what shows a training; it may also read ``Trainer.step`` at any time."""

    def epoch(self, rows: Sequence[Row], outcomes: Sequence[Outcome], *, seconds: float) -> None:
        """Show one epoch: a row and an outcome per member."""

    def early(self, rows: Sequence[Row]) -> None:
        """Show the running training metrics of an epoch under way."""
