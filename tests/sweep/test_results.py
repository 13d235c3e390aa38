"""What came out of a sweep: read back from the members' folders, and the file of results."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from dltrain.runs.compare.results import Result
from dltrain.sweep.folder import SweepFolder
from dltrain.sweep.results import read_result, read_results, unfinished, write_csv
from tests.sweep.helpers import SMALL, lasting, only_sweep, planned, record, results, swept


def result(
    index: int, value: float | None, *, status: str = "done", message: str = "", **setting: str
) -> Result:
    return Result(index, setting, (), status, value=value, epoch=3, message=message)


def test_what_is_done_or_diverged_need_not_be_trained() -> None:
    found = [
        result(index, None, status=status)
        for index, status in enumerate(
            ["done", "diverged", "failed", "interrupted", "crashed", "missing", "unreadable"]
        )
    ]
    assert unfinished(found) == {2, 3, 4, 5, 6}


WORDS = ("optimizer.lr=0.01,0.05,1e30", "seed=0,1", *SMALL)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return swept(tmp_path_factory.mktemp("results"), *WORDS)


def test_a_result_is_read_from_the_members_folder(sweep: Path) -> None:
    plan, folder = planned(*WORDS), SweepFolder(sweep)
    found = read_result(folder, plan.members[1], "val/loss")
    kept = record(sweep / "members" / "0001")["result"]["kept"]
    assert (found.status, found.value, found.epoch) == ("done", kept["val/loss"], kept["epoch"])


def test_a_metric_that_does_not_choose_is_of_the_same_epoch(sweep: Path) -> None:
    found = read_result(SweepFolder(sweep), planned(*WORDS).members[0], "train/rmse")
    final = record(sweep / "members" / "0000")["result"]["final"]
    assert (found.value, found.epoch) == (final["train/rmse"], 3)


def test_a_member_without_a_folder_is_missing(tmp_path: Path) -> None:
    found = read_result(SweepFolder(tmp_path), planned().members[0], "val/loss")
    assert (found.status, found.value, found.metrics) == ("missing", None, {})


@pytest.mark.parametrize("text", ["", "{", "[]", '{"result": 7}', '{"result": {"best": 3}}'])
def test_a_record_that_is_damaged_has_no_value(text: str, tmp_path: Path) -> None:
    (tmp_path / "members" / "0000").mkdir(parents=True)
    (tmp_path / "members" / "0000" / "run.json").write_text(text)
    found = read_result(SweepFolder(tmp_path), planned().members[0], "val/loss")
    assert found.value is None
    assert unfinished([found]) == {0}


def test_what_diverged_has_no_value_and_says_why(sweep: Path) -> None:
    rows = results(sweep)
    assert [row["status"] for row in rows] == ["done"] * 4 + ["diverged"] * 2
    assert all("diverged at epoch 1, step " in row["message"] for row in rows[4:])
    assert [row["message"] for row in rows[:4]] == [""] * 4


def test_results_have_a_row_per_member_and_its_setting(sweep: Path) -> None:
    rows = results(sweep)
    assert [row["member"] for row in rows] == ["0", "1", "2", "3", "4", "5"]
    assert [(row["optimizer.lr"], row["seed"]) for row in rows[:3]] == [
        ("0.01", "0"), ("0.01", "1"), ("0.05", "0")
    ]  # fmt: skip
    numbers = {"epoch", "val/loss", "train/loss", "val/r2"}
    assert numbers <= set(rows[0])


def test_numbers_of_the_results_are_those_of_the_metrics(sweep: Path) -> None:
    for row in results(sweep)[:4]:
        with open(sweep / "members" / f"{int(row['member']):04d}" / "metrics.csv") as file:
            last = list(csv.DictReader(file))[-1]
        for name in ("train/loss", "val/loss", "val/rmse"):
            assert row[name] == last[name]


def test_equal_sweeps_leave_equal_bytes(sweep: Path, tmp_path: Path) -> None:
    assert lasting(swept(tmp_path, *WORDS)) == lasting(sweep)


def test_a_message_with_commas_and_quotes_stays_in_its_cell(tmp_path: Path) -> None:
    plan, folder = planned("data.name='a,b','c'"), SweepFolder(tmp_path)
    found = [
        result(m.index, None, status="failed", message='said "no", twice\nand again', **m.setting)
        for m in plan.members
    ]
    write_csv(folder, plan, found)
    rows = results(tmp_path)
    assert [row["message"] for row in rows] == ['said "no", twice\nand again'] * 2
    assert [row["data.name"] for row in rows] == ["'a,b'", "'c'"]


def test_results_can_be_written_again_from_the_folders(sweep: Path) -> None:
    before = (sweep / "results.csv").read_bytes()
    plan, folder = planned(*WORDS), SweepFolder(sweep)
    write_csv(folder, plan, read_results(folder, plan))
    assert (sweep / "results.csv").read_bytes() == before
    assert only_sweep(sweep.parents[1]) == sweep
