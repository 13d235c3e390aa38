"""The jobs of a sweep by another engine."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import time
from pathlib import Path

from tests.cli.hydra.conftest import JOB
from tests.conftest import changed, command
from tests.torture.forks import program


def test_a_job_that_diverges_is_infinitely_bad(here: Path) -> None:
    shown = command("-m", "hydra/launcher=basic", *JOB, "optimizer.lr=1e30", folder=here)
    assert shown.code == 3
    assert re.search(r"linear-synthetic_\w{4} diverged ", shown.out)
    assert " inf" not in shown.out  # what a sweeper is told is no result
    [jobs] = here.glob("outputs/multirun/*/jobs.jsonl")
    assert json.loads(jobs.read_text().splitlines()[-1])["value"] is None
    assert shown.err == (
        "dltrain: error: the only job diverged, so none is best; "
        "try smaller values of optimizer.lr\n"
    )


def test_a_job_that_fails_leaves_the_others_alone_and_says_why(here: Path) -> None:
    (here / "a.csv").write_text("a,y\n" + "1,2.5\n2,3.1\n3,5.2\n4,4.7\n" * 4)
    (here / "b.csv").write_text("a,y\n" + "1,\n" * 8)
    words = ["data=csv", "data.path=a.csv,b.csv", "data.target=y", "device=cpu", "trainer.epochs=2"]
    shown = command("-m", "hydra/launcher=basic", *words, folder=here)
    assert shown.code == 1
    assert shown.err.startswith("dltrain: error: 1 of 2 jobs failed; job 1: b.csv")
    assert shown.err.count("\n") == 1
    [jobs] = here.glob("outputs/multirun/*/jobs.jsonl")
    ended = [json.loads(line)["status"] for line in jobs.read_text().splitlines()]
    assert ended == ["running", "done", "running", "failed"]


def test_ctrl_c_keeps_the_job_under_way_and_begins_no_other(here: Path) -> None:
    line = [*shlex.split(program()), "-m", "hydra/launcher=basic"]
    line += changed(JOB, "trainer.epochs=100000", "seed=1,2")
    with subprocess.Popen(line, cwd=here, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as sweep:
        while not any(here.glob("outputs/*/metrics.csv")):
            time.sleep(0.05)
            assert sweep.poll() is None
        sweep.send_signal(signal.SIGINT)
        _, told = sweep.communicate(timeout=30)
    assert sweep.returncode == 130
    line_told = "interrupted; 1 interrupted; dltrain runs lists their runs"
    assert told.decode() == f"dltrain: error: {line_told}\n"
    [record] = here.glob("outputs/*/run.json")
    assert json.loads(record.read_text())["status"] == "interrupted"
