"""The first signal asks, the second one insists; afterwards all is as before."""

from __future__ import annotations

import os
import signal

import pytest

from dltrain.signals import SIGNALS, stopping


def send_twice(number: signal.Signals, heard: list[int]) -> None:
    with stopping(heard.append):
        os.kill(os.getpid(), number)
        assert heard == [number]
        os.kill(os.getpid(), number)
        raise AssertionError("the second signal was to end this")


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_asks_and_the_second_ends_it(number: signal.Signals) -> None:
    heard: list[int] = []
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt):
        send_twice(number, heard)
    assert heard == [number]
    assert signal.getsignal(number) is before


def test_without_a_signal_nothing_happens() -> None:
    heard: list[int] = []
    with stopping(heard.append):
        pass
    assert heard == []


def test_a_terminal_that_closes_is_heard_once_however_often_it_is_told() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup has it ignored
    with stopping(heard.append):
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGHUP)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
    assert heard == [signal.SIGHUP]
    assert signal.signal(signal.SIGHUP, before) == signal.SIG_DFL
