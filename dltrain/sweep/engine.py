"""Trains the stacks of a sweep in child processes, and survives whatever becomes of them.

No torch here: children are forked from a server that has imported it, so a child starts in a
moment, and one that is killed costs its own stack only. A stack that fails is halved, and halved
again, until what fails is a single member.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from types import FrameType
from typing import Protocol

from dltrain.schema import OnError
from dltrain.storage import StorageError
from dltrain.sweep.assignment import Assignment
from dltrain.sweep.folder import SweepFolder
from dltrain.sweep.machine import free_memory, num_cores
from dltrain.sweep.plan import Group, Member, Plan
from dltrain.sweep.process import Child, Values, wait_for
from dltrain.sweep.results import read_result
from dltrain.sweep.stacks import (
    SMALL_BYTES,
    cut,
    in_order,
    largest_stack,
    num_steps,
    sizes_to_try,
    stack_bytes,
)

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
# Share of the free memory that stacks may be planned to use.
MEMORY_SHARE = 0.5
LOOK_SECONDS = 0.2


class View(Protocol):
    """Who watches a sweep."""

    def progress(self, steps: float, values: Values) -> None:
        """Show how many steps have been taken, all members together, and where they stand."""
        ...

    def trained(self, members: Sequence[Member], seconds: float) -> None:
        """Show that members have been trained together."""
        ...

    def failed(self, member: Member, reason: str) -> None:
        """Show that a member failed."""
        ...

    def note(self, text: str) -> None:
        """Show something worth knowing."""
        ...


class Engine:
    """Trains what is missing of a sweep.

    Args:
        plan: What is to be trained.
        folder: Where it is kept; its lock is held.
        view: Who watches.

    Attributes:
        stop_signal: The signal that asked to stop, if one did.
    """

    def __init__(self, plan: Plan, folder: SweepFolder, view: View) -> None:
        self.stop_signal: int | None = None
        self._plan, self._folder, self._view = plan, folder, view
        self._queue: deque[Assignment] = deque()
        self._children: list[Child] = []
        self._steps = 0.0  # of members that have ended
        self._values: dict[int, tuple[int, float | None]] = {}  # of members that have ended
        self._started = 0  # children so far
        self._failures = 0
        self._storage_error: str | None = None

    def run(self, unfinished: Collection[int], failed: Collection[int]) -> None:
        """Train members; come back when all are trained or failed, or something stops it.

        Args:
            unfinished: Numbers of the members to train.
            failed: Those among them that failed before; each is tried alone.

        Raises:
            StorageError: If something could not be kept.
        """
        with self._signals():
            try:
                for number, group in enumerate(self._plan.groups):
                    self._line_up(number, group, set(unfinished), set(failed))
                while self._children or (self._queue and not self._stopping):
                    while self._queue and len(self._children) < self._plan.told.workers:
                        self._start(self._queue.popleft())
                    self._look()
            finally:
                for child in self._children:
                    child.kill()
        if self._storage_error is not None:
            raise StorageError(self._storage_error)

    @property
    def _stopping(self) -> bool:
        stopped_by_failure = self._failures and self._plan.told.on_error == OnError.stop
        return bool(self.stop_signal or stopped_by_failure or self._storage_error)

    def _line_up(self, number: int, group: Group, unfinished: set[int], failed: set[int]) -> None:
        """Cut a group into stacks, as it was cut before or will be, and queue what is missing."""
        missing = set(group.members) & unfinished
        if not missing or self._stopping:
            return
        members = in_order([self._plan.members[index] for index in group.members])
        for part in cut(members, self._stack_size(number, group, members)):
            alone = [member for member in part if member.index in failed]
            together = [member for member in part if member.index not in failed]
            if any(member.index in missing for member in together):
                self._queue.append(self._assignment(group, together, missing))
            self._queue += [self._assignment(group, [member], missing) for member in alone]

    def _assignment(
        self, group: Group, members: Sequence[Member], missing: Collection[int]
    ) -> Assignment:
        workers = self._plan.told.workers
        folder = self._folder
        return Assignment(
            sweep=folder.id,
            group=group,
            members=tuple(members),
            folders=tuple(
                folder.member(member.index) if member.index in missing else None
                for member in members
            ),
            log=folder.path,
            metric=self._plan.metric,
            threads=None if workers == 1 else max(1, num_cores() // workers),
        )

    def _stack_size(self, number: int, group: Group, members: Sequence[Member]) -> int:
        """Return how many members to train together: as recorded, as told, or as measured."""
        sizes = self._folder.info["stack_sizes"]
        if sizes[number] is None:
            size = self._plan.told.stack_size or self._measured(group, members)
            if self._stopping:
                return size
            sizes[number] = size
            self._folder.write(stack_sizes=sizes)
        return int(sizes[number])

    def _measured(self, group: Group, members: Sequence[Member]) -> int:
        workers, groups = self._plan.told.workers, len(self._plan.groups)
        fitting = largest_stack(members, group, MEMORY_SHARE * free_memory() / workers)
        # With more workers than groups, every worker is to have a stack.
        largest = min(fitting, -(-len(members) // -(-workers // groups)))
        sizes = sizes_to_try(largest)
        if len(sizes) == 1 or stack_bytes(members[:largest], group) <= SMALL_BYTES:
            return largest
        assignment = self._assignment(group, members[:largest], ())
        child = self._start(replace(assignment, sizes=tuple(sizes)))
        while child in self._children:
            self._look()
        kind, content = child.verdict
        # Whatever else went wrong will show again in training, and be reported there.
        return int(content[0]) if kind == "size" else largest

    def _start(self, assignment: Assignment) -> Child:
        self._started += 1
        log = self._folder.log(f"process-{self._started:04d}")
        child = Child.start(replace(assignment, log=log))
        self._children.append(child)
        return child

    def _look(self) -> None:
        """Wait for news for a moment, show them, and settle what has ended."""
        wait_for(self._children, LOOK_SECONDS)
        for child in list(self._children):
            if child.has_ended():
                self._children.remove(child)
                self._settle(child)
        steps, values = self._steps, dict(self._values)
        for child in self._children:
            steps += child.step * len(child.assignment.kept)
            values |= child.values
        self._view.progress(steps, values)

    def _settle(self, child: Child) -> None:
        """Take the last word of a child, and go on from there."""
        kind, content = child.verdict
        assignment = child.assignment
        if kind == "done":
            self._count(assignment.kept, assignment.group)
            for member in assignment.kept:
                result = read_result(self._folder, member, self._plan.metric)
                self._values[member.index] = (result.epoch, result.value)
            self._view.trained(assignment.kept, time.monotonic() - child.started)
        elif kind == "storage":
            self._storage_error = content
            self._stop_children(signal.SIGTERM)
        elif kind != "size" and not assignment.sizes and not self.stop_signal:
            reason, details = content if kind == "failed" else child.end()
            self._failed(assignment, reason, details)

    def _failed(self, assignment: Assignment, reason: str, details: str) -> None:
        members = assignment.members
        if len(members) == 1:
            [member] = members
            self._failures += 1
            self._count(members, assignment.group)
            self._folder.record_failure(member, reason, details)
            self._view.failed(member, reason)
            if self._stopping:
                self._stop_children(signal.SIGTERM)
            return
        self._view.note(
            f"{len(members)} members trained together failed: {reason}; "
            "each half is trained again, to find the member"
        )
        middle = len(members) // 2
        for part in (slice(middle, None), slice(middle)):
            half = replace(assignment, members=members[part], folders=assignment.folders[part])
            if half.kept:
                self._queue.appendleft(half)

    def _count(self, members: Sequence[Member], group: Group) -> None:
        self._steps += len(members) * num_steps(members[0].config, group)

    def _stop_children(self, number: int) -> None:
        for child in self._children:
            child.stop(number)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Let the first signal stop all training after its step, and a second one at once."""

        def stop(number: int, frame: FrameType | None) -> None:
            if self.stop_signal is not None:
                raise KeyboardInterrupt
            self.stop_signal = number
            self._stop_children(number)

        before = {number: signal.signal(number, stop) for number in STOPPING}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
