"""Runs and what is said of them as JSON."""

from __future__ import annotations

import json
import os
from pathlib import Path

from dltrain.runs.find import list_runs
from tests.conftest import Call, write_record


def test_show_best_and_compare_write_json(here: Path, call: Call) -> None:
    small = ["data.num_train=64", "data.num_val=16", "trainer.epochs=2", "device.threads=1"]
    assert call(*small).code == 0
    assert call(*small, "optimizer.lr=1e30").code == 3
    one, other = [run.short for run in list_runs(here / "outputs")]
    (here / "outputs" / "2026-01-01_a_\x1b[31m").mkdir()
    write_record(
        here / "outputs" / "2026-01-01_a_\x1b[31m" / "run.json",
        {"status": "running", "pid": 2**30, "host": os.uname().nodename, "overrides": ["a=\x1b"]},
    )
    for words in (["show", one], ["show", other], ["show", "2026-01-01"]):
        shown = call("runs", *words, "--json")
        assert shown.out.isascii()
        assert "\x1b" not in shown.out
        assert set(json.loads(shown.out)) == {"fields", "record", "folder"}
    best = json.loads(call("runs", "best", "--json").out)
    assert best["metric"] == "val/loss"
    assert best["best"] == best["ranking"][0]
    assert isinstance(best["best"]["val/loss"], float)
    both = json.loads(call("runs", "compare", one, other, "--json").out)
    assert {run["status"] for run in both} == {"diverged", "done"}


def test_a_sweep_and_its_best_are_json(here: Path, call: Call) -> None:
    sweep = ["-m", "data.num_train=64", "data.num_val=16", "trainer.epochs=2", "device.threads=1"]
    assert call(*sweep, "optimizer.lr=0.01,0.1").code == 0
    shown = json.loads(call("runs", "show", "latest", "--json").out)
    assert len(shown["members"]) == 2
    best = json.loads(call("runs", "best", "latest", "--json").out)
    assert best["best"]["value"] == best["rows"][0]["val/loss"]
    assert [row["member"] for row in best["rows"]] == [best["best"]["index"], 0]
