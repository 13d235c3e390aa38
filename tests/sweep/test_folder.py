"""A sweep's folder: what is in it, how it is read back, and what is said where it is damaged."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dltrain.config.overrides import Overrides
from dltrain.runs.command_line import CommandLine
from dltrain.sweep.folder import SweepFolder, begin, reopen
from dltrain.sweep.plan import PlanError
from dltrain.system.disk import InUseError
from tests.conftest import write_record
from tests.sweep.helpers import SMALL, carry_out, planned, record, swept, touched

pytestmark = pytest.mark.usefixtures("here")

WORDS = ("optimizer.lr=0.1,0.2", "seed=0,1")


@pytest.fixture
def folder(tmp_path: Path) -> SweepFolder:
    return begin(
        tmp_path / "outputs",
        planned(*WORDS),
        line=CommandLine(["-m", *WORDS], Overrides.parse(WORDS)),
    )


def test_a_plan_is_written_before_anything_is_trained(folder: SweepFolder) -> None:
    assert {path.name for path in folder.path.iterdir()} == {
        "members",
        "plan.jsonl",
        "sweep.json",
    }
    lines = (folder.path / "plan.jsonl").read_text().splitlines()
    assert [json.loads(line)["member"] for line in lines] == [0, 1, 2, 3]
    assert json.loads(lines[3])["words"] == ["optimizer.lr=0.2", "seed=1"]


def test_a_record_says_what_the_sweep_was_told(folder: SweepFolder) -> None:
    info = record(folder.path)
    assert info["id"] == folder.path.name
    assert info["command"] == ["dltrain", "-m", *WORDS]
    assert info["overrides"] == list(WORDS)
    assert (info["status"], info["pid"]) == ("running", os.getpid())
    assert (info["members"], info["groups"]) == (4, [[0, 1, 2, 3]])
    assert (info["metric"], info["varying"]) == ("val/loss", ["optimizer.lr", "seed"])
    assert info["settings"]["workers"] == 1


def test_a_folder_is_read_back_as_it_was_written(folder: SweepFolder) -> None:
    again, plan = reopen(folder.path)
    assert plan == planned(*WORDS)
    assert again == replace(folder, info=folder.info | {"moved": {}, "moved_in": os.getcwd()})


def test_only_one_process_works_in_a_folder(folder: SweepFolder) -> None:
    again = SweepFolder(folder.path)
    with folder.locked(), pytest.raises(InUseError, match="another process is at work in it"):
        again.locked().__enter__()
    with again.locked():
        pass


def test_a_failure_is_written_for_a_member_that_left_nothing(folder: SweepFolder) -> None:
    member = planned(*WORDS).members[2]
    folder.record_failure(member, "it was killed", "line one\nline two")
    info = record(folder.member(2))
    assert (info["status"], info["exit_code"]) == ("failed", 1)
    assert info["result"] == {"message": "it was killed"}
    assert (info["id"], info["overrides"]) == (f"{folder.id}/0002", list(member.overrides.words))
    assert info["sweep"] == {"id": folder.id, "member": 2}
    log = (folder.member(2) / "train.log").read_text()
    assert log.splitlines() == ["line one", "line two", "failed: it was killed"]


def test_a_failure_keeps_what_the_member_wrote_itself(folder: SweepFolder) -> None:
    member = folder.member(0)
    member.mkdir()
    write_record(member / "run.json", {"status": "running", "seed": 7, "id": "mine"})
    (member / "train.log").write_text("before\n")
    folder.record_failure(planned(*WORDS).members[0], "it was killed", "")
    info = record(member)
    assert (info["seed"], info["id"], info["status"]) == (7, "mine", "failed")
    assert (member / "train.log").read_text() == "before\nfailed: it was killed\n"


# Damage.


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plan.jsonl", b""),
        ("plan.jsonl", b"{\n"),
        ("plan.jsonl", b"\xff\x00\n"),
        ("plan.jsonl", b'{"member": 0}\n'),
        ("sweep.json", b""),
        ("sweep.json", b"{"),
        ("sweep.json", b"[]"),
        ("sweep.json", b"{}"),
        ("sweep.json", b'{"settings": {}}'),
        ("sweep.json", b"\xff"),
        ("sweep.json", b'{"settings": 7}'),
    ],
)
def test_a_damaged_file_is_named_in_one_line(
    name: str, content: bytes, folder: SweepFolder
) -> None:
    (folder.path / name).write_bytes(content)
    with pytest.raises(ValueError, match=name) as caught:
        reopen(folder.path)
    lines = getattr(caught.value, "lines", [str(caught.value)])
    assert all("\n" not in line for line in lines)


def shorter(folder: Path) -> None:
    plan = folder / "plan.jsonl"
    plan.write_text("\n".join(plan.read_text().splitlines()[:-1]) + "\n")
    digest = hashlib.sha256(plan.read_bytes()).hexdigest()
    write_record(folder / "sweep.json", record(folder) | {"files": {"plan.jsonl": digest}})


def without_groups(folder: Path) -> None:
    info = record(folder)
    del info["groups"]
    write_record(folder / "sweep.json", info)


def other_groups(folder: Path) -> None:
    info = record(folder) | {"groups": [[0, 1], [2, 3]]}
    write_record(folder / "sweep.json", info)


def number_for_digests(folder: Path) -> None:
    info = record(folder) | {"sha256": 3}
    write_record(folder / "sweep.json", info)


@pytest.mark.parametrize("damage", [shorter, without_groups, other_groups])
def test_files_that_do_not_belong_together_are_refused(
    damage: Callable[[Path], None], folder: SweepFolder
) -> None:
    damage(folder.path)
    with pytest.raises(PlanError, match=r"does not belong to the plan\.jsonl beside it"):
        reopen(folder.path)


@pytest.mark.parametrize(
    "damage",
    [
        shorter,
        number_for_digests,
    ],
)
def test_a_damaged_sweep_is_refused_in_one_line_and_left_alone(
    damage: Callable[[Path], None], here: Path
) -> None:
    sweep = swept(here, "seed=0,1", *SMALL)
    (sweep / "members" / "0000" / "run.json").unlink()  # so that there is something to train
    damage(sweep)
    before = touched(sweep)
    shown = carry_out(here, "-m", "--resume", "latest")
    assert (shown.code, len(shown.err.splitlines()), shown.out) == (2, 1, "")
    assert touched(sweep) == before
