"""The whole house in a few seconds: train, list, show."""

from __future__ import annotations

from pathlib import Path

from dltrain.runs.find import list_runs
from tests.conftest import Call


def test_a_run_is_trained_listed_and_shown(here: Path, call: Call) -> None:
    trained = call("data.num_train=64", "data.num_val=64", "trainer.epochs=10")  # 20 steps
    assert (trained.code, trained.err) == (0, "")

    [run] = list_runs(here / "outputs")
    losses = [float(row["val/loss"]) for row in run.metrics()]
    assert losses[-1] < losses[0]

    listed = call("runs")
    assert listed.code == 0
    assert run.short in listed.out
    assert "trainer.epochs" in listed.out

    shown = call("runs", "show", "latest")
    assert shown.code == 0
    assert shown.out.splitlines()[0].split() == ["run", run.id]
    assert "status     done (exit code 0)" in shown.out
