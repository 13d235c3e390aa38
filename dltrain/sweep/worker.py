"""A child process of a sweep: trains one stack, or measures how large one should be.

Its parent never imports torch, and survives whatever happens here: an exception, an exit, a kill.
"""

from __future__ import annotations

import faulthandler
import math
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any

from dltrain.config import plugins
from dltrain.data.dataset import Dataset
from dltrain.sweep.plan import Assignment, Member
from dltrain.system import disk
from dltrain.system.signals import SIGNALS
from dltrain.train import build
from dltrain.train.device import choose
from dltrain.train.job import Job
from dltrain.train.outcome import Outcome, Row
from dltrain.train.session import Training

# How often the parent hears of progress, and how soon a child notices that it has been left.
SECONDS = 0.1
# How long each stack size is measured.
MEASURED_SECONDS = 0.1


def main(assignment: Assignment, parent: Connection) -> None:
    """Carry out an assignment; the last message says how it ended.

    That is ``done``, ``size`` with what was measured, ``failed`` with a reason and a traceback,
    ``unfit`` with the same if no member is to blame, or ``storage`` with a reason.
    """
    line = _Line(parent)
    try:
        _settle_in(assignment, line)
        try:
            plugins.load_installed()
            plugins.load(assignment.members[0].config.plugins)
            data = _data(assignment)
            _device(assignment)
        except ValueError as error:
            return line.send("unfit", (str(error), traceback.format_exc()))
        jobs = [_job(assignment, data, member) for member in assignment.members]
        if assignment.sizes:
            line.send("size", _measure(jobs, assignment))
        else:
            _train(jobs, assignment, line)
            line.send("done", None)
    except disk.StorageError as error:
        line.send("storage", str(error))
    except BaseException as error:
        line.send("failed", (_reason(error), traceback.format_exc()))
    return None


def _train(jobs: Sequence[Job], assignment: Assignment, line: _Line) -> None:
    training = Training(jobs, threads=assignment.threads)
    line.training = training
    disk.make_folders(assignment.folders)
    for note in training.go_on(assignment.folders):
        sys.stderr.write(f"{note}\n")
    training.run(_Watcher(line, training, assignment.metric))


def _measure(jobs: Sequence[Job], assignment: Assignment) -> tuple[int, dict[int, float]]:
    """Find the stack size that trains a member fastest; return the seconds per member, too."""
    seconds = {}
    for size in assignment.sizes:
        seconds[size] = _pace(jobs[:size], assignment) / size
    # A smaller stack has to earn the processes and the loading it costs.
    largest = assignment.sizes[0]
    best = min(seconds, key=lambda size: seconds[size] * (1.0 if size == largest else 1.1))
    return best, seconds


def _pace(jobs: Sequence[Job], assignment: Assignment) -> float:
    return Training(jobs, threads=assignment.threads).trainer.steps.pace(MEASURED_SECONDS)


def _settle_in(assignment: Assignment, line: _Line) -> None:
    """Redirect output and signals, so that no other process is disturbed; end with the parent."""
    disk.redirect(assignment.log, [1, 2])
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal tells everyone; the parent decides

    def stop(number: int, frame: FrameType | None) -> None:
        line.stop(number)

    for number in set(SIGNALS) - {signal.SIGINT}:
        signal.signal(number, stop)
    threading.Thread(target=line.listen, daemon=True).start()


def _data(assignment: Assignment) -> Dataset:
    first = assignment.members[0].config
    data = build.dataset(first)
    if data.sha256 != assignment.group.workload.data.sha256:
        raise ValueError(f"data={data.name}: its content changed after the sweep was planned")
    return data


def _device(assignment: Assignment) -> None:
    """Refuse, before any training, a device that is not to be had."""
    wanted = assignment.members[0].config.device
    choose(
        wanted.type,
        threads=assignment.threads,
        deterministic=wanted.deterministic,
        portable=wanted.portable,
    )


def _job(assignment: Assignment, data: Dataset, member: Member) -> Job:
    return Job(
        line=assignment.line.alone(member.overrides),
        config=member.config,
        data=data,
        layers=build.layer_plans(member.config, data),
        sweep={
            "id": assignment.sweep,
            "member": member.index,
            "stack": [other.index for other in assignment.members],
        },
    )


def _reason(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"something called sys.exit({error.code!r})"
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


class _Line:
    """The connection to the parent, and a thread that listens to it."""

    def __init__(self, parent: Connection) -> None:
        self._parent = parent
        self._lock = threading.Lock()
        self._stop_signal: int | None = None
        self._training: Training | None = None

    @property
    def training(self) -> Training | None:
        """What trains, once there is something."""
        return self._training

    @training.setter
    def training(self, training: Training) -> None:
        self._training = training
        if self._stop_signal is not None:
            training.stop(self._stop_signal)

    def stop(self, number: int) -> None:
        """Ask the training to stop after its step, or not to begin."""
        self._stop_signal = number
        if self._training is not None:
            self._training.stop(number)

    def send(self, kind: str, content: Any) -> None:
        """Send a message to the parent."""
        with self._lock:
            self._parent.send((kind, content))

    def listen(self) -> None:
        """Report progress to the parent, obey it, and end with it."""
        try:
            while True:
                if self._parent.poll(SECONDS):
                    self.stop(self._parent.recv())
                if self._training is not None:
                    self.send("step", self._training.step)
        except (EOFError, OSError):
            os.kill(os.getpid(), signal.SIGKILL)


class _Watcher:
    """The trainer's view: sends each member's metric to the parent, no more often than it looks."""

    def __init__(self, line: _Line, training: Training, metric: str) -> None:
        self._line, self._training, self._metric = line, training, metric
        self._next = -math.inf

    def epoch(self, rows: Sequence[Row], outcomes: Sequence[Outcome], *, seconds: float) -> None:
        """See ``View``."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + SECONDS
        values = (self._value(row, outcome) for row, outcome in zip(rows, outcomes, strict=True))
        self._line.send("values", dict(zip(self._training.positions, values, strict=True)))

    def early(self, rows: Sequence[Row]) -> None:
        """See ``View``; a sweep shows whole epochs."""

    def _value(self, row: Row, outcome: Outcome) -> tuple[int, float | None]:
        """Return where a member stands, and the epoch of that."""
        if outcome.status == "diverged":
            return int(row["epoch"]), None
        kept = outcome.row_to_keep(self._training.trainer.rules) or row
        return int(kept["epoch"]), kept.get(self._metric)
