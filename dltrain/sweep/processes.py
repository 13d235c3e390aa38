"""The child processes of a sweep: started, listened to and ended by their parent."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.forkserver import ensure_running
from multiprocessing.process import BaseProcess
from typing import Any

from dltrain.sweep.plan import Assignment
from dltrain.system.foreign_files import read_text
from dltrain.system.signals import HANGUP, SIGNALS

# Member -> epoch and value of the metric.
Values = Mapping[int, tuple[int, float | None]]
# Of a process that died, how much of what it wrote is kept.
LAST_LINES = 40


@dataclass
class Child:
    """A child process and its assignment, as the parent sees it."""

    assignment: Assignment  # what it is to do
    process: BaseProcess
    pipe: Connection
    started: float = field(default_factory=time.monotonic)  # when, on the monotonic clock
    verdict: tuple[str, Any] = ("", None)  # its last word and what it said with it
    step: int = 0  # how far it is
    values: Values = field(default_factory=dict)  # where its members stand

    @classmethod
    def start(cls, assignment: Assignment) -> Child:
        """Fork a process from a server that has imported torch already."""
        context = _server()
        ours, theirs = context.Pipe()
        process = context.Process(target=_carry_out, args=(assignment, theirs))
        process.start()
        theirs.close()
        return cls(assignment, process, ours)

    def stop(self, number: int) -> None:
        """Ask it to stop after its step, as the signal of this number would."""
        with contextlib.suppress(OSError):  # it has ended meanwhile
            self.pipe.send(number)

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.join()
        self.pipe.close()

    def has_ended(self) -> bool:
        """Read its messages; tell whether those were its last."""
        ended = not self.process.is_alive()
        self._read()
        if ended:
            self.process.join()
            self.pipe.close()
        return ended

    def _read(self) -> None:
        """Read the messages it has sent."""
        with contextlib.suppress(EOFError, OSError):
            while self.pipe.poll():
                kind, content = self.pipe.recv()
                if kind == "step":
                    self.step = content
                elif kind == "values":
                    members = self.assignment.members
                    new = {members[position].index: value for position, value in content.items()}
                    self.values = {**self.values, **new}  # some may have left the stack
                else:
                    self.verdict = (kind, content)

    def end(self) -> tuple[str, str]:
        """Return how the process ended, in words, and the last it wrote."""
        code = self.process.exitcode
        if code is None or code >= 0:
            reason = f"its process ended by itself with exit code {code}"
        else:
            names = {number.value: number.name for number in signal.Signals}
            hint = " (out of memory?)" if -code == signal.SIGKILL else ""
            reason = f"its process was killed by {names.get(-code, f'signal {-code}')}{hint}"
        try:
            return reason, "\n".join(read_text(self.assignment.log).splitlines()[-LAST_LINES:])
        except ValueError:  # it did not come so far as to open its log
            return reason, ""


def wait_for(children: Sequence[Child], seconds: float) -> None:
    """Wait until one of the children has a message, for a moment at most."""
    pipes = [child.pipe for child in children]
    wait([*pipes, *(child.process.sentinel for child in children)], timeout=seconds)


def _server() -> multiprocessing.context.ForkServerContext:
    """Return the fork server; it and its children leave signals to the parent.

    A terminal sends Ctrl-C to all of them, and the server, importing torch, would die of it.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["dltrain.sweep.worker"])
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (*SIGNALS, HANGUP)}
    try:
        ensure_running()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return context


def _carry_out(assignment: Assignment, pipe: Connection) -> None:
    """Run as a child; the worker is imported here, since the parent has no use for torch."""
    try:
        from dltrain.sweep.worker import main
    except ImportError as error:  # an installation that is not whole is no member's fault
        return pipe.send(("unfit", (f"torch cannot be imported: {error}", traceback.format_exc())))
    return main(assignment, pipe)
