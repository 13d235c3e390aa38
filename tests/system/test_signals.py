"""The first signal asks, the second one insists; one that comes too late does nothing."""

from __future__ import annotations

import fcntl
import functools
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from dltrain.runs.find import list_runs
from dltrain.system.signals import HANGUP, SIGNALS, stopping
from tests.conftest import Shown, changed
from tests.torture.forks import forked, program

SMALL = ["data.num_train=64", "data.num_val=16", "trainer.epochs=2", "device.threads=1"]
# Sends itself a signal at Python's own end.
LATE = """
import atexit, os, signal, sys
from dltrain.cli.main import main

atexit.register(os.kill, os.getpid(), int(sys.argv.pop(1)))
main()
"""


def send_twice(number: signal.Signals, heard: list[int]) -> None:
    with stopping(heard.append):
        os.kill(os.getpid(), number)
        assert heard == [number]
        os.kill(os.getpid(), number)
        raise AssertionError("the second signal was to end this")


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_asks_and_the_second_ends_it(number: signal.Signals) -> None:
    heard: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        send_twice(number, heard)
    assert heard == [number]


@pytest.mark.parametrize("number", SIGNALS)
def test_what_is_over_is_not_stopped(number: signal.Signals) -> None:
    heard: list[int] = []
    with stopping(heard.append):
        pass
    os.kill(os.getpid(), number)
    assert heard == []
    with pytest.raises(KeyboardInterrupt):  # whoever insists gets out all the same
        os.kill(os.getpid(), number)


def test_without_a_signal_nothing_happens() -> None:
    heard: list[int] = []
    with stopping(heard.append):
        pass
    assert heard == []


def test_a_terminal_that_closes_is_heard_once_however_often_it_is_told() -> None:
    heard: list[int] = []
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup has it ignored
    with stopping(heard.append):
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGHUP)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
    assert heard == [signal.SIGHUP]


def send_when_it_is_over(number: signal.Signals) -> None:
    """Send a signal to this process as soon as it has carried out its command line."""

    def look(frame: FrameType, event: str, _: Any) -> None:
        if event == "return" and frame.f_code.co_name == "_carried_out":
            sys.setprofile(None)
            os.kill(os.getpid(), number)

    sys.setprofile(look)


@pytest.mark.parametrize("number", [*SIGNALS, HANGUP])
def test_a_signal_after_a_run_is_done_changes_nothing(number: signal.Signals, here: Path) -> None:
    ended = forked(here, SMALL, functools.partial(send_when_it_is_over, number))
    assert (ended.code, ended.err) == (0, "")
    assert "dltrain runs show" in ended.out  # the last it says
    [run] = list_runs(here / "outputs")
    assert (run.status, run.info["exit_code"]) == ("done", 0)


@pytest.mark.parametrize("number", [*SIGNALS, HANGUP])
def test_a_signal_at_the_end_of_the_process_changes_nothing(number: signal.Signals) -> None:
    line = [sys.executable, "-c", LATE, str(int(number)), "--version"]
    result = subprocess.run(line, capture_output=True, text=True, check=False)
    shown = Shown(result.returncode, result.stdout.split()[0], result.stderr)
    assert shown == Shown(0, "dltrain", "")


PIPE_BYTES = 4096  # the least that Linux gives


@pytest.mark.parametrize(
    "errors", [subprocess.PIPE, pytest.param(subprocess.STDOUT, marks=pytest.mark.proof)]
)
def test_whoever_insists_gets_out_though_nobody_reads_the_output(errors: int, here: Path) -> None:
    """A pipe that is full holds the run until somebody reads it, or insists."""
    line = [*shlex.split(program()), *changed(SMALL, "trainer.epochs=3000")]
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    os.write(writing, b" " * (PIPE_BYTES - 1500))  # a run says more than fits behind that
    with subprocess.Popen(line, cwd=here, stdout=writing, stderr=errors) as run:
        sizes = [0] * 4
        while not sizes[-4] or sizes[-1] != sizes[-4]:  # metrics are written once a second
            time.sleep(1)
            assert run.poll() is None
            sizes.append(sum(file.stat().st_size for file in here.rglob("metrics.csv")))
        for _ in range(2):
            run.send_signal(signal.SIGINT)
            time.sleep(0.3)
        assert run.wait(20) == 130
        if run.stderr is not None:
            assert run.stderr.read().decode().count("interrupted at once") == 1
    os.close(reading)
    os.close(writing)
