"""When a sweep is finished, and what its end means."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from dltrain.runs.compare.results import Result
from dltrain.sweep.folder import reopen
from dltrain.sweep.session import Session, _ending
from tests.sweep.helpers import SMALL, swept


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
