"""The engine of a sweep: trains its stacks in child processes and survives their failures.

No torch here: children are forked from a server that has imported it, so a child starts in a
moment, and one that is killed costs its own stack only. A stack that fails is halved, and halved
again, until what fails is a single member.
"""

from __future__ import annotations

import signal
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from dltrain.config.choices import OnError
from dltrain.runs.compare.results import Result
from dltrain.sweep.folder import FINISHED, SweepFolder
from dltrain.sweep.plan import Assignment, Group, Member, Plan
from dltrain.sweep.processes import Child, Values, wait_for
from dltrain.sweep.results import read_result, unfinished
from dltrain.sweep.stacks import cut, in_order, sizes_to_try, stack_size
from dltrain.system.disk import StorageError
from dltrain.system.environment import free_memory, num_cores
from dltrain.system.signals import stopping
from dltrain.train.cost import num_steps

LOOK_SECONDS = 0.2


class View(Protocol):
    """Interface of what shows the progress of a sweep."""

    def progress(self, steps: float, values: Values) -> None:
        """Show how many steps are done, of all members together, and where members stand."""

    def trained(self, members: Sequence[Member], seconds: float) -> None:
        """Show that members have been trained together."""

    def failed(self, members: Sequence[Member], reason: str) -> None:
        """Show that members failed, all for the same reason."""

    def note(self, text: str) -> None:
        """Show a note."""


