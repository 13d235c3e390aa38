"""When a sweep is finished, and what its end means."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dltrain.cli.main import run as carry_out_words
from dltrain.runs.compare.results import Result
from dltrain.runs.find import list_runs
from dltrain.sweep.folder import reopen
from dltrain.sweep.session import Session, _ending
from tests.conftest import write_record
from tests.sweep.helpers import (
    SMALL,
    carry_out,
    lasting,
    members,
    record,
    results,
    statuses,
    swept,
    touched,
)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return swept(tmp_path_factory.mktemp("sweep"), "optimizer.lr=0.01,0.05", *SMALL)


def opened(path: Path) -> Session:
    folder, plan = reopen(path)
    return Session(plan, folder)


def test_a_sweep_that_came_to_its_end_is_finished(sweep: Path) -> None:
    session = opened(sweep)
    assert session.is_finished
    assert session.num_finished == 2
    assert not session.is_mixed


def test_with_other_settings_it_is_not(sweep: Path) -> None:
    session = opened(sweep)
    session.plan = replace(
        session.plan, settings=replace(session.plan.settings, metric="train/loss")
    )
    assert not session.is_finished


@pytest.mark.parametrize("lost", ["members/0001", "results.csv"])
def test_without_a_member_or_its_results_it_is_not(lost: str, sweep: Path, tmp_path: Path) -> None:
    copy = tmp_path / sweep.name
    shutil.copytree(sweep, copy)
    if (copy / lost).is_dir():
        shutil.rmtree(copy / lost)
    else:
        (copy / lost).unlink()
    assert not opened(copy).is_finished


def test_a_sweep_that_is_under_way_again_is_not(sweep: Path, tmp_path: Path) -> None:
    copy = tmp_path / sweep.name
    shutil.copytree(sweep, copy)
    session = opened(copy)
    before = session.folder.info["seconds"]
    session.go_on()
    assert not session.is_finished
    again = opened(copy)
    assert again.folder.info["status"] == "running"
    assert again.folder.info["seconds"] == before


@pytest.mark.parametrize(
    ("statuses", "signal", "ending"),
    [
        (["done", "done"], None, (0, "done")),
        (["done", "diverged"], None, (0, "done")),
        (["diverged", "diverged"], None, (3, "diverged")),
        (["done", "failed"], None, (1, "failed")),
        (["done", "missing"], None, (1, "failed")),
        (["done", "interrupted"], 2, (130, "interrupted")),
        (["failed", "missing"], 15, (143, "interrupted")),
    ],
)
def test_an_end_is_what_became_of_the_members(
    statuses: Sequence[str], signal: int | None, ending: tuple[int, str]
) -> None:
    results = [Result(index, {}, (), status) for index, status in enumerate(statuses)]
    assert _ending(results, signal) == ending


SKIP = "sweep.skip_done=true"


def single(folder: Path, *words: str) -> Path:
    """Train a single run; return its folder."""
    assert carry_out(folder, *words).code == 0
    return next(run.folder for run in list_runs(folder / "outputs") if not run.is_sweep)


def again(folder: Path, *words: str, code: int = 0) -> Path:
    """Train one more sweep; return its folder."""
    before = set((folder / "outputs").iterdir())
    shown = carry_out(folder, "-m", *words)
    assert shown.code == code, shown
    [path] = set((folder / "outputs").iterdir()) - before
    return path


def taken(sweep: Path) -> dict[str, str]:
    found: dict[str, str] = record(sweep)["taken_over"]
    return found


def change(run: Path, *path: str, to: Any) -> None:
    """Change an entry of a run's record."""
    info = record(run)
    node = info
    for name in path[:-1]:
        node = node[name]
    node[path[-1]] = to
    write_record(run / "run.json", info)


def test_a_finished_run_is_taken_over_and_not_trained_again(tmp_path: Path) -> None:
    run = single(tmp_path, "optimizer.lr=0.02", "seed=1", *SMALL)
    before = touched(run)
    sweep = again(tmp_path, "optimizer.lr=0.01,0.02", "seed=0,1", *SMALL, SKIP)
    assert touched(run) == before
    assert taken(sweep) == {"3": run.name}
    ours, theirs = record(sweep / "members" / "0003"), record(run)
    assert ours.pop("sweep") == {"id": sweep.name, "member": 3, "taken_from": run.name}
    assert ours == theirs | {"id": f"{sweep.name}/0003"}
    assert lasting(sweep / "members" / "0003") == lasting(run)
    assert [row["status"] for row in results(sweep)] == ["done"] * 4


def test_members_of_other_sweeps_are_taken_over(tmp_path: Path) -> None:
    first = swept(tmp_path, "seed=0,1,2", *SMALL)
    sweep = again(tmp_path, "seed=range(5)", *SMALL, SKIP)
    assert taken(sweep) == {str(i): f"{first.name}/000{i}" for i in range(3)}
    for old, new in zip(members(first), members(sweep), strict=False):
        assert lasting(old) == lasting(new)
        assert record(old)["started"] == record(new)["started"]
    assert statuses(sweep) == ["done"] * 5


