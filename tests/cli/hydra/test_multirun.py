"""A sweep by Hydra's own engine, with dltrain as the job."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.hydra.conftest import JOB
from tests.conftest import Call, command, tree


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


@pytest.mark.proof
def test_joblib_trains_jobs_beside_one_another(here: Path) -> None:
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    words = ["hydra/launcher=joblib", "optimizer.lr=0.03,1e30"]
    shown = command("-m", *words, *JOB, folder=here)
    assert (shown.code, shown.err) == (0, "")
    assert "jobs    2: 1 diverged, 1 done" in shown.out
