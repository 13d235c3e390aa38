"""Statistics of an epoch, summed over its batches on the device and read once."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from dltrain.nn.losses import Loss

# Records are added up every this many steps, or sooner if they are more numbers than that: seldom
# enough to cost nothing, often enough that they stay in the cache.
RECORD_STEPS, RECORD_NUMBERS = 64, 2**17


class Tally:
    """Collects the records of some steps and adds them up.

    Args:
        loss: Whose records they are.
        steps: At most.
        members: M.
        rows: B, at most.
        like: A tensor of the dtype and device wanted.
    """

    def __init__(self, loss: Loss, *, steps: int, members: int, rows: int, like: Tensor) -> None:
        self._loss = loss
        numbers = loss.num_records * members * rows
        kept = max(1, min(steps, RECORD_STEPS, RECORD_NUMBERS // numbers))
        self._records = like.new_empty(kept, loss.num_records, members, rows)
        self._statistics = like.new_zeros(steps, loss.num_statistics, members)
        # Views are made once: a step is short enough to feel the cost of each.
        self._slots = [_slot(records) for records in self._records]
        self._rows = rows  # of the steps not added up yet
        self._added = 0  # steps added up
        self._taken = 0  # steps not added up yet

    @property
    def capacity(self) -> int:
        """Number of steps that are recorded before they are added up."""
        return len(self._records)

    def clear(self) -> None:
        """Forget all steps."""
        self._added = self._taken = 0

    def records(self, rows: int) -> Sequence[Tensor]:
        """Return the memory for the next step's records, R of [M, 1, rows]."""
        if self._taken == len(self._records) or rows != self._rows:
            self._add_up()
        self._rows = rows
        self._taken += 1
        slot = self._slots[self._taken - 1]
        if rows < slot[0].shape[2]:
            return _slot(self._records[self._taken - 1, :, :, :rows])
        return slot

    def statistics(self) -> Tensor:
        """Return the sums of each step so far, [T, S, M]."""
        self._add_up()
        return self._statistics[: self._added]

    def parts(self) -> tuple[Tensor, Tensor]:
        """Return the steps added up, [A, S, M], and the records of the others, [K, R, M, B].

        Adding up other steps together could round differently, so a state that training goes on
        from holds both as they are.
        """
        return self._statistics[: self._added], self._records[: self._taken, :, :, : self._rows]

    def restore(self, added: Tensor, records: Tensor) -> None:
        """Restore what ``parts`` returned."""
        self._added, self._taken = len(added), len(records)
        self._statistics[: self._added] = added
        if self._taken:
            self._rows = records.shape[3]
            self._records[: self._taken, :, :, : self._rows] = records

    def _add_up(self) -> None:
        if self._taken:
            steps = slice(self._added, self._added + self._taken)
            records = self._records[: self._taken, :, :, : self._rows]
            self._statistics[steps] = self._loss.statistics(records)
            self._added, self._taken = steps.stop, 0


def _slot(records: Tensor) -> Sequence[Tensor]:
    """Take records [R, M, B] apart: R views [M, 1, B]."""
    return records.unsqueeze(2).unbind(dim=0)