def test_where_all_is_done_nothing_is_trained(tmp_path: Path) -> None:
    words = ("seed=0,1", *SMALL)
    first = swept(tmp_path, *words)
    sweep = again(tmp_path, *words, SKIP)
    assert lasting(sweep) == lasting(first)
    assert not any("process" in path.name for path in sweep.rglob("*.log"))
    assert "stack" not in record(sweep / "members" / "0000")["sweep"]


def test_runs_are_not_taken_over_unasked(tmp_path: Path) -> None:
    swept(tmp_path, "seed=0,1", *SMALL)
    sweep = again(tmp_path, "seed=0,1", *SMALL)
    assert "taken_over" not in record(sweep)
    assert record(sweep / "members" / "0000")["sweep"]["stack"] == [0, 1]


def test_a_run_of_another_config_is_not_taken_over(tmp_path: Path) -> None:
    single(tmp_path, "optimizer.lr=0.02", *SMALL)
    assert taken(again(tmp_path, "optimizer.lr=0.021,0.02", "data.seed=1", *SMALL, SKIP)) == {}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("versions", "dltrain"), "0.0.1"),
        (("versions", "torch"), "1.0"),
        (("versions",), None),
        (("resumed",), [{"epoch": 1, "versions": {}, "sha256": None}]),
        (("resumed",), ["x"]),
        (("status",), "diverged"),
        (("status",), "interrupted"),
        (("config",), None),
        (("config",), [1]),
        (("data", "sha256"), "f00"),
    ],
)
def test_a_run_that_may_be_another_is_not_taken_over(
    path: tuple[str, ...], value: object, tmp_path: Path
) -> None:
    change(single(tmp_path, *SMALL), *path, to=value)
    sweep = again(tmp_path, "seed=0,1", *SMALL, SKIP)
    assert taken(sweep) == {}
    assert statuses(sweep) == ["done", "done"]


def test_a_run_of_other_rows_in_the_same_file_is_not_taken_over(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    rows = [f"{i},{3 * i % 7},{2 * i + 1}" for i in range(60)]
    table.write_text("\n".join(["a,b,y", *rows]))
    words = ("data=csv", "data.path=t.csv", "data.target=y", "trainer.epochs=2")
    run = single(tmp_path, *words)
    assert taken(again(tmp_path, "seed=0,1", *words, SKIP)) == {"0": run.name}
    table.write_text("\n".join(["a,b,y", *rows[:-1], "60,1,9"]))
    assert taken(again(tmp_path, "seed=0,1", *words, SKIP)) == {}


def test_a_run_whose_table_was_moved_is_taken_over(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("\n".join(["a,y", *(f"{i},{2 * i + 1}" for i in range(60))]))
    words = ("data=csv", "data.target=y", "data.name=t", "trainer.epochs=2")
    run = single(tmp_path, "data.path=t.csv", *words)
    table.rename(tmp_path / "u.csv")
    assert taken(again(tmp_path, "data.path=u.csv", "seed=0,1", *words, SKIP)) == {"0": run.name}


def test_a_run_that_went_on_with_other_data_is_not_taken_over(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    rows = [f"{i},{2 * i + 1}" for i in range(60)]
    table.write_text("\n".join(["a,y", *rows]))
    words = ("data=csv", "data.path=t.csv", "data.target=y")
    run = single(tmp_path, *words, "trainer.epochs=1")
    assert carry_out(tmp_path, "resume", run.name, "trainer.epochs=2").code == 0
    assert taken(again(tmp_path, *words, "trainer.epochs=2", "seed=0,1", SKIP)) == {"0": run.name}
    table.write_text("\n".join(["a,y", *rows, "61,1"]))
    more = ("trainer.epochs=3", "--allow-changed")
    assert carry_out(tmp_path, "resume", run.name, *more).code == 0
    assert taken(again(tmp_path, *words, more[0], "seed=0,1", SKIP)) == {}


def test_where_a_run_was_kept_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = single(tmp_path, *SMALL)
    monkeypatch.chdir(tmp_path)
    assert carry_out_words(["-m", "seed=0,1", *SMALL, SKIP, "output_dir=./outputs"]) == 0
    [sweep] = (tmp_path / "outputs").glob("*_sweep_*")
    assert taken(sweep) == {"0": run.name}


def test_of_equal_runs_the_newest_is_taken_over(tmp_path: Path) -> None:
    single(tmp_path, *SMALL)
    assert carry_out(tmp_path, *SMALL).code == 0
    runs = [run for run in list_runs(tmp_path / "outputs") if not run.is_sweep]
    assert taken(again(tmp_path, "seed=0,1", *SMALL, SKIP)) == {"0": runs[0].id}


def test_folders_that_cannot_be_read_are_passed_over(tmp_path: Path) -> None:
    run = single(tmp_path, *SMALL)
    (run / "run.json").write_text("{")
    assert taken(again(tmp_path, "seed=0,1", *SMALL, SKIP)) == {}
