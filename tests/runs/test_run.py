"""Run folders read back: found by any name, and only ever data."""

from __future__ import annotations

import datetime
import json
import math
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dltrain.runs.find import find, list_all, list_runs, members
from dltrain.runs.layout import FORMAT
from dltrain.runs.record import read_record
from dltrain.runs.run import Run, read
from dltrain.system.environment import process_start
from tests.conftest import Call, tree, write_record

Make = Callable[..., Path]
FIRST, SECOND, THIRD = (
    "2026-01-01_10-00-00_linear-synthetic_aaaa",
    "2026-01-02_10-00-00_mlp-synthetic_aabb",
    "2026-02-01_10-00-00_mlp-synthetic_k3f9",
)
SECRET = "hunter2"


@pytest.fixture
def make(here: Path) -> Make:
    """Write a run folder by hand."""

    def make(name: str = FIRST, metrics: str | None = None, **info: Any) -> Path:
        folder = here / "outputs" / name
        folder.mkdir(parents=True)
        write_record(folder / "run.json", {"status": "done"} | info)
        if metrics is not None:
            (folder / "metrics.csv").write_text(metrics)
        return folder

    return make


@pytest.fixture
def three(make: Make, here: Path) -> Path:
    for name in (FIRST, SECOND, THIRD):
        make(name)
    return here / "outputs"


def refusal(name: str, folder: Path) -> str:
    with pytest.raises(ValueError, match=r".") as caught:
        find(name, folder)
    return str(caught.value)


# Finding.


@pytest.mark.parametrize(
    ("name", "found"),
    [
        (THIRD, THIRD),
        ("2026-02", THIRD),
        ("2026-01-01", FIRST),
        ("k3f9", THIRD),
        ("aabb", SECOND),
        ("k3", THIRD),
        ("latest", THIRD),
        ("@1", THIRD),
        ("@3", FIRST),
        (f"outputs/{SECOND}", SECOND),
        (f"./outputs/{SECOND}/", SECOND),
    ],
)
def test_a_run_is_found_by_any_of_its_names(three: Path, name: str, found: str) -> None:
    assert find(name, three).id == found


def test_runs_are_listed_newest_first(three: Path) -> None:
    assert [run.id for run in list_runs(three)] == [THIRD, SECOND, FIRST]
    assert [run.short for run in list_runs(three)] == ["k3f9", "aabb", "aaaa"]


def test_runs_of_one_second_are_listed_in_the_order_they_were_started(
    make: Make, here: Path
) -> None:
    second = "2026-11-24_09-00-00"
    ids = [f"{second}_softmax_zzzz", f"{second}_linear_aaaa", f"{second}_mlp_mmmm"]
    for milliseconds, run_id in enumerate(ids, 998):
        moment = f"2026-11-24T09:00:0{milliseconds // 1000}.{milliseconds % 1000:03}+00:00"
        make(run_id, started=moment)
    assert [run.id for run in list_runs(here / "outputs")] == ids[::-1]
    assert find("latest", here / "outputs").id == ids[-1]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("2026-01", f"2026-01: fits 2 runs, {SECOND}, {FIRST}; give more characters"),
        ("aa", f"aa: fits 2 runs, {SECOND}, {FIRST}; give more characters"),
        ("@0", "@0: the list has rows @1 to @3"),
        ("@4", "@4: the list has rows @1 to @3"),
    ],
)
def test_a_name_that_fits_several_or_none_is_refused(three: Path, name: str, message: str) -> None:
    assert refusal(name, three) == message


def test_an_unknown_name_comes_with_the_nearest(three: Path) -> None:
    assert refusal("k3f8", three) == (
        f"k3f8: no such run in {three}; did you mean k3f9? (dltrain runs lists them)"
    )


def test_without_runs_there_is_nothing_to_find(here: Path) -> None:
    assert refusal("latest", here) == (
        f"latest: there are no runs in {here}; train one with: dltrain output_dir=."
    )
    assert list_runs(here / "nowhere") == []


