"""Signals that ask a command to stop: Ctrl-C, and what a batch system sends."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
# What the system sends when the terminal one works at is closed; nohup has it ignored.
HANGUP = signal.SIGHUP


class Interruption(KeyboardInterrupt):
    """A signal ends the command; what it holds is let go of on the way out."""

    def __init__(self, number: int, line: str = "interrupted") -> None:
        super().__init__(number, line)
        self.number, self.line = number, line

    def __str__(self) -> str:
        return self.line


class _Hearing:
    """What hears the signals: the first one asks, a second one insists."""

    def __init__(self, stop: Callable[[int], object]) -> None:
        self.stop = stop
        self._asked = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self._asked and number == HANGUP:  # the shell and the system may both send it
            return
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
        self.stop(number)


@contextlib.contextmanager
def stopping(stop: Callable[[int], object]) -> Iterator[None]:
    """Let the first signal call ``stop`` with its number, and a second one end all at once.

    A terminal that closes may say so several times, which counts as once. Afterwards what there is
    to keep is kept, and how the command ends is settled: a first signal comes too late and does
    nothing. So this is for once in a process, and the handlers stay.

    Raises:
        KeyboardInterrupt: At the second signal, even afterwards.
    """
    hearing = _Hearing(stop)
    _heed(hearing)
    try:
        yield
    finally:
        hearing.stop = _too_late


def _too_late(number: int) -> None:
    """Do nothing."""


def ignore() -> None:
    """Let no signal disturb the end of a process that has nothing left to say."""
    _heed(signal.SIG_IGN)


def hear(handler: Callable[[int, FrameType | None], object]) -> None:
    """Let the signals reach a handler, where this is the thread that hears them."""
    if threading.current_thread() is threading.main_thread():
        for number in SIGNALS:
            signal.signal(number, handler)


def _heed(handler: _Hearing | signal.Handlers) -> None:
    for number in SIGNALS if signal.getsignal(HANGUP) is signal.SIG_IGN else (*SIGNALS, HANGUP):
        signal.signal(number, handler)
