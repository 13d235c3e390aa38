"""Runs followed while they are trained."""

from __future__ import annotations

import time
from pathlib import Path

from dltrain.runs.find import list_runs
from tests.cli.conftest import runs_of
from tests.conftest import Call, command
from tests.torture.forks import start


def test_a_run_is_followed_until_it_ends(there: Path) -> None:
    training = start(there, ["trainer.epochs=100", "data.num_train=6000"])
    while len(list_runs(there / "outputs")) < 4:
        time.sleep(0.01)
    shown = command("runs", "tail", folder=there)
    assert training.finish().code == 0
    assert shown.code == 0
    first, head, *rows, last = shown.out.splitlines()
    assert first.endswith(": running")
    assert head.split()[:3] == ["epoch", "step", "lr"]
    epochs = [int(row.split()[0].replace(",", "")) for row in rows]
    assert epochs == list(range(epochs[0], 101))  # none twice, none left out
    assert last.startswith("done: val/loss ")


def test_what_has_ended_is_shown_at_once(there: Path, call: Call) -> None:
    assert len(call("runs", "tail", "@1").out.splitlines()) == 1 + 1 + 3 + 1
    *_, sweep = runs_of(there)
    lines = call("runs", "tail", sweep.short).out.splitlines()
    assert [line.split()[0] for line in lines[1:-1]] == [f"{sweep.short}/{n}" for n in range(6)]
    assert lines[1].endswith("(1/6)")
