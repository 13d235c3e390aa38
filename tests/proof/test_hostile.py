"""A stranger's run folder is data."""

from __future__ import annotations

import json
import os
import pickle
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.torture import hostile
from tests.torture.cage import Bounds, confine
from tests.torture.forged import forged
from tests.torture.strangers import strangers

pytestmark = pytest.mark.proof


def test_hostile_run_folders_run_nothing_and_reach_nothing() -> None:
    report = hostile.prove(60)
    print(*report.notes, sep="\n")
    report.check()


def test_there_are_enough_strangers_and_all_are_different() -> None:
    names = [stranger.name for stranger in [*strangers(), *forged()]]
    assert len(set(names)) == len(names) >= 120


def _write_outside() -> None:
    Path("/dev/full").open("w").close()


def _read_outside() -> None:
    Path("/etc/hostname").read_bytes()


def _connect() -> None:
    with socket.socket() as end:
        end.settimeout(0.1)
        end.connect(("127.0.0.1", 9))


def _start() -> None:
    subprocess.run(["true"], check=True)


def _unpickle() -> None:
    pickle.loads(pickle.dumps(Path("x")))


@pytest.mark.parametrize(
    ("crime", "told"),
    [
        (_write_outside, "opened for writing"),
        (_read_outside, "read: "),
        (_connect, "reached for the network"),
        (_start, "started a process"),
        (_unpickle, "unpickled"),
        (lambda: os.mkdir("elsewhere"), "os.mkdir"),
    ],
)
def test_the_cage_sees_what_must_not_be(
    tmp_path: Path, crime: Callable[[], object], told: str
) -> None:
    base = tmp_path / "base"
    (base / "run").mkdir(parents=True)

    def action() -> int:
        crime()
        return 0

    bounds = Bounds(base, base / "run", [base])
    caged = confine(action, bounds, folder=base, environment={})
    assert [text for text in caged.breaches if told in text], caged


def test_the_cage_lets_an_honest_command_be(tmp_path: Path) -> None:
    base = tmp_path / "base"
    (base / "run").mkdir(parents=True)

    def action() -> int:
        (base / "run" / "file").write_text("text")
        print(json.dumps((base / "run" / "file").read_text()))
        return 3

    caged = confine(action, Bounds(base, base / "run", [base]), folder=base, environment={})
    assert (caged.said.code, caged.said.out, caged.breaches) == (3, '"text"\n', [])
