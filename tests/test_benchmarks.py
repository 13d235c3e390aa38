"""The benchmarks' command lists its cases and its table is written; nothing is timed here."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.rounds import PeerError, alternate
from tests.benchmarks.table import Row, Table, at_most, times_faster, times_floor
from tests.benchmarks.task import Task
from tests.benchmarks.worker import Worker

ROOT = Path(__file__).parents[1]


def benchmarks(*words: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "tests.benchmarks", *words]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)


def test_every_case_is_listed_and_a_part_of_a_name_chooses() -> None:
    listed = benchmarks("--list")
    assert listed.returncode == 0
    for name in (
        "epoch: softmax",
        "together: MLP-256 x 8 lr",
        "process: peak",
        "growth: rows, CSV",
    ):
        assert name in listed.stdout

    chosen = benchmarks("--list", "--only", "epoch: MLP")
    assert chosen.stdout.startswith("epoch: MLP-256")
    assert len(chosen.stdout.splitlines()) == 1


def test_a_name_that_no_case_has_is_refused() -> None:
    refused = benchmarks("--only", "nothing")
    assert refused.returncode == 2
    assert "no case has 'nothing' in its name" in refused.stderr


def test_the_table_writes_medians_spread_and_targets(tmp_path: Path) -> None:
    table = Table(tmp_path / "new", {"date": "2026-11-23", "threads": "2"})
    ours, theirs = [1.0, 2.0, 2.0], [3.0, 4.0, 8.0]
    table.add(Row("a", "b", "training", "s", ours, theirs, times_faster(3)))
    table.add(Row("c", "", "a process", "s", [0.25, 0.125], target=at_most(0.5, "s")))
    table.add(Row("d", "e | f", "training", "s", note="not installed: e"))

    lines = (tmp_path / "new/results.csv").read_text().splitlines()
    assert lines[:2] == ["# date: 2026-11-23", "# threads: 2"]
    first, second, third = csv.DictReader(lines[2:])
    assert (first["ours"], first["theirs"]) == ("2.00", "4.00")
    assert (first["faster"], first["spread"], first["holds"]) == ("3.00", "2.00-4.00", "yes")
    assert (second["faster"], second["spread"], second["holds"]) == ("", "0.125-0.25", "yes")
    assert (third["ours"], third["inside"]) == ("", "not installed: e")

    markdown = (tmp_path / "new/results.md").read_text()
    assert markdown.startswith("- date: 2026-11-23\n- threads: 2\n")
    assert (
        "| a | b | s | 2.00 | 4.00 | 3.00 | 2.00-4.00 | >= 3x faster | yes | training |" in markdown
    )
    assert r"| d | e \| f |" in markdown


@pytest.mark.parametrize(("theirs", "holds"), [(0.8, True), (0.79, False)])
def test_a_target_against_the_floor_is_a_bound_on_ours(theirs: float, holds: bool) -> None:
    row = Row("a", "b", "", "s", [1.0], [theirs], times_floor(1.25))
    assert row.holds is holds


def test_contestants_take_turns_after_a_warm_up_and_one_that_fails_is_left_out() -> None:
    turns: list[str] = []

    def a() -> float:
        turns.append("a")
        return float(len(turns))

    def b() -> float:
        turns.append("b")
        raise PeerError("failed: no memory")

    times, failures = alternate({"a": a, "b": b}, 2)
    assert turns == ["a", "b", "a", "a"]
    assert times == {"a": [3.0, 4.0]}
    assert failures == {"b": "failed: no memory"}


def test_a_library_that_is_not_there_is_said_to_be_missing() -> None:
    task = Task((), epochs=1, device="cpu", threads=1)
    with pytest.raises(PeerError, match=r"not installed: No module named .*peer_nowhere"):
        Worker("peer_nowhere", task)