class Engine:
    """Trains the unfinished members of a sweep."""

    def __init__(self, plan: Plan, folder: SweepFolder, view: View) -> None:
        self.stop_signal: int | None = None  # the signal that asked to stop, if one did
        self._plan, self._folder, self._view = plan, folder, view
        self._queue: deque[Assignment] = deque()
        self._children: list[Child] = []
        self._steps_of = {
            index: num_steps(plan.members[index].config, group.workload)
            for group in plan.groups
            for index in group.members
        }
        self._steps = 0.0  # of members that have ended
        self._values: dict[int, tuple[int, float | None]] = {}  # of members that have ended
        self._started = 0  # children so far
        self._failures = 0
        self._storage_error: str | None = None

    def run(self, before: Sequence[Result]) -> None:
        """Train members; return when all are trained or failed, or a signal stops it.

        Those that failed ``before`` are tried alone.
        """
        missing = unfinished(before)
        failed = {result.index for result in before if result.status == "failed"}
        self._take(result for result in before if result.index not in missing)
        with stopping(self._stop):
            try:
                for group in self._plan.groups:
                    self._line_up(group, missing, failed)
                while self._children or (self._queue and not self._stopping):
                    has_room = len(self._children) < self._plan.settings.workers
                    if self._queue and has_room and not self._stopping:
                        self._start(self._queue.popleft())
                    else:
                        self._look()
            finally:
                for child in self._children:
                    child.kill()
        if self._storage_error is not None:
            raise StorageError(self._storage_error)

    @property
    def _stopping(self) -> bool:
        stopped_by_failure = self._failures and self._plan.settings.on_error == OnError.stop
        return bool(self.stop_signal or stopped_by_failure or self._storage_error)

    def _line_up(self, group: Group, unfinished: set[int], failed: set[int]) -> None:
        """Cut what is missing of a group into stacks, and queue them."""
        missing = in_order([self._plan.members[i] for i in group.members if i in unfinished])
        together = [member for member in missing if member.index not in failed]
        stacks = [[member] for member in missing if member.index in failed]
        if together and not self._stopping:
            stacks = [*cut(together, self._stack_size(group, together)), *stacks]
        self._queue += [self._assignment(group, stack) for stack in stacks]

    def _assignment(self, group: Group, members: Sequence[Member]) -> Assignment:
        workers, threads = self._plan.settings.workers, members[0].config.device.threads
        folder = self._folder
        return Assignment(
            sweep=folder.id,
            line=folder.line,
            group=group,
            members=tuple(members),
            folders=tuple(folder.member(member.index) for member in members),
            log=folder.path,
            metric=self._plan.metric,
            threads=None if workers == 1 or threads is not None else max(1, num_cores() // workers),
        )

    def _stack_size(self, group: Group, members: Sequence[Member]) -> int:
        """Return how many members to train together, as set or as measured."""
        settings, groups = self._plan.settings, len(self._plan.groups)
        size = stack_size(members, group, settings, groups, free_memory())
        candidates = [size] if settings.stack_size else sizes_to_try(members, group, size)
        return self._measured(group, members[:size], candidates)

    def _measured(self, group: Group, members: Sequence[Member], sizes: Sequence[int]) -> int:
        """Return the size that trains a member fastest; the first one, if there is only one."""
        if len(sizes) == 1:
            return sizes[0]
        child = self._start(replace(self._assignment(group, members), sizes=tuple(sizes)))
        while child in self._children:
            self._look()
        kind, content = child.verdict
        # Whatever else went wrong will show again in training, and be reported there.
        return int(content[0]) if kind == "size" else sizes[0]

    def _start(self, assignment: Assignment) -> Child:
        self._started += 1
        log = self._folder.log(f"process-{self._started:04d}")
        child = Child.start(replace(assignment, log=log))
        self._children.append(child)
        if self.stop_signal is not None:  # it came while the child was being started
            child.stop(self.stop_signal)
        return child

    def _look(self) -> None:
        """Wait a moment for messages, show them, and handle children that have ended."""
        wait_for(self._children, LOOK_SECONDS)
        for child in list(self._children):
            if child.has_ended():
                self._children.remove(child)
                self._settle(child)
        steps, values = self._steps, dict(self._values)
        for child in self._children:
            steps += child.step * len(child.assignment.members)
            values |= child.values
        self._view.progress(steps, values)

    def _settle(self, child: Child) -> None:
        """Handle the last message of a child."""
        kind, content = child.verdict
        assignment = child.assignment
        if kind == "done":
            results = [read_result(self._folder, m, self._plan.metric) for m in assignment.members]
            pairs = list(zip(assignment.members, results, strict=True))
            finished = [member for member, result in pairs if result.status in FINISHED]
            self._take(result for result in results if result.status in FINISHED)
            # A signal stopped the others where they are.
            self._steps += child.step * (len(pairs) - len(finished))
            stopped = [result for result in results if result.status not in FINISHED]
            self._values |= {r.index: (r.epoch, r.so_far) for r in stopped}
            if finished:
                self._view.trained(finished, time.monotonic() - child.started)
        elif kind == "storage":
            self._storage_error = content
            self._stop_children(signal.SIGTERM)
        elif kind != "size" and not assignment.sizes and not self.stop_signal:
            reason, details = content if kind in ("failed", "unfit") else child.end()
            if kind == "unfit" or len(assignment.members) == 1:
                self._fail(assignment, reason, details)
            else:
                self._halve(assignment, reason)

    def _take(self, results: Iterable[Result]) -> None:
        """Count members that have come to their end, now or before."""
        for result in results:
            self._steps += self._steps_of[result.index]
            self._values[result.index] = (result.epoch, result.value)

    def _fail(self, assignment: Assignment, reason: str, details: str) -> None:
        self._steps += sum(self._steps_of[member.index] for member in assignment.members)
        self._failures += len(assignment.members)
        for member in assignment.members:
            self._folder.record_failure(member, reason, details)
        self._view.failed(assignment.members, reason)
        if self._stopping:
            self._stop_children(signal.SIGTERM)

    def _halve(self, assignment: Assignment, reason: str) -> None:
        """Train the halves of a stack that failed, to find the member that is to blame."""
        members = assignment.members
        self._view.note(
            f"{len(members):,} members trained together failed: {reason}; "
            "each half is trained again, to find the member"
        )
        middle = len(members) // 2
        for part in (slice(middle, None), slice(middle)):
            half = replace(assignment, members=members[part], folders=assignment.folders[part])
            self._queue.appendleft(half)

    def _stop(self, number: int) -> None:
        self.stop_signal = number
        self._stop_children(number)

    def _stop_children(self, number: int) -> None:
        for child in self._children:
            child.stop(number)
