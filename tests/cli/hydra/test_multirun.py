"""A sweep by Hydra's own engine, with dltrain as the job."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.conftest import Call, changed, command, tree
from tests.torture.forks import program

JOB = ("device=cpu", "trainer.epochs=2", "data.num_train=64", "data.num_val=32")


def test_hydras_launcher_trains_each_job_as_a_run_of_its_own(here: Path) -> None:
    shown = command("-m", "hydra/launcher=basic", *JOB, "optimizer.lr=0.03,0.1", folder=here)
    assert (shown.code, shown.err) == (0, "")
    records = [json.loads(f.read_text()) for f in sorted(here.glob("outputs/*/run.json"))]
    assert {record["config"]["optimizer"]["lr"] for record in records} == {0.03, 0.1}
    assert {record["status"] for record in records} == {"done"}
    for record in records:
        best = record["result"]["best"]
        assert f"{record['id']} done val/loss {best['value']:.6g}" in shown.out
    # Hydra's own files lie beside the runs, not among them.
    assert [path.name for path in (here / "outputs").iterdir() if "_" not in path.name] == [
        "multirun"
    ]


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


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["optimzer.lr=0.1,0.2"],
            "optimzer.lr (command line): unknown key; did you mean optimizer.lr?",
        ),
        (["optimizer.lr=-1"], "optimizer.lr=-1 (command line): must be at least 0: learning rate"),
        (
            ["model=linear", "model.hidden=[3],[4]"],
            "model=linear has no hidden; model=mlp has one",
        ),
        (
            ["sweep.repeat=2"],
            "sweep.repeat=2: belongs to dltrain's own sweeps, not to Hydra's",
        ),
        (
            ["seed=1,-1"],
            "seed=-1 (command line): must be at least 0 and at most 4,294,967,295: fixes initial "
            "weights, order of rows and dropout",
        ),
        (
            ["hydra.sweeper.max_batch_size=0", "seed=1,2"],
            "hydra.sweeper.max_batch_size=0: must be at least 1",
        ),
        (
            ["seed=interval(1,2)"],
            "seed=interval(1,2): an interval has no list of values; write choice(A,B), or let a "
            "sweeper choose: hydra/sweeper=optuna",
        ),
        (
            ["--dry-run"],
            "--dry-run: another engine makes its plan as it goes; without hydra/launcher and "
            "hydra/sweeper, -m --dry-run prints dltrain's own",
        ),
        (
            ["--resume", "latest"],
            "--resume: another engine's sweep cannot go on; dltrain resume RUN goes on with one "
            "run of it",
        ),
        (
            ["--cfg=job"],
            "--cfg: prints one run's config; leave out -m, hydra/launcher and hydra/sweeper",
        ),
    ],
)
def test_what_no_job_can_use_is_refused_before_hydra_starts(
    words: list[str], message: str, call: Call, here: Path
) -> None:
    shown = call("-m", "hydra/launcher=basic", *words)
    assert (shown.code, shown.err) == (2, f"dltrain: error: {message}\n")
    assert list(here.iterdir()) == []


def test_an_engine_that_is_not_installed_is_named_with_its_package(call: Call, here: Path) -> None:
    shown = call("-m", "hydra/sweeper=nosuch", "optimizer.lr=0.1")
    assert shown.code == 2
    assert "hydra/sweeper=nosuch: is not installed (there are: basic" in shown.err


def test_a_group_that_is_swept_may_have_keys_of_its_own(here: Path) -> None:
    words = ["model=linear,mlp", "data=synthetic"]
    shown = command("-m", "hydra/launcher=basic", *JOB, *words, folder=here)
    assert shown.code == 0
    assert len(list(here.glob("outputs/*/run.json"))) == 2


def test_an_engine_is_of_sweeps_only(call: Call, here: Path) -> None:
    shown = call("hydra/launcher=joblib")
    message = "hydra/launcher=joblib: belongs to a sweep; add -m, or leave it out"
    assert (shown.code, shown.err) == (2, f"dltrain: error: {message}\n")


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_a_sweep_folder_that_cannot_be_one_is_refused(name: str, call: Call, here: Path) -> None:
    (here / "file").touch()
    shown = call("-m", "hydra/launcher=basic", *JOB, f"hydra.sweep.dir={name}", "seed=1,2")
    assert shown.code == (2 if name == "file" else 4)
    assert shown.err.count("\n") == 1
    assert tree(here) == ["file"]


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


@pytest.mark.proof
def test_joblib_trains_jobs_beside_one_another(here: Path) -> None:
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    words = ["hydra/launcher=joblib", "optimizer.lr=0.03,1e30"]
    shown = command("-m", *words, *JOB, folder=here)
    assert (shown.code, shown.err) == (0, "")
    assert "jobs    2: 1 diverged, 1 done" in shown.out


@pytest.mark.parametrize(
    ("words", "sentence", "direction"),
    [
        ([*JOB], "val/loss, lower is better", "minimize"),
        ([*JOB, "hydra.sweeper.direction=maximize"], "val/loss, higher is better", "maximize"),
        (
            ["model=softmax", "data=fashion_mnist", "data.source=sample", "trainer.epochs=1"],
            "val/accuracy, higher is better",
            "maximize",
        ),
    ],
)
def test_optuna_is_told_which_way_the_metric_is_better(
    words: list[str], sentence: str, direction: str, here: Path
) -> None:
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper")
    engine = ["hydra/sweeper=optuna", "hydra.sweeper.n_trials=2", "optimizer.lr=interval(0.01,0.1)"]
    shown = command("-m", *engine, *words, folder=here)
    assert (shown.code, shown.err) == (0, "")
    assert f"searches  {sentence}\n" in shown.out
    assert f"Directions: ['{direction}']" in shown.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "hydra/sweeper=optuna: there is nothing to search; give a key values, such as "),
        (["hydra.sweeper.n_trials=0", "seed=1,2"], "hydra.sweeper.n_trials=0: must be at least 1"),
        (["hydra.sweeper.n_jobs=0", "seed=1,2"], "hydra.sweeper.n_jobs=0: must be at least 1"),
        (["hydra.sweeper.n_trials=a", "seed=1,2"], "Hydra's settings cannot be used: "),
        (
            ["hydra.sweeper.direction=up", "seed=1,2"],
            "hydra.sweeper.direction=up: must be maximize or minimize",
        ),
        (["optimizer.lr=interval(-1,1)"], "optimizer.lr=-1 (command line): must be at least 0"),
        (["optimizer.lr=interval(2,1)"], "hydra/sweeper=optuna: cannot begin (ValueError: "),
    ],
)
def test_what_optuna_cannot_search_is_refused_in_one_line(
    words: list[str], message: str, here: Path
) -> None:
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper")
    shown = command("-m", "hydra/sweeper=optuna", *words, folder=here)
    assert shown.code == 2
    assert shown.err.startswith(f"dltrain: error: {message}")
    assert shown.err.count("\n") == 1
    assert tree(here) == []


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
