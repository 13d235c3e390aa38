"""Run folders read back: found by any name, and only ever data."""

from __future__ import annotations

import datetime
import math
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dltrain.runs.find import find, list_runs
from dltrain.runs.layout import FORMAT
from dltrain.runs.record import read_record
from dltrain.runs.run import Run, read
from dltrain.system.environment import process_start
from tests.conftest import Call, tree, write_record
from tests.runs.conftest import SECRET, SWEEP, Make


def test_a_sweep_of_a_dead_process_has_crashed(sweep: Path) -> None:
    info = {"status": "running", "host": socket.gethostname(), "pid": 2**30}
    write_record(sweep / "sweep.json", info)
    assert read(sweep).status == "crashed"


def test_a_sweep_that_cannot_be_read_is_listed_as_such(sweep: Path, three: Path) -> None:
    (sweep / "sweep.json").write_text("{")
    assert [run.status for run in list_runs(three)] == ["done", "unreadable", "done", "done"]
    with pytest.raises(ValueError, match=r"sweep\.json: is not JSON"):
        find("s3p7", three)


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "is not JSON"), ("[]", "is not a run's record"), ('{"a": ' * 10_000, "is not JSON")],
    ids=range(3),
)
def test_what_holds_no_object_is_no_record(here: Path, text: str, message: str) -> None:
    (here / "plan.json").write_text(text)
    with pytest.raises(ValueError, match=rf"plan\.json: {message}"):
        read_record(here / "plan.json")


def test_an_object_is_read_as_it_is(here: Path) -> None:
    info = {"format": FORMAT, "a": [1, None], "b": {"c": "ü"}}
    write_record(here / "plan.json", info)
    assert read_record(here / "plan.json") == info


# Status.


def process(**info: Any) -> Run:
    return Run(Path("x"), {"status": "running", "host": socket.gethostname()} | info)


def test_a_run_of_a_living_process_is_running() -> None:
    pid = os.getpid()
    assert process(pid=pid).status == "running"
    assert process(pid=pid, pid_started=process_start(pid)).status == "running"


def test_a_run_of_a_dead_process_has_crashed() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    assert process(pid=child.pid).status == "crashed"


def test_a_run_of_an_earlier_process_of_that_number_has_crashed() -> None:
    assert process(pid=os.getpid(), pid_started="1").status == "crashed"


@pytest.mark.parametrize(
    "pid",
    [
        None,
        "1",
        -1,
        0,
        1.5,
        2**30,
        10**30,
    ],
)
def test_a_run_without_a_process_has_crashed(pid: object) -> None:
    assert process(pid=pid).status == "crashed"


def test_of_another_machine_nothing_is_known() -> None:
    assert process(host="elsewhere", pid=2**30).status == "running"


@pytest.mark.parametrize("status", ["done", "failed", "diverged", "interrupted"])
def test_what_has_ended_stays_as_recorded(status: str) -> None:
    assert Run(Path("x"), {"status": status, "pid": 1}).status == status


# Reading.


def test_the_age_counts_from_the_start() -> None:
    started = datetime.datetime.now().astimezone() - datetime.timedelta(minutes=5)
    age = Run(Path("x"), {"started": started.isoformat()}).age_seconds
    assert age == pytest.approx(300, abs=5)


@pytest.mark.parametrize("started", [None, 7, "yesterday", "2026-01-01T00:00:00"])
def test_an_age_that_is_not_recorded_is_nan(started: object) -> None:
    assert math.isnan(Run(Path("x"), {"started": started}).age_seconds)


def test_parts_are_found_or_none() -> None:
    run = Run(Path("x"), {"data": {"rows": {"train": 3}}, "model": 7})
    assert run.part("data", "rows", "train") == 3
    assert run.part("data", "name") is None
    assert run.part("model", "name") is None


def test_metrics_are_read_without_a_torn_last_line(make: Make) -> None:
    folder = make(metrics="epoch,val/loss\n1,0.5\n2,0.2")
    assert read(folder).metrics() == [{"epoch": "1", "val/loss": "0.5"}]


def test_a_run_without_metrics_has_none(make: Make) -> None:
    assert read(make()).metrics() == []


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"a": ' * 10_000, "\x00"])
def test_a_record_that_cannot_be_read_is_listed_as_such(make: Make, text: str) -> None:
    folder = make()
    (folder / "run.json").write_text(text)
    with pytest.raises(ValueError, match=r"run\.json"):
        read(folder)
    [run] = list_runs(folder.parent)
    assert run.status == "unreadable"


