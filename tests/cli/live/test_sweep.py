"""A sweep seen from another process while it trains, when a child of it dies, after Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dltrain.runs.find import list_runs
from tests.conftest import Call
from tests.sweep.helpers import alive, children, ended, kill, server, started, wait_for

# Two groups, so two stacks one after the other, that do not end by themselves in time.
LONG = ["optimizer.lr=0.01,0.1", "trainer.batch_size=16,32", "trainer.epochs=1000000"]
SMALL = ["data.num_train=64", "data.num_val=16", "device=cpu", "device.threads=1"]
FALSE = re.compile(r"\bNone\b|\bnan\b|exit code None|no member has")


def has_epochs(folder: Path) -> bool:
    """Whether members have recorded epochs that can be shown."""
    metrics = list(folder.glob("outputs/*/members/*/metrics.csv"))
    return bool(metrics) and all(len(file.read_text().splitlines()) > 5 for file in metrics)


def test_a_running_sweep_is_told_of_and_after_ctrl_c_too(here: Path, call: Call) -> None:
    with started(here, *LONG, *SMALL) as process:
        wait_for(lambda: has_epochs(here))
        for words in (
            ["runs"],
            ["runs", "ls", "latest"],
            ["runs", "best", "latest"],
            ["runs", "show", "latest"],
            ["runs", "show", "latest/0"],
            ["runs", "compare", "latest/0", "latest/2"],
            ["runs", "export", "-"],
        ):
            shown = call(*words)
            assert (shown.code, shown.err) == (0, ""), words
            assert not FALSE.search(shown.out), shown.out
        best = call("runs", "best", "latest").out
        assert re.search(r"best so far +member [02]: val/loss \S+ at epoch \d+, running", best)
        kill(process.pid, signal.SIGINT)
        assert ended(process).code == 130
    best = call("runs", "best", "latest").out
    assert "interrupted" in best
    assert not FALSE.search(best)
    [run] = list_runs(here / "outputs")
    assert run.status == "interrupted"
    assert f"dltrain resume {run.short}" not in best  # it tells of results; show tells how to go on
    assert "2 not begun" in call("runs", "show", "latest").out


def test_who_follows_a_sweep_sees_epochs_as_they_come(here: Path) -> None:
    with started(here, *LONG, *SMALL) as process:
        wait_for(lambda: has_epochs(here))
        line = [sys.executable, "-u", "-m", "dltrain", "runs", "tail"]
        with subprocess.Popen(line, cwd=here, stdout=subprocess.PIPE, text=True) as tail:
            assert tail.stdout is not None
            seen = [tail.stdout.readline() for _ in range(6)]
            tail.kill()
        kill(process.pid, signal.SIGINT)
        ended(process)
    told = [
        re.fullmatch(r"2 members 0-2, epoch (\d+): val/loss \S+ \(member [02] leads\)\n", row)
        for row in seen[1:]
    ]
    assert all(told), seen
    epochs = [int(match[1]) for match in told if match]
    assert epochs == sorted(set(epochs))


@pytest.mark.proof
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the child's process in /proc")
def test_a_child_that_is_killed_is_told_of_with_its_members(here: Path, call: Call) -> None:
    words = ["optimizer.lr=0.1,0.2", "trainer.epochs=1000000"]
    with started(here, *words, *SMALL) as process:
        wait_for(lambda: has_epochs(here))
        for _ in range(3):  # the stack, and each half of it
            for pid in trainings(process.pid):
                os.kill(pid, signal.SIGKILL)
            wait_for(lambda: not alive([process.pid]) or trainings(process.pid))
            if not alive([process.pid]):
                break
        if alive([process.pid]):
            kill(process.pid, signal.SIGINT)
        ended(process)
    for command in (["runs"], ["runs", "ls", "latest"], ["runs", "show", "latest"]):
        shown = call(*command)
        assert shown.code == 0
        assert not FALSE.search(shown.out), shown.out


def trainings(pid: int) -> list[int]:
    """Find the children of a sweep's fork server, which may come and go while one looks."""
    return [child for found in server(pid)[:1] for child in children(found)]
