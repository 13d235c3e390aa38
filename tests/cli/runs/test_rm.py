"""Runs thrown away, and brought back."""

from __future__ import annotations

import shutil
from pathlib import Path

from dltrain.runs.find import list_runs
from dltrain.system.disk import locked
from tests.cli.conftest import runs_of
from tests.conftest import Call, tree


def test_what_is_thrown_away_comes_back_whole(there: Path, call: Call) -> None:
    newest, house, sweep = runs_of(there)
    before = tree(there)
    shown = call("runs", "rm", "@3", "@1")  # both are found before one is moved
    assert shown.code == 0
    assert [run.id for run in list_runs(there / "outputs")] == [house.id]
    assert sweep.short in call("runs", "restore").out
    assert call("runs", "restore", newest.short, sweep.id).code == 0
    assert [path for path in tree(there) if ".trash" not in path] == before
    assert len(list_runs(there / "outputs")) == 3


def test_a_run_in_use_is_not_thrown_away(there: Path, call: Call) -> None:
    newest, *_ = runs_of(there)
    with locked(newest.folder):
        assert call("runs", "rm", "@1").code == 5
    assert newest.folder.is_dir()


def test_a_member_is_thrown_away_with_its_sweep_only(there: Path, call: Call) -> None:
    *_, sweep = runs_of(there)
    shown = call("runs", "rm", f"{sweep.short}/1")
    assert shown.code == 2
    assert f"runs rm {sweep.short} moves the whole of it" in shown.err


def test_a_link_is_not_thrown_away(there: Path, call: Call) -> None:
    newest, *_ = runs_of(there)
    elsewhere = there / "elsewhere"
    newest.folder.rename(elsewhere)
    newest.folder.symlink_to(elsewhere)
    shown = call("runs", "rm", f"outputs/{newest.id}")
    assert shown.code == 2
    assert "is a link" in shown.err
    assert elsewhere.is_dir()


def test_what_is_in_the_trash_is_not_thrown_away_again(there: Path, call: Call) -> None:
    newest, *_ = runs_of(there)
    call("runs", "rm", "@1")
    shown = call("runs", "rm", f"outputs/.trash/{newest.id}")
    assert shown.code == 2
    assert "is in the trash already" in shown.err


def test_runs_of_one_name_in_two_folders_are_two(there: Path, call: Call) -> None:
    newest, *_ = runs_of(there)
    shutil.copytree(newest.folder, there / "o2" / newest.id)
    lines = call("runs", "compare", "@1", f"o2/{newest.id}").out.splitlines()
    assert sum(line.startswith(newest.short) for line in lines) == 2
    assert call("runs", "rm", "@1", f"o2/{newest.id}").code == 0
    assert list_runs(there / "o2") == []