def test_other_folders_and_files_are_no_runs(three: Path) -> None:
    (three / "zzz").mkdir()
    (three / "sheet.png").write_text("")
    assert len(list_runs(three)) == 3


# Sweeps.

SWEEP = "2026-01-15_10-00-00_sweep-synthetic_s3p7"


@pytest.fixture
def sweep(make: Make, three: Path) -> Path:
    """A sweep of which members 0, 1, 2, 10 and 12 have begun, among three runs."""
    folder = three / SWEEP
    folder.mkdir()
    write_record(folder / "sweep.json", {"status": "done", "members": 20})
    for number in (12, 0, 2, 10, 1):
        make(f"{SWEEP}/members/{number:04d}", seed=number)
    return folder


def test_a_sweep_is_listed_among_the_runs(sweep: Path, three: Path) -> None:
    found = list_runs(three)
    assert [run.id for run in found] == [THIRD, SWEEP, SECOND, FIRST]
    assert [run.is_sweep for run in found] == [False, True, False, False]
    assert (found[1].short, found[1].status, found[1].part("members")) == ("s3p7", "done", 20)


@pytest.mark.parametrize(
    "name", [SWEEP, "2026-01-15", "s3p7", "s3", "@2", f"outputs/{SWEEP}", f"./outputs/{SWEEP}/"]
)
def test_a_sweep_is_found_by_any_of_its_names(sweep: Path, three: Path, name: str) -> None:
    found = find(name, three)
    assert (found.id, found.is_sweep) == (SWEEP, True)


def test_members_come_in_the_order_of_their_numbers(sweep: Path) -> None:
    found = members(read(sweep))
    assert [member.short for member in found] == [f"s3p7/{n}" for n in (0, 1, 2, 10, 12)]
    assert [member.id for member in found][-1] == f"{SWEEP}/0012"
    assert [member.info["seed"] for member in found] == [0, 1, 2, 10, 12]
    assert not any(member.is_sweep for member in found)


def test_more_members_than_four_digits_hold_stay_in_order(make: Make, sweep: Path) -> None:
    for number in (10_000, 9_999, 100_001):
        make(f"{SWEEP}/members/{number:04d}")
    shorts = [member.short for member in members(read(sweep))]
    assert shorts[-3:] == ["s3p7/9999", "s3p7/10000", "s3p7/100001"]


def test_a_sweep_that_has_not_begun_has_no_members(sweep: Path) -> None:
    (sweep / "members").rename(sweep / "elsewhere")
    assert members(read(sweep)) == []


def test_all_runs_are_those_of_sweeps_too_and_no_sweep(sweep: Path, three: Path) -> None:
    assert [run.short for run in list_all(three)] == [
        "k3f9",
        *(f"s3p7/{number}" for number in (0, 1, 2, 10, 12)),
        "aabb",
        "aaaa",
    ]


@pytest.mark.parametrize(
    "name",
    [
        "s3p7/12",
        "s3p7/0012",
        "s3p7/012",
        f"{SWEEP}/12",
        f"{SWEEP}/0012",
        "2026-01-15/12",
        "@2/12",
        f"outputs/{SWEEP}/members/0012",
        f"outputs/{SWEEP}/12",
    ],
)
def test_a_member_is_found_by_its_sweep_and_its_number(sweep: Path, three: Path, name: str) -> None:
    member = find(name, three)
    assert (member.id, member.short) == (f"{SWEEP}/0012", "s3p7/12")
    assert (member.info["seed"], member.is_sweep) == (12, False)


