"""A sweep by Hydra's own engine, with dltrain as the job."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Call, command

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
    assert shown.code == 0
    assert "diverged val/loss inf" in shown.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["optimzer.lr=0.1,0.2"], "optimzer.lr: unknown key; did you mean optimizer.lr?"),
        (["optimizer.lr=-1"], "optimizer.lr=-1 (command line): must be at least 0: learning rate"),
        (
            ["model=linear", "model.hidden=[3],[4]"],
            "model.hidden: model=linear has no hidden; model=mlp has one",
        ),
        (
            ["sweep.repeat=2"],
            "sweep.repeat=2: belongs to dltrain's own sweeps, not to Hydra's",
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
