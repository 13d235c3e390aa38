"""The best setting of a sweep, or of all runs on the same data."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from dltrain.runs.find import find
from dltrain.runs.run import read
from tests.cli.conftest import rows_of, runs_of, short_of
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
        assert re.search(rf"^note +member 1: {re.escape(learning)}$", shown.out, re.MULTILINE)
        assert hopeless not in shown.out
        assert re.search(r"^baseline +val/rmse: mean ", shown.out, re.MULTILINE)


def test_a_sweeps_table_is_the_same_in_every_format(there: Path, call: Call) -> None:
    *_, sweep = runs_of(there)
    best = ("runs", "best", sweep.short)
    [row] = rows_of(call(*best, "--csv", "--columns", "lr,mean,sd,n"))[:1]
    facts = json.loads(call(*best, "--json").out)
    assert row["optimizer.lr"] == facts["rows"][0]["optimizer.lr"] == "0.1"
    assert float(row["mean val/loss"]) == facts["rows"][0]["mean val/loss"]
    deviation = float(row["sd"])
    places = 1 - int(f"{deviation:.1e}".partition("e")[2])
    mean, sd = (f"{float(row[name]):.{places}f}" for name in ("mean val/loss", "sd"))
    assert f"| 0.1 | {mean} | {sd} | 2 | best |\n" in call(*best, "--md").out
    assert f"$0.1$ & ${mean} \\pm {sd}$ & $2$ & best \\\\\n" in call(*best, "--latex").out
    assert call(*best).out.splitlines()[1].split() == ["0.1", mean, sd, "2", "best"]


def test_a_table_is_a_sweeps(there: Path, call: Call) -> None:
    shown = call("runs", "best", "--latex")
    assert (shown.code, shown.out) == (2, "")
    assert shown.err.startswith("dltrain: error: --latex: is of a sweep's table, so name the sweep")


WIDE = ("data=csv", "data.path=t.csv", "data.target=y", "data.test_fraction=0.2",
        "data.val_fraction=0.2", "trainer.epochs=1", "model=linear", "optimizer=sgd")  # fmt: skip


@pytest.fixture
def wide(here: Path) -> Path:
    """Stand beside a table."""
    rows = "".join(f"{i},{i * i % 17},{3 * i % 20}\n" for i in range(90))
    (here / "t.csv").write_text(f"a,b,y\n{rows}")
    return here


@pytest.mark.usefixtures("wide")
def test_where_there_is_no_room_what_matters_least_goes_and_is_named(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    varied = ("optimizer.lr=0.01,0.1", "optimizer.momentum=0,0.9", "sweep.repeat=2")
    short = short_of(call("-m", *WIDE, *varied))
    wide = call("runs", "best", short).out
    assert "sd test/rmse" in wide.splitlines()[0]
    assert "no room for" not in wide
    monkeypatch.setenv("COLUMNS", "80")
    narrow = call("runs", "best", short).out.splitlines()
    assert max(map(len, narrow[:5])) <= 80
    assert "no room for sd test/rmse; dltrain runs best --columns has it" in narrow
    assert "mean test/rmse" in narrow[0]


@pytest.mark.usefixtures("wide")
def test_a_choice_by_test_rows_is_called_one_everywhere(call: Call) -> None:
    said = "chosen by test rows: these figures are no estimate for new rows"
    shown = call("-m", *WIDE, "optimizer.lr=0.01,0.1", "sweep.metric=test/loss")
    assert said in shown.out.splitlines()
    short = short_of(shown)
    for form in ("--md", "--latex", "--json"):
        assert said in call("runs", "best", short, form).out
        assert said not in call("runs", "best", short, form, "--metric", "val/loss").out
    as_csv = call("runs", "best", short, "--csv")
    assert (said in as_csv.out, said in as_csv.err) == (False, True)


@pytest.mark.usefixtures("wide")
def test_splits_are_averaged_and_no_command_offers_the_luckiest(call: Call) -> None:
    shown = call("-m", *WIDE, "data.seed=1,2,3", "optimizer.lr=0.01,0.1")
    assert shown.code == 0
    listed, best = call("runs").out, call("runs", "best", "latest").out
    for text in (shown.out, best):
        title = "best mean at" if "beside the best mean, " in text else "best setting"
        assert re.search(rf"^{title}  optimizer.lr=", text, re.MULTILINE)
        [mean] = [line for line in text.splitlines() if line.startswith("mean  ")]
        assert "(mean of 3, sd " in mean
        assert "95 % interval [" in mean
        assert not any(word in text for word in ("seed=1", "seed=2", "seed=3", "command"))
    assert "(mean of 3)" in listed
    values = [float(r["val/loss"]) for r in rows_of(call("runs", "ls", "latest", "--csv"))
              if r["optimizer.lr"] == best.partition("optimizer.lr=")[2].split()[0]]  # fmt: skip
    [row] = rows_of(call("runs", "best", "latest", "--csv"))[:1]
    assert float(row["mean val/loss"]) == pytest.approx(sum(values) / 3)