def test_a_member_knows_its_sweep_wherever_one_stands(
    sweep: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(sweep / "members")
    assert read(Path("0012")).id == f"{SWEEP}/0012"
    assert find("./0012", Path()).short == "s3p7/12"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "s3p7/3",
            "s3p7/3: s3p7 has no member 3 that has begun (dltrain runs ls s3p7 lists them)",
        ),
        ("s3p7/x", "s3p7/x: a member is named by its number, as in s3p7/0"),
        ("s3p7/-1", "s3p7/-1: a member is named by its number, as in s3p7/0"),
        ("s3p7/", "s3p7/: a member is named by its number, as in s3p7/0"),
        ("s3p7/..", "s3p7/..: a member is named by its number, as in s3p7/0"),
        ("k3f9/0", f"k3f9/0: {THIRD} is no sweep and has no members"),
        ("s3p7/12/0", f"s3p7/12/0: {SWEEP}/0012 is no sweep and has no members"),
        ("2026-01/0", f"2026-01: fits 3 runs, {SWEEP}, {SECOND}, {FIRST}; give more characters"),
    ],
)
def test_a_member_that_is_not_there_is_refused(
    sweep: Path, three: Path, name: str, message: str
) -> None:
    assert refusal(name, three) == message


def test_a_member_of_a_sweep_that_is_not_there_is_refused(sweep: Path, three: Path) -> None:
    assert "did you mean s3p7?" in refusal("s3p8/0", three)
    assert "there are no runs" in refusal("latest/0", three / "nowhere")


def test_a_sweep_of_a_dead_process_has_crashed(sweep: Path) -> None:
    info = {"status": "running", "host": socket.gethostname(), "pid": 2**30}
    write_record(sweep / "sweep.json", info)
    assert read(sweep).status == "crashed"


def test_a_sweep_that_cannot_be_read_is_listed_as_such(sweep: Path, three: Path) -> None:
    (sweep / "sweep.json").write_text("{")
    assert [run.status for run in list_runs(three)] == ["done", "unreadable", "done", "done"]
    with pytest.raises(ValueError, match=r"sweep\.json: is not JSON"):
        find("s3p7", three)


def test_a_member_that_cannot_be_read_does_not_hide_the_others(sweep: Path) -> None:
    (sweep / "members" / "0002" / "run.json").write_text("[]")
    statuses = [member.status for member in members(read(sweep))]
    assert statuses == ["done", "done", "unreadable", "done", "done"]


def test_a_linked_member_is_not_listed(sweep: Path, tmp_path: Path) -> None:
    (sweep / "members" / "0002").rename(tmp_path / "elsewhere")
    (sweep / "members" / "0002").symlink_to(tmp_path / "elsewhere")
    assert [member.short for member in members(read(sweep))] == [
        f"s3p7/{number}" for number in (0, 1, 10, 12)
    ]


def test_a_linked_member_is_not_found_by_its_number(
    sweep: Path, three: Path, tmp_path: Path
) -> None:
    (sweep / "members" / "0002").rename(tmp_path / "elsewhere")
    (sweep / "members" / "0002").symlink_to(tmp_path / "elsewhere")
    assert "s3p7 has no member 2" in refusal("s3p7/2", three)


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


def test_a_link_is_not_followed(make: Make, tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text(json.dumps({"status": SECRET}))
    folder = make()
    (folder / "run.json").unlink()
    (folder / "run.json").symlink_to(tmp_path / "secret.json")
    with pytest.raises(ValueError, match="is no plain file"):
        read(folder)
    assert list_runs(folder.parent)[0].status == "unreadable"


def test_a_linked_folder_is_not_listed(make: Make, tmp_path: Path) -> None:
    elsewhere = make().rename(tmp_path / "elsewhere")
    (tmp_path / "here" / "outputs" / SECOND).symlink_to(elsewhere)
    assert list_runs(tmp_path / "here" / "outputs") == []


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


def test_an_unreadable_run_does_not_hide_the_others(three: Path, call: Call) -> None:
    (three / SECOND / "run.json").write_text("{")
    rows = [line.split()[:3] for line in call("runs").out.splitlines()[1:]]
    assert rows == [["@1", "k3f9", "done"], ["@2", "aabb", "unreadable"], ["@3", "aaaa", "done"]]
    shown = call("runs", "show", "aabb")
    assert shown.code == 2
    assert "run.json: is not JSON" in shown.err


def test_an_age_that_is_not_known_is_not_made_up(make: Make, call: Call) -> None:
    make()
    assert call("runs").out.splitlines()[1].split()[3] == "-"
