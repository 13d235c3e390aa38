"""A child process of a sweep: what it reports, what it refuses, and when it ends."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

from dltrain.runs.command_line import CommandLine
from dltrain.sweep.plan import Assignment, Plan
from dltrain.sweep.worker import main
from dltrain.system.disk import make_folder
from tests.sweep.helpers import SMALL, planned, record

pytestmark = pytest.mark.usefixtures("here")


def assigned(plan: Plan, folder: Path, *, sizes: tuple[int, ...] = ()) -> Assignment:
    make_folder(folder / "logs")
    return Assignment(
        sweep="s",
        line=CommandLine.parse([]),
        group=plan.groups[0],
        members=plan.members,
        folders=tuple(folder / "members" / f"{m.index:04d}" for m in plan.members),
        log=folder / "logs" / "process.log",
        metric=plan.metric,
        threads=1,
        sizes=sizes,
    )


@contextmanager
def child(assignment: Assignment) -> Iterator[tuple[BaseProcess, Connection]]:
    """Start a child as the engine does; it is killed in the end."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["dltrain.sweep.worker"])
    ours, theirs = context.Pipe()
    process = context.Process(target=main, args=(assignment, theirs))
    process.start()
    theirs.close()
    try:
        yield process, ours
    finally:
        process.kill()
        process.join()
        process.close()
        ours.close()


def said(pipe: Connection) -> list[tuple[str, Any]]:
    """Return all that a child says until it ends."""
    found = []
    try:
        while pipe.poll(60):
            found.append(pipe.recv())
    except EOFError:
        return found
    raise AssertionError("the child goes on and says nothing")


def test_a_child_trains_reports_and_ends(tmp_path: Path) -> None:
    with child(assigned(planned("seed=0,1", *SMALL), tmp_path)) as (process, pipe):
        *news, last = said(pipe)
        process.join()
        assert process.exitcode == 0
    assert last == ("done", None)
    values = next(content for kind, content in news if kind == "values")
    assert {member: epoch for member, (epoch, _) in values.items()} == {0: 1, 1: 1}
    assert all(value > 0 for _, value in values.values())
    assert {kind for kind, _ in news} <= {"values", "step"}
    assert [record(tmp_path / "members" / f"000{i}")["status"] for i in (0, 1)] == ["done"] * 2
    assert (tmp_path / "logs" / "process.log").read_bytes() == b""


def test_a_child_measures_stack_sizes_and_writes_nothing(tmp_path: Path) -> None:
    with child(assigned(planned("seed=range(4)", *SMALL), tmp_path, sizes=(4, 2))) as (_, pipe):
        kind, (best, seconds) = said(pipe)[-1]
    assert (kind, best in (4, 2)) == ("size", True)
    assert set(seconds) == {4, 2}
    assert all(0 < each < 1 for each in seconds.values())
    assert not (tmp_path / "members").exists()


def test_a_child_whose_data_is_not_what_was_planned_fails(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    rows = [f"{i},{3 * i % 7}" for i in range(60)]
    table.write_text("\n".join(["a,y", *rows]))
    words = ("data=csv", f"data.path={table}", "data.target=y", "data.task=regression")
    assignment = assigned(planned(*words), tmp_path)
    table.write_text("\n".join(["a,y", *rows[1:]]))
    with child(assignment) as (_, pipe):
        kind, (reason, trace) = said(pipe)[-1]
    assert kind == "unfit"  # no member is to blame, so the stack need not be halved
    assert "data=t: its content changed after the sweep was planned" in reason
    assert "Traceback" in trace


def test_a_child_that_cannot_write_says_so(tmp_path: Path) -> None:
    (tmp_path / "members").write_text("a file is in the way")
    with child(assigned(planned(*SMALL), tmp_path)) as (_, pipe):
        kind, reason = said(pipe)[-1]
    assert kind == "storage"
    assert f"cannot create {tmp_path / 'members'}/0000: Not a directory" in reason


def test_a_child_stops_when_it_is_told_to(tmp_path: Path) -> None:
    with child(assigned(planned("trainer.epochs=1000000"), tmp_path)) as (_, pipe):
        pipe.recv()  # it is at work
        pipe.send(int(signal.SIGTERM))
        assert said(pipe)[-1] == ("done", None)
    info = record(tmp_path / "members" / "0000")
    assert (info["status"], info["exit_code"]) == ("interrupted", 143)


def test_a_child_that_is_left_alone_ends_itself(tmp_path: Path) -> None:
    with child(assigned(planned("trainer.epochs=1000000"), tmp_path)) as (process, pipe):
        pipe.recv()  # it is at work
        pipe.close()
        process.join(10)
        assert process.exitcode == -signal.SIGKILL
