"""Signals that ask a training to stop: Ctrl-C, and what a batch system sends."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
# What the system sends when the terminal one works at is closed; nohup has it ignored.
HANGUP = signal.SIGHUP


@contextlib.contextmanager
def stopping(stop: Callable[[int], None]) -> Iterator[None]:
    """Let the first signal call ``stop`` with its number, and a second one end all at once.

    A terminal that closes may say so several times, which counts as once.

    Raises:
        KeyboardInterrupt: At the second signal.
    """
    asked = False

    def hear(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked and number == HANGUP:  # the shell and the system may both send it
            return
        if asked:
            raise KeyboardInterrupt
        asked = True
        stop(number)

    heard = SIGNALS if signal.getsignal(HANGUP) is signal.SIG_IGN else (*SIGNALS, HANGUP)
    before = {number: signal.signal(number, hear) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
