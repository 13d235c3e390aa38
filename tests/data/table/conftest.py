"""What the tests of tables share: tables written and prepared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
import sklearn.datasets

from dltrain.data.dataset import Column, Dataset
from dltrain.data.table.dataset import tabular
from dltrain.data.table.options import Options
from tests.data.table.databases import binaries, fill, server

Prepare = Callable[..., Dataset]
PLAIN: dict[str, Any] = {
    "target": "y",
    "task": "auto",
    "features": None,
    "drop": [],
    "categorical": [],
    "missing": "mean",
    "missing_values": ["NA"],
    "keep_default_na": False,
    "missing_indicator": False,
    "decimal": ".",
    "thousands": None,
    "date_format": None,
    "max_categories": 50,
    "standardise": False,
    "standardise_target": False,
    "log_target": False,
    "val_fraction": 0.0,
    "test_fraction": 0.0,
    "stratify": False,
    "weight": None,
    "group": None,
    "order": None,
    "split": None,
    "val_path": None,
    "test_path": None,
    "folds": None,
    "fold": None,
    "delimiter": None,
    "encoding": None,
    "skip_rows": 0,
    "comment": None,
    "header": "row",
    "sheet": None,
    "url": None,
    "query": None,
    "seed": 0,
}


@pytest.fixture
def prepare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Prepare:
    """Write a table and prepare it: no scaling, no splits, unless said otherwise."""
    monkeypatch.chdir(tmp_path)

    def prepare(content: str | bytes, *, dtype: str = "float64", **options: Any) -> Dataset:
        raw = content if isinstance(content, bytes) else content.encode()
        (tmp_path / "t.csv").write_bytes(raw)
        return tabular(None, path="t.csv", options=Options(**PLAIN | options), dtype=dtype)

    return prepare


def parquet(rows: dict[str, Any]) -> bytes:
    """Write columns as a Parquet file of the types they have."""
    sink = pa.BufferOutputStream()
    pyarrow.parquet.write_table(pa.table(rows), sink)
    return bytes(sink.getvalue().to_pybytes())


def refusal(prepare: Prepare, content: str | bytes, **options: Any) -> str:
    with pytest.raises(ValueError, match=r".") as caught:
        prepare(content, **options)
    return str(caught.value)


def column(data: Dataset, name: str) -> Column:
    return next(column for column in data.columns if column.name == name)


# Statistics come from training rows.


def messy(rows: int = 200) -> list[list[str]]:
    """A table of numbers with holes, texts with holes, and a target."""
    draw = np.random.default_rng(0)
    return [
        [
            "" if draw.random() < 0.2 else f"{draw.normal(5, 3):.6f}",
            "" if draw.random() < 0.2 else draw.choice(["red", "green", "blue"]),
            f"{draw.normal():.6f}",
        ]
        for _ in range(rows)
    ]


def written(rows: list[list[str]]) -> str:
    return "a,c,y\n" + "".join(",".join(row) + "\n" for row in rows)


SPLIT = {"val_fraction": 0.2, "test_fraction": 0.2, "standardise": True, "standardise_target": True}


# Missing cells.


HOLES = "a,c,y\n1,p,1.5\n,q,2.5\n2,p,3.5\n6,,4.5\n"


# Real tables, as they lie in installed packages.


SKLEARN = Path(sklearn.datasets.__file__).parent / "data"


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Return the address of a PostgreSQL server, if its binaries are on this machine."""
    commands = binaries()
    if commands is None:
        pytest.skip("no PostgreSQL server is installed")
    with server(commands) as url:
        yield url


@pytest.fixture(params=["sqlite", "duckdb", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of an empty database of each kind."""
    if request.param != "postgresql":
        return f"{request.param}:///{tmp_path}/shop.{request.param}"
    url: str = request.getfixturevalue("postgresql")
    fill(url, ["DROP SCHEMA public CASCADE", "CREATE SCHEMA public"])
    return url
