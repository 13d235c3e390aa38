"""What can be said of a run in a word or a number, from records that may be a stranger's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dltrain.runs.compare.fields import fields, reached_by, typed_keys
from dltrain.runs.run import read
from tests.conftest import Call, write_record

LAST = {"epoch": 4.0, "step": 8.0, "lr": 0.3, "val/loss": 0.5, "val/accuracy": 0.7}
BEST = {"epoch": 2.0, "step": 4.0, "lr": 0.3, "val/loss": 0.6, "val/accuracy": 0.8}
DONE: dict[str, Any] = {
    "status": "done",
    "started": "2026-01-01T10:00:00+00:00",
    "finished": "2026-01-01T10:01:30+00:00",
    "seconds": 2.41,
    "overrides": ["optimizer.lr=0.3", "output_dir=x"],
    "data": {"name": "table"},
    "model": {"name": "mlp", "parameters": 12},
    "config": {"optimizer": {"kind": "sgd", "lr": 0.3}, "seed": 1},
    "metric": "val/accuracy",
    "keep": "last",
    "result": {
        "final": LAST,
        "best": {"metric": "val/accuracy", "value": 0.8, "epoch": 2},
        "kept": {**LAST, "test/accuracy": 0.75},
        "findings": {"w_error": 0.1},
    },
}
METRICS = "epoch,step,lr,train/loss,val/loss\n1,2,0.1,0.9,0.8\n2,4,0.1,0.7,0.6\n3,6,0.1,0.6,0.65\n"


def made(folder: Path, info: dict[str, Any], metrics: str | None = None) -> dict[str, Any]:
    write_record(folder / "run.json", info)
    if metrics is not None:
        (folder / "metrics.csv").write_text(metrics)
    return fields(read(folder))


def test_a_finished_run_says_what_it_was_told_and_what_came_of_it(tmp_path: Path) -> None:
    found = made(tmp_path, DONE)
    assert found["optimizer.lr"] == 0.3
    assert found["optimizer"] == "sgd"
    assert (found["data"], found["model"], found["parameters"]) == ("table", "mlp", 12)
    assert found["duration"] == 2.41  # not the 90 between two stamps
    assert (found["epoch"], found["val/loss"], found["test/accuracy"]) == (4, 0.5, 0.75)
    assert found["fit/w_error"] == 0.1
    assert "lr" not in found
    assert "message" not in found


def test_where_the_last_epoch_is_kept_the_best_has_names_of_its_own(tmp_path: Path) -> None:
    found = made(tmp_path, DONE)
    assert (found["best/epoch"], found["best/val/accuracy"]) == (2, 0.8)
    assert (found["val/accuracy"], reached_by(read(tmp_path))) == (0.7, ("val/accuracy", 0.7))
    assert not [name for name in found if name.startswith("last/")]


def test_where_the_best_epoch_is_kept_the_last_has_names_of_its_own(tmp_path: Path) -> None:
    kept = {**BEST, "test/accuracy": 0.85}
    found = made(tmp_path, DONE | {"keep": "best", "result": DONE["result"] | {"kept": kept}})
    assert (found["epoch"], found["val/accuracy"], found["test/accuracy"]) == (2, 0.8, 0.85)
    assert (found["last/epoch"], found["last/val/accuracy"], found["last/val/loss"]) == (
        4,
        0.7,
        0.5,
    )
    assert not [name for name in found if name.startswith("best/")]


def test_where_the_best_epoch_is_the_last_each_number_has_one_name(tmp_path: Path) -> None:
    best = {"metric": "val/accuracy", "value": 0.7, "epoch": 4}
    found = made(tmp_path, DONE | {"result": DONE["result"] | {"best": best}})
    assert (found["epoch"], found["val/accuracy"]) == (4, 0.7)
    assert not [name for name in found if name.startswith(("best/", "last/"))]


def test_a_run_that_was_killed_tells_of_the_epochs_it_recorded(tmp_path: Path) -> None:
    dead = DONE | {"status": "running", "pid": 2**22 + 5, "host": "nowhere", "result": None}
    dead |= {"metric": "val/loss"}
    found = made(tmp_path, dead, METRICS)
    assert (found["best/epoch"], found["best/val/loss"]) == (2, 0.6)
    assert (found["epoch"], found["train/loss"], found["val/loss"]) == (3, 0.6, 0.65)
    assert reached_by(read(tmp_path)) == ("val/loss", 0.65)
    found = made(tmp_path, dead | {"keep": "best"}, METRICS)
    assert (found["epoch"], found["train/loss"], found["val/loss"]) == (2, 0.7, 0.6)
    assert (found["last/epoch"], found["last/val/loss"]) == (3, 0.65)
    assert reached_by(read(tmp_path)) == ("val/loss", 0.6)


@pytest.mark.parametrize(
    "metrics", ["", "epoch\n", "a,b\n1,2\n", METRICS.replace("0.6", "nan"), "\0\n\0\n"]
)
def test_metrics_that_tell_nothing_are_no_metrics(tmp_path: Path, metrics: str) -> None:
    found = made(tmp_path, DONE | {"result": None}, metrics)
    assert all(value == value for value in found.values())  # no nan


@pytest.mark.parametrize(
    "part",
    [
        {"result": []},
        {"result": {"final": [1], "best": "x", "kept": 3}},
        {"result": {"final": [1], "best": {"metric": "val/loss"}, "kept": {"epoch": [2]}}},
        {"metric": [1], "keep": {}},
        {"result": {"final": {"val/loss": 10**400, "epoch": "x"}, "best": {"metric": 3}}},
        {"config": [1]},
        {"config": {"optimizer": "sgd"}},
        {"overrides": {"a": 1}},
        {"started": 5, "finished": []},
        {"started": "2026-01-01T10:00:00"},
    ],
)
def test_a_strangers_record_is_no_reason_to_stop(tmp_path: Path, part: dict[str, Any]) -> None:
    found = made(tmp_path, DONE | part)
    assert found["status"] == "done"
    assert all(value is not None for value in found.values())


def test_what_was_typed_names_the_keys_but_not_where_runs_go(tmp_path: Path) -> None:
    made(tmp_path, DONE)
    assert typed_keys(read(tmp_path)) == ["optimizer.lr"]


def test_a_label_is_a_field(here: Path, call: Call) -> None:
    assert call("trainer.epochs=1").code == 0
    assert call("runs", "label", "latest", "first try").out.endswith(": first try\n")
    run = read(next((here / "outputs").iterdir()))
    assert fields(run)["label"] == "first try"
