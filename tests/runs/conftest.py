"""What the tests of run folders share: folders written by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import write_record

Make = Callable[..., Path]
FIRST, SECOND, THIRD = (
    "2026-01-01_10-00-00_linear-synthetic_aaaa",
    "2026-01-02_10-00-00_mlp-synthetic_aabb",
    "2026-02-01_10-00-00_mlp-synthetic_k3f9",
)
SECRET = "hunter2"


@pytest.fixture
def make(here: Path) -> Make:
    """Write a run folder by hand."""

    def make(name: str = FIRST, metrics: str | None = None, **info: Any) -> Path:
        folder = here / "outputs" / name
        folder.mkdir(parents=True)
        write_record(folder / "run.json", {"status": "done"} | info)
        if metrics is not None:
            (folder / "metrics.csv").write_text(metrics)
        return folder

    return make


@pytest.fixture
def three(make: Make, here: Path) -> Path:
    for name in (FIRST, SECOND, THIRD):
        make(name)
    return here / "outputs"


# Sweeps.


SWEEP = "2026-01-15_10-00-00_sweep-synthetic_s3p7"


@pytest.fixture
def sweep(make: Make, three: Path) -> Path:
    """A sweep of which members 0, 1, 2, 10 and 12 have begun, among three runs."""
    folder = three / SWEEP
    folder.mkdir()
    write_record(folder / "sweep.json", {"status": "done", "members": 20})
    for number in (12, 0, 2, 10, 1):
        make(f"{SWEEP}/members/{number:04d}", seed=number)
    return folder
