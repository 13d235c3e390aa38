"""What the tests of verbs share: runs that were trained, and what is read of them."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path
from typing import Any

import pytest

from dltrain.runs.find import list_runs
from dltrain.runs.run import Run
from tests.conftest import Shown, command

SWEEP = ["-m", "optimizer.lr=0.01,0.1,1e30", "seed=0,1", "trainer.epochs=2"]


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train a sweep, of which one rate diverges, and two runs; the newest comes first."""
    folder = tmp_path_factory.mktemp("trained")
    lines = [
        SWEEP,
        ["experiment=book/house_tiny"],
        ["optimizer.lr=0.05", "trainer.epochs=3"],
    ]
    for line in lines:
        shown = command(*line, folder=folder)
        assert shown.code == 0, shown.err
    return folder


@pytest.fixture
def there(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a copy of it."""
    shutil.copytree(trained / "outputs", tmp_path / "outputs")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def runs_of(folder: Path) -> tuple[Run, Run, Run]:
    newest, house, sweep = list_runs(folder / "outputs")
    return newest, house, sweep


def short_of(shown: Shown) -> str:
    """Return the id of a run from what its training said."""
    assert shown.code == 0, shown.err
    return shown.out.partition("runs show ")[2][:4]


def rows_of(shown: Shown) -> list[dict[str, str]]:
    assert shown.code == 0, shown.err
    return list(csv.DictReader(io.StringIO(shown.out)))


def record(folder: Path) -> dict[str, Any]:
    """Read the run.json of the only run below a folder."""
    [run] = list_runs(folder)
    return run.info
