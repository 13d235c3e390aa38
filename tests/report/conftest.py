"""A sweep that several pages are written of."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Call
from tests.report.subjects import trained

SWEEP = ("-m", "data.num_train=96", "data.num_val=32", "trainer.epochs=3", "device=cpu")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a sweep of linear regression, three rates and three seeds."""
    path = tmp_path_factory.mktemp("reports")
    trained(path, *SWEEP, "optimizer.lr=0.003,0.03,0.1", "sweep.repeat=3")
    return path


@pytest.fixture
def sweep(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Stand in that folder; the sweep's short name."""
    monkeypatch.chdir(folder)
    [path] = Path("outputs").glob("*_sweep_*")
    return path.name[-4:]


def written(call: Call, *words: str) -> Path:
    """Write a report; return where it is."""
    shown = call("report", *words, "--output", "page.html")
    assert (shown.code, shown.err) == (0, ""), shown
    return Path("page.html")
