"""The best setting of a sweep, or of all runs on the same data."""

from __future__ import annotations

import re
from pathlib import Path

from dltrain.runs.find import find
from dltrain.runs.run import read
from tests.cli.conftest import rows_of, runs_of
from tests.conftest import Call, write_record


def test_the_best_setting_of_a_sweep_says_what_is_noise(there: Path, call: Call) -> None:
    *_, sweep = runs_of(there)
    shown = call("runs", "best", sweep.short)
    head, first, *_ = shown.out.splitlines()
    assert head.split()[:3] == ["optimizer.lr", "mean", "val/loss"]
    assert first.startswith("0.1 ")
    assert "best" in first
    assert "noise " in shown.out
    assert "without a result: 2" in shown.out
    assert f"dltrain predict {sweep.short}/" in shown.out


def test_the_best_by_another_metric(there: Path, call: Call) -> None:
    *_, sweep = runs_of(there)
    shown = call("runs", "best", sweep.short, "--metric", "fit/w_error")
    assert "mean fit/w_error" in shown.out
    assert shown.code == 0
    assert call("runs", "best", "sweep", "--metric", "x").code == 2


def test_the_best_of_all_learned_from_the_same_data(there: Path, call: Call) -> None:
    shown = call("runs", "best")
    assert shown.code == 0
    assert "house_tiny" not in shown.out
    assert "of    5 finished runs on synthetic" in shown.out
    rows = rows_of(call("runs", "--all", "--sort=val/loss", "--columns=id,val/loss", "--csv"))
    assert f"val/loss {float(rows[0]['val/loss']):.4g}" in shown.out


def test_an_interrupted_sweep_shows_what_it_is_at_and_no_none(there: Path, call: Call) -> None:
    """As Ctrl-C leaves it: one member is done, another was stopped on its way."""
    *_, sweep = runs_of(there)
    stopped = sweep.folder / "members" / "0001" / "run.json"
    before = stopped.read_bytes(), (sweep.folder / "sweep.json").read_bytes()
    write_record(stopped, read(stopped.parent).info | {"status": "interrupted", "exit_code": 130})
    away = sweep.info | {"status": "interrupted", "exit_code": None}
    write_record(sweep.folder / "sweep.json", away)
    try:
        best = call("runs", "best", sweep.short).out
        assert "not finished: 1" in best
        assert "val/loss so far" in best
        assert "5 of 6 members are finished" in best
        assert "interrupted" in best
        shown = call("runs", "show", sweep.short).out
        assert "1 interrupted" in shown
        assert "None" not in shown + best
    finally:
        stopped.write_bytes(before[0])
        (sweep.folder / "sweep.json").write_bytes(before[1])


def test_the_remarks_are_those_of_the_best_member(here: Path, call: Call) -> None:
    ended = call("-m", "optimizer.lr=1e-9,0.1", "trainer.epochs=2")
    assert ended.code == 0
    worse, better = (find(f"latest/{n}", here / "outputs") for n in (0, 1))
    [hopeless] = [text for text in worse.texts("result", "remarks") if "no better than" in text]
    [learning] = [text for text in better.texts("result", "remarks") if "still learning" in text]
    for shown in (ended, call("runs", "best", "latest")):
        assert learning in shown.out
        assert hopeless not in shown.out
        assert re.search(r"^baseline +val/rmse: mean ", shown.out, re.MULTILINE)
