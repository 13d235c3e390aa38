from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dltrain.data.dataset import Dataset
from dltrain.data.table.dataset import tabular
from dltrain.data.table.options import Options
from dltrain.system.digests import file_digest, joint_digest
from tests.data.table.conftest import PLAIN


def frame() -> pd.DataFrame:
    return pd.DataFrame({"a": np.arange(9.0), "c": [*"pqrpqrpqr"], "y": np.arange(9.0) ** 2})


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a table whole and in three parts, of two formats and two orders of columns."""
    monkeypatch.chdir(tmp_path)
    table, folder = frame(), tmp_path / "parts"
    folder.mkdir()
    table.to_csv("whole.csv", index=False)
    table[:2].to_csv(folder / "1.csv", index=False)
    table[2:5][["y", "c", "a"]].to_parquet(folder / "2.csv")
    table[5:].to_csv(folder / "3.csv", index=False, sep="\t")
    return folder


def trained_on(path: str, **more: Any) -> Dataset:
    return tabular(None, path=path, options=Options(**PLAIN | more), dtype="float64")


@pytest.mark.parametrize("path", ["parts/*.csv", "[parts/1.csv,parts/2.csv,parts/3.csv]"])
def test_files_of_the_same_columns_are_one_table(parts: Path, path: str) -> None:
    options = {"standardise": True, "val_fraction": 0.2}
    whole, data = trained_on("whole.csv", **options), trained_on(path, **options)
    for split, expected in whole.splits.items():
        assert np.array_equal(data.splits[split].inputs, expected.inputs)
        assert np.array_equal(data.splits[split].targets, expected.targets)
    files = {f"path[{i}]": file_digest(file) for i, file in enumerate(sorted(parts.iterdir()))}
    assert (data.files, data.sha256) == (files, joint_digest(files))
    assert (data.name, data.source) == ("1-and-2-more", path)


def test_a_row_is_named_by_its_own_file(parts: Path) -> None:
    (parts / "3.csv").write_text("a\tc\ty\n5\tp\t25\nx\tq\t36\n")
    with pytest.raises(ValueError, match=r"^parts/3\.csv:3: column 'a': 'x' stands among"):
        trained_on("parts/*.csv")


def test_several_files_train_and_others_validate(parts: Path) -> None:
    data = trained_on("[parts/1.csv,parts/2.csv]", val_path="parts/3.csv")
    assert sorted(data.train.targets) == [0, 1, 4, 9, 16]
    assert sorted(data.val.targets) == [25, 36, 49, 64]
    others = trained_on("parts/3.csv", val_path="[parts/1.csv,parts/2.csv]", stratify=False)
    assert sorted(others.val.targets) == [0, 1, 4, 9, 16]
