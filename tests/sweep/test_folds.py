"""Folds as members of a sweep: trained, resumed, taken over, ruined like any others."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.sweep import sabotage
from tests.sweep.helpers import (
    carry_out,
    ended,
    lasting,
    members,
    only_sweep,
    planned,
    record,
    results,
    started,
    statuses,
    swept,
    trained_alone,
)

WORDS = ["data=csv", "data.target=y", "data.test_fraction=0.2", "data.folds=3", "trainer.epochs=2"]


def words(folder: Path, *more: str) -> list[str]:
    """Write a table and return what trains on it."""
    path = folder / "t.csv"
    path.write_text("a,b,y\n" + "".join(f"{i},{i * i % 17},{3 * i % 20}\n" for i in range(90)))
    return [*WORDS, f"data.path={path}", *more]


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("folds")
    return swept(folder, *words(folder, "optimizer.lr=0.01,0.02", "sweep.repeat=2"))


def test_each_fold_validates_on_rows_of_its_own(sweep: Path) -> None:
    assert [row["data.fold"] for row in results(sweep)] == [*"001122"] * 2
    rows = [record(member)["data"]["rows"] for member in members(sweep)]
    assert rows == [{"train": 48, "val": 24, "test": 18}] * 12
    losses = {row["val/loss"] for row in results(sweep)}
    assert len(losses) == 12


def test_a_fold_has_the_bytes_of_its_single_run(sweep: Path, tmp_path: Path) -> None:
    member = planned(*words(sweep.parents[1], "optimizer.lr=0.01,0.02", "sweep.repeat=2")).members[
        9
    ]
    alone = lasting(trained_alone(tmp_path / "alone", member.overrides.words))
    beside = lasting(members(sweep)[9])
    assert alone == beside


def test_a_fold_that_was_lost_is_trained_again(sweep: Path, tmp_path: Path) -> None:
    shutil.copytree(sweep.parent, tmp_path / "outputs")
    again = only_sweep(tmp_path)
    shutil.rmtree(members(again)[3])
    shown = carry_out(tmp_path, "resume", "latest")
    assert shown.code == 0, shown
    assert lasting(again) == lasting(sweep)


def test_a_fold_that_is_finished_is_taken_over(tmp_path: Path) -> None:
    assert carry_out(tmp_path, *words(tmp_path, "data.fold=1")).code == 0
    [run] = (tmp_path / "outputs").iterdir()
    folder = swept(tmp_path, *words(tmp_path, "sweep.skip_done=true"))
    assert record(folder)["taken_over"] == {"1": run.name}
    assert statuses(folder) == ["done"] * 3


@pytest.mark.proof
def test_a_member_that_fails_costs_no_other_fold(tmp_path: Path) -> None:
    """It stands beside others of its fold, so its stack is halved."""
    more = ["optimizer.lr=0.01,0.0511,0.02", "seed=0,1", "trainer.batch_size=8"]
    with started(tmp_path, *words(tmp_path, *more), prepare=sabotage.install) as process:
        shown = ended(process)
    assert shown.code == 1
    failed = [
        row["optimizer.lr"] for row in results(only_sweep(tmp_path)) if row["status"] == "failed"
    ]
    assert failed == ["0.0511"] * 6
    assert statuses(only_sweep(tmp_path)).count("done") == 12


def test_folds_are_listed_and_evaluated_on_their_own_rows(sweep: Path) -> None:
    shown = carry_out(sweep.parents[1], "runs", "ls", "latest", "--columns", "data.fold,data.folds")
    assert shown.code == 0
    listed = sorted(line.split()[-2:] for line in shown.out.splitlines()[1:-1])
    assert listed == [[fold, "3"] for fold in "000011112222"]
    shown = carry_out(sweep.parents[1], "evaluate", "latest/4", "--split", "val", "--json")
    assert '"rows": 24' in shown.out
