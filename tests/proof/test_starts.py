"""Runs started in the same second get folders of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dltrain.runs.find import list_runs
from dltrain.system import disk
from tests.terminals import metrics
from tests.torture import starts

pytestmark = pytest.mark.proof


@pytest.mark.parametrize("seed", [0, 1])
def test_fifty_starts_in_the_same_second_give_fifty_folders(seed: int) -> None:
    report = starts.prove(50, seed)
    report.check()
    assert report.tried == 50


def test_the_proof_sees_runs_that_share_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(path: Path) -> bool:
        path.mkdir(parents=True, exist_ok=True)
        return True

    monkeypatch.setattr(disk, "make_folder", careless)
    report = starts.prove(50)
    assert any("50 runs left" in sentence for sentence in report.wrong)


def test_six_commands_started_together_are_six_runs(here: Path) -> None:
    words = ["data.num_train=64", "trainer.epochs=2", "device.threads=1"]
    line = [sys.executable, "-m", "dltrain", *words]
    commands = [
        subprocess.Popen(line, cwd=here, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    ends = [(*command.communicate(), command.returncode) for command in commands]
    assert [(err, code) for _, err, code in ends] == [("", 0)] * 6
    runs = list_runs(here / "outputs")
    assert [run.status for run in runs] == ["done"] * 6
    assert {run.id for run in runs} == {out.split()[1] for out, _, _ in ends}
    assert {run.info["pid"] for run in runs} == {command.pid for command in commands}
    assert len(set(metrics(here))) == 1
