"""Runs beside each other: their curves, and what they came to."""

from __future__ import annotations

from pathlib import Path

from dltrain.runs.find import list_runs
from tests.cli.conftest import runs_of
from tests.conftest import Call


def test_runs_are_compared_by_their_curves_and_their_ends(there: Path, call: Call) -> None:
    newest, _, sweep = runs_of(there)
    shown = call("runs", "compare", "@1", f"{sweep.short}/2")
    assert shown.code == 0
    assert shown.out.startswith("val/loss  ")
    # Its letter is 2, which is said unless its id, or the other's, begins with it.
    named = "" if "2" in (newest.short[0], sweep.short[0]) else "2: "
    assert f"  {named}{sweep.short}/2" in shown.out.splitlines()[0]
    head, first, second = shown.out.splitlines()[-3:]
    assert head.split()[:2] == ["id", "status"]
    assert "optimizer.lr" in head
    assert "model" not in head.split()  # they have it in common
    assert first.startswith(newest.short)
    assert second.startswith(f"{sweep.short}/2")


def test_a_sweep_is_compared_by_its_best_members(there: Path, call: Call) -> None:
    *_, sweep = runs_of(there)
    lines = call("runs", "compare", sweep.short).out.splitlines()
    listed = [line.split()[0] for line in lines if line.startswith(f"{sweep.short}/")]
    assert len(listed) == 6
    assert set(listed[-2:]) == {f"{sweep.short}/4", f"{sweep.short}/5"}  # these diverged


def test_runs_that_learn_different_things_are_not_on_one_axis(here: Path, call: Call) -> None:
    assert call("data.num_train=64", "data.num_val=16", "trainer.epochs=3").code == 0
    words = ["data=fashion_mnist", "data.source=sample", "model=softmax", "trainer.epochs=3"]
    assert call(*words).code == 0
    newest, oldest = sorted(list_runs(here / "outputs"), key=lambda run: run.part("data", "name"))
    shown = call("runs", "compare", newest.short, oldest.short).out
    assert f"regression of synthetic: {oldest.short}\n" in shown
    assert "learn different things" in shown
    assert shown.count("val/loss") >= 3  # a chart for each, and the table
    assert call("data.num_train=64", "data.num_val=16", "trainer.epochs=3", "seed=1").code == 0
    alike = [run.short for run in list_runs(here / "outputs") if run.part("data", "name")[0] == "s"]
    assert "different things" not in call("runs", "compare", *alike).out
