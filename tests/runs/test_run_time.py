"""How long a run was trained: pauses do not count, a killed process does as far as is known."""

from __future__ import annotations

import datetime
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from dltrain.runs.find import members
from dltrain.runs.run import read
from dltrain.runs.run_time import seconds_of, wall_seconds_of
from dltrain.system.environment import process
from tests.conftest import Call, write_record
from tests.sweep.helpers import record, touched
from tests.torture import forks

TIMING = "epoch,seconds,examples_per_second\n1,0.5,1\n2,0.25,1\n3,2.0,1\n"
DEAD: dict[str, Any] = {"status": "running", "pid": 2**22 + 5, "host": os.uname().nodename}


def seconds(folder: Path, *, timing: str = TIMING, **info: Any) -> float | None:
    write_record(folder / "run.json", info)
    (folder / "timing.csv").write_text(timing)
    return seconds_of(read(folder))


def test_a_run_that_ended_took_what_its_processes_took(tmp_path: Path) -> None:
    stamps = {"started": "2026-01-01T10:00:00+00:00", "finished": "2026-01-02T10:00:00+00:00"}
    assert seconds(tmp_path, status="done", seconds=2.41, **stamps) == 2.41


def test_a_killed_process_counts_the_epochs_it_recorded(tmp_path: Path) -> None:
    assert seconds(tmp_path, **DEAD, seconds=0.0) == 2.75
    resumed = [{"epoch": 0}, {"epoch": 1}]
    assert seconds(tmp_path, **DEAD, seconds=10.0, resumed=resumed) == 12.25


def test_of_a_killed_stack_each_member_has_its_share(tmp_path: Path) -> None:
    assert seconds(tmp_path, **DEAD, seconds=1.0, sweep={"stack": [3, 4, 7, 8, 9]}) == 1.55


def test_the_wall_time_has_all_pauses_and_every_digit(tmp_path: Path) -> None:
    stamps = {
        "started": "2026-01-01T10:00:00.250+00:00",
        "finished": "2026-01-01T10:00:02.660+00:00",
    }
    write_record(tmp_path / "run.json", {"status": "done", "seconds": 1.5, **stamps})
    assert wall_seconds_of(read(tmp_path)) == pytest.approx(2.41, abs=1e-6)
    write_record(
        tmp_path / "run.json", {"status": "running", "seconds": 1.5, **stamps, "finished": None}
    )
    assert wall_seconds_of(read(tmp_path)) is None


@pytest.mark.parametrize("timing", ["", "x\n", "epoch,seconds\n1,nan\nx,1\n", "\0\n\0\n"])
def test_a_timing_that_tells_nothing_adds_nothing(tmp_path: Path, timing: str) -> None:
    assert seconds(tmp_path, timing=timing, **DEAD, seconds=1.0) == 1.0


def test_a_run_that_is_trained_has_taken_what_it_took_so_far(tmp_path: Path) -> None:
    since = datetime.datetime.now().astimezone() - datetime.timedelta(seconds=5)
    taken = seconds(
        tmp_path, status="running", seconds=10.0, since=since.isoformat(), **process(os.getpid())
    )
    assert taken is not None
    assert taken >= 15.0


@pytest.mark.parametrize("value", [None, "x", 10**400, [1]])
def test_a_record_that_does_not_say_it_leaves_it_unknown(tmp_path: Path, value: object) -> None:
    assert seconds(tmp_path, status="done", seconds=value) is None


def test_resumed_the_seconds_add_up(here: Path, call: Call) -> None:
    assert call("trainer.epochs=2").code == 0
    [folder] = (here / "outputs").iterdir()
    info = dict(read(folder).info) | {"seconds": 1000.0}
    write_record(folder / "run.json", info)
    assert call("resume", "latest", "trainer.epochs=4").code == 0
    assert read(folder).info["seconds"] > 1000.0


def test_a_pause_after_a_kill_is_wall_time_and_no_training(here: Path, call: Call) -> None:
    process = forks.start(here, ["trainer.epochs=1000000", "trainer.checkpoint_interval=5"])
    while not list(here.glob("outputs/*/checkpoints/epoch-*")):
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    assert process.finish().code == -signal.SIGKILL
    [folder] = (here / "outputs").iterdir()
    left, pause = read(folder), 1.0
    assert left.status == "crashed"
    time.sleep(pause)
    epochs = left.num_epochs()
    assert call("resume", "latest", f"trainer.epochs={epochs + 2}").code == 0
    trained, wall = seconds_of(read(folder)), wall_seconds_of(read(folder))
    before = seconds_of(left)
    assert trained is not None
    assert wall is not None
    assert before is not None
    assert 0 < before < trained < wall - pause


def test_members_add_up_to_their_sweep(here: Path, call: Call) -> None:
    words = ["optimizer.lr=0.01,0.02,1000", "trainer.batch_size=16,32", "trainer.epochs=3"]
    assert call("-m", *words).code == 0  # two stacks, of each one member leaves early
    [folder] = (here / "outputs").iterdir()
    each = [record(member.folder)["seconds"] for member in members(read(folder))]
    assert len(each) == 6
    assert all(value > 0 for value in each)
    assert record(folder)["seconds"] == pytest.approx(sum(each), rel=1e-12)
    # No more than the stacks' processes had, one after the other.
    wall = wall_seconds_of(read(folder))
    assert wall is not None
    assert record(folder)["seconds"] < wall
    shown = call("runs", "show", "latest/0").out
    assert "of training (its share of a stack of 3)" in shown
    assert "stack of" not in call("runs", "ls", "latest").out


def test_resuming_a_finished_run_changes_no_byte(here: Path, call: Call) -> None:
    assert call("trainer.epochs=2").code == 0
    [folder] = (here / "outputs").iterdir()
    before = touched(folder)
    shown = call("resume", "latest")
    assert (shown.code, shown.err) == (0, "")
    assert "nothing to resume" in shown.out
    assert touched(folder) == before


def test_resuming_a_finished_sweep_changes_no_byte(here: Path, call: Call) -> None:
    assert call("-m", "optimizer.lr=0.01,0.02", "trainer.epochs=2").code == 0
    [sweep] = (here / "outputs").iterdir()
    before = touched(sweep)
    for words in (["resume", "latest"], ["-m", "--resume", "latest"]):
        shown = call(*words)
        assert (shown.code, shown.err) == (0, "")
        assert "nothing to resume" in shown.out
        assert touched(sweep) == before


def test_a_finished_sweep_whose_results_are_gone_writes_them_again(here: Path, call: Call) -> None:
    assert call("-m", "optimizer.lr=0.01,0.02", "trainer.epochs=2").code == 0
    [sweep] = (here / "outputs").iterdir()
    content = (sweep / "results.csv").read_bytes()
    (sweep / "results.csv").unlink()
    assert call("resume", "latest").code == 0
    assert (sweep / "results.csv").read_bytes() == content
