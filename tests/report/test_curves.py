"""Learning curves on a page."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dltrain.runs.record import read_record
from tests.conftest import Call, write_record
from tests.report.conftest import written
from tests.report.subjects import (
    block,
    facts_of,
    section,
)


def test_of_a_big_sweep_the_best_curves_and_some_of_the_rest_are_drawn(
    call: Call, sweep: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [source] = Path("outputs").glob("*_sweep_*")
    copy = tmp_path / "outputs" / source.name
    shutil.copytree(source, copy)
    info = read_record(copy / "members/0000/run.json")
    for number in range(9, 240):
        member = copy / f"members/{number:04d}"
        shutil.copytree(copy / "members/0000", member)
        info["result"]["kept"]["val/loss"] = 1000.0 + number
        info["overrides"] = [f"optimizer.lr={1 / number}", "seed=0"]
        write_record(member / "run.json", info)
    monkeypatch.chdir(tmp_path)
    facts = facts_of(written(call, sweep))
    [said, curves] = section(facts, "curves")
    assert "Drawn are 100 of 240 runs" in said["text"]
    assert "The best 8 settings are coloured" in said["text"]
    assert len(curves["runs"]) == 100
    assert [run["name"] for run in curves["runs"]][-1] == "239"  # the worst is among them
    assert len(block(facts, "runs", "table")["rows"]) == 240
