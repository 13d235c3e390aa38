"""Runs deleted for good."""

from __future__ import annotations

import signal
from pathlib import Path

from dltrain.runs.find import list_runs
from tests.cli.conftest import runs_of
from tests.conftest import Call, tree, write_record
from tests.sweep.helpers import kill, wait_for
from tests.torture.forks import start


def test_purging_says_what_it_would_delete_and_deletes_with_yes_alone(
    there: Path, call: Call
) -> None:
    newest, *_ = runs_of(there)
    assert call("runs", "purge").out == "nothing to delete\n"
    call("runs", "rm", "@1")
    before = tree(there)
    assert "1 would be deleted for good" in call("runs", "purge").out
    assert tree(there) == before
    assert call("runs", "purge", "--older=1d", "--yes").out == "nothing to delete\n"
    assert call("runs", "purge", "--older=0s", "--yes").out.startswith("1 deleted, ")
    assert list_runs(there / "outputs" / ".trash") == []
    assert len(list_runs(there / "outputs")) == 2
    assert not any(newest.id in path for path in tree(there))


def test_purging_what_failed_leaves_what_was_done(there: Path, call: Call) -> None:
    process = start(there, ["trainer.epochs=10000000"])
    wait_for(lambda: len(list_runs(there / "outputs")) == 4)
    busy = list_runs(there / "outputs")[0]
    assert busy.status == "running"
    assert call("runs", "purge", "--failed", "--yes").out == "nothing to delete\n"
    kill(process.pid)
    assert process.finish().code == -signal.SIGKILL
    assert list_runs(there / "outputs")[0].status == "crashed"
    assert call("runs", "purge", "--failed", "--yes").out.startswith("1 deleted, ")
    assert len(list_runs(there / "outputs")) == 3
    assert not busy.folder.exists()


def test_purging_leaves_a_sweep_of_which_some_failed(there: Path, call: Call) -> None:
    *_, sweep = runs_of(there)
    write_record(sweep.folder / "sweep.json", {**sweep.info, "status": "failed"})
    assert call("runs", "purge", "--failed", "--yes").out == "nothing to delete\n"


def test_a_trash_that_is_a_link_is_nobodys(there: Path, call: Call) -> None:
    (there / "outputs").rename(there / "real")
    (there / "outputs").mkdir()
    (there / "outputs" / ".trash").symlink_to(there / "real")
    for words in (["purge", "--yes"], ["restore"], ["restore", "latest"]):
        shown = call("runs", *words)
        assert shown.code == 2
        assert "is a link, and is not followed" in shown.err
    assert len(list_runs(there / "real")) == 3
