"""What validation rows contribute to a run's metric: kept, and read back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dltrain.runs.row_values import MOST, as_file, row_values
from dltrain.runs.run import Run

METRIC = "val/accuracy"


def run(folder: Path, content: bytes, *, rows: Any, metric: str = METRIC) -> Run:
    (folder / "val_rows.npy").write_bytes(content)
    return Run(folder, {"metric": metric, "data": {"rows": {"val": rows}}})


@pytest.mark.parametrize("count", [1, 7, 8, 9, 5000])
def test_right_and_wrong_take_a_bit_each(tmp_path: Path, count: int) -> None:
    right = np.random.default_rng(0).integers(0, 2, count).astype(np.float64)
    content = as_file(right)
    assert len(content) == 128 + -(-count // 8)
    found = row_values(run(tmp_path, content, rows=count), METRIC)
    assert found is not None
    assert found.tolist() == right.tolist()


def test_numbers_are_kept_as_they_are_and_of_many_rows_some_evenly_spaced(tmp_path: Path) -> None:
    few, many = np.linspace(0, 2, 100), np.linspace(0, 2, 50_001)
    found = row_values(run(tmp_path, as_file(few), rows=100), METRIC)
    assert found is not None
    assert found.tolist() == few.astype(np.float32).tolist()
    found = row_values(run(tmp_path, as_file(many), rows=50_001), METRIC)
    assert found is not None
    assert (len(found), found[0], found[-1]) == (MOST, 0.0, 2.0)
    assert found.mean() == pytest.approx(many.mean(), rel=1e-3)


def test_they_are_of_one_metric_and_of_a_run_that_has_them(tmp_path: Path) -> None:
    content = as_file(np.ones(8))
    assert row_values(run(tmp_path, content, rows=8, metric="val/loss"), METRIC) is None
    (tmp_path / "val_rows.npy").unlink()
    assert row_values(Run(tmp_path, {"metric": METRIC}), METRIC) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93NUMPY",
        b"not an array",
        as_file(np.ones(8))[:-1],
        as_file(np.array([0.5, np.nan])),
        as_file(np.ones(9)),
    ],
)
@pytest.mark.parametrize("rows", [2, None, "8", -1])
def test_what_is_none_of_ours_is_not_used(tmp_path: Path, content: bytes, rows: Any) -> None:
    found = row_values(run(tmp_path, content, rows=rows), METRIC)
    # Bits of nine rows are also those of two.
    assert found is None or (rows == 2 and len(found) == 2)


def test_no_object_is_ever_unpickled(tmp_path: Path) -> None:
    with open(tmp_path / "objects.npy", "wb") as file:
        np.save(file, np.array([print], dtype=object), allow_pickle=True)
    assert (
        row_values(run(tmp_path, (tmp_path / "objects.npy").read_bytes(), rows=1), METRIC) is None
    )