def test_linked_metrics_are_refused(make: Make, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text(f"epoch\n{SECRET}\n")
    folder = make()
    (folder / "metrics.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(ValueError, match="is no plain file"):
        read(folder).metrics()


def test_a_file_that_is_too_large_is_refused(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dltrain.runs.record.MAX_RECORD_BYTES", 10)
    with pytest.raises(ValueError, match="is larger than 10 bytes"):
        read(make())


# A stranger's run, shown.


STRANGE: dict[str, dict[str, Any]] = {
    "nothing": {},
    "wrong types": {"data": 7, "model": [], "result": "x", "versions": 3, "git": []},
    "markup": {"data": {"name": "[red][/x]"}, "model": {"name": "\x1b[31m"}},
    "deep": {"overrides": [[[]], {"a": 1}], "data": {"rows": {"train": {}}}},
    "text for numbers": {"result": {"best": {"metric": "a", "value": "x"}, "test": {"a": "b"}}},
    "nan": {"result": {"best": {"metric": "a", "value": math.nan}}},
    "infinity": {"result": {"best": {"metric": "a", "value": math.inf}}},
    "a huge number": {"result": {"best": {"metric": "a", "value": 10**400}}},
    "words of another type": {"overrides": 5, "command": 7},
    "a metric of another type": {"result": {"test": {"test/accuracy": [1]}}},
}


@pytest.mark.parametrize("name", STRANGE)
def test_a_strangers_record_is_only_shown(make: Make, call: Call, here: Path, name: str) -> None:
    make(**STRANGE[name])
    before = tree(here)
    for words in (["runs"], ["runs", "show", "latest"]):
        shown = call(*words)
        assert (shown.code, shown.err) == (0, "")
        assert "\x1b" not in shown.out
    assert tree(here) == before


@pytest.mark.parametrize(
    "metrics",
    [
        "",
        "\n",
        "epoch\n",
        "epoch,a\n1,2,3\n1\n",
        "epoch,[/x]\n1,\x1b[31m\n",
        "epoch\nnan\n",
        "epoch,a\n1,inf\n",
        f"epoch\n{'x' * 200_000}\n",
    ],
    ids=range(8),
)
def test_strange_metrics_are_only_shown(make: Make, call: Call, metrics: str) -> None:
    make(metrics=metrics)
    shown = call("runs", "show", "latest")
    assert (shown.code, shown.err) == (0, "")
    assert "\x1b" not in shown.out


STRANGE_SWEEPS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "wrong types": {"status": 7, "varying": 7, "metric": [], "members": "x", "command": 7},
    "markup": {"varying": ["[red][/x]"], "metric": "\x1b[31m", "members": "\x1b[31m"},
    "deep": {"varying": [[[]], {"a": 1}], "command": [[[]]]},
    "counts that are no numbers": {"counts": {"done": [1], "\x1b[31m": {}}},
}


@pytest.mark.parametrize("name", STRANGE_SWEEPS)
def test_a_strangers_sweep_is_only_shown(sweep: Path, call: Call, here: Path, name: str) -> None:
    write_record(sweep / "sweep.json", STRANGE_SWEEPS[name])
    before = tree(here)
    for words in (["runs"], ["runs", "ls", "s3p7"], ["runs", "show", "s3p7"]):
        shown = call(*words)
        assert (shown.code, shown.err) == (0, "")
        assert "\x1b" not in shown.out
    assert tree(here) == before


@pytest.mark.parametrize("counts", [7, ["done"], "done"], ids=str)
def test_a_strangers_counts_that_are_no_mapping_are_no_error(
    sweep: Path, call: Call, counts: object
) -> None:
    write_record(sweep / "sweep.json", {"counts": counts})
    shown = call("runs", "show", "s3p7")
    assert (shown.code, shown.err) == (0, "")


@pytest.mark.parametrize("name", STRANGE)
def test_a_strangers_member_is_only_shown(
    sweep: Path, make: Make, call: Call, here: Path, name: str
) -> None:
    write_record(sweep / "sweep.json", {"metric": "a", "varying": ["seed"]})
    make(f"{SWEEP}/members/0003", **STRANGE[name])
    before = tree(here)
    for words in (["runs", "ls", "s3p7"], ["runs", "show", "s3p7"], ["runs", "show", "s3p7/3"]):
        shown = call(*words)
        assert (shown.code, shown.err) == (0, "")
        assert "\x1b" not in shown.out
    assert tree(here) == before


def test_an_age_that_is_not_known_is_not_made_up(make: Make, call: Call) -> None:
    make()
    assert call("runs").out.splitlines()[1].split()[3] == "-"
