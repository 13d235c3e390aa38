"""Runs and epochs as one table."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.conftest import runs_of
from tests.conftest import Call, command


@pytest.mark.parametrize("name", ["runs.csv", "runs.parquet"])
def test_all_runs_become_one_table(there: Path, call: Call, name: str) -> None:
    newest, *_ = runs_of(there)
    assert call("runs", "export", name).out == f"{name}: 8 runs of 8 runs\n"
    frame = (pd.read_csv if name.endswith("csv") else pd.read_parquet)(there / name)
    assert len(frame) == 8
    row = frame[frame["id"] == newest.id].iloc[0]
    assert row["optimizer.lr"] == 0.05
    assert row["val/loss"] == newest.part("result", "kept", "val/loss")
    assert sorted(frame["status"].unique()) == ["diverged", "done"]


def test_all_epochs_become_one_table(there: Path, call: Call) -> None:
    newest, *_ = runs_of(there)
    call("runs", "export", "epochs.parquet", "--epochs", "--where", "data == synthetic")
    frame = pd.read_parquet(there / "epochs.parquet")
    own = frame[frame["id"] == newest.id]
    assert own["epoch"].tolist() == [1, 2, 3]
    written = [float(row["val/loss"]) for row in newest.metrics()]
    assert own["val/loss"].tolist() == written
    assert set(own["optimizer.lr"]) == {0.05}


def test_a_table_goes_to_standard_output(there: Path) -> None:
    shown = command("runs", "export", "-", folder=there)
    assert len(pd.read_csv(io.StringIO(shown.out))) == 8


def test_a_wrong_file_name_is_refused_before_anything_heavy_is_loaded(there: Path) -> None:
    script = (
        "import sys\nfrom dltrain.cli.main import run\ncode = run(sys.argv[1:])\n"
        "print(code, {'torch', 'pyarrow', 'pandas'} & {*sys.modules})"
    )
    for name in ("nowhere/runs.csv", "runs.xlsx"):
        line = [sys.executable, "-c", script, "runs", "export", name]
        shown = subprocess.run(line, cwd=there, capture_output=True, text=True, check=True)
        assert shown.stdout == "2 set()\n"
        assert shown.stderr.startswith(f"dltrain: error: {name}: ")
