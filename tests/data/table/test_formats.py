from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dltrain.data.dataset import Dataset
from dltrain.data.input_stream import InputStream, opened
from dltrain.data.table.dataset import tabular
from dltrain.data.table.formats import open_blocks
from dltrain.data.table.new_rows import OtherRows
from dltrain.data.table.options import Options
from tests.data.table.conftest import PLAIN

READING = {"delimiter": ",", "missing_values": ["", "NA"]}


def frame() -> pd.DataFrame:
    draw = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "amount": np.where(draw.random(60) < 0.1, np.nan, draw.normal(size=60)),
            "count": draw.integers(0, 100, 60),
            "colour": draw.choice(np.array(["red", "green", None]), 60),
            "is new": draw.random(60) < 0.5,
            "y": draw.normal(size=60),
        }
    )


def write(table: pd.DataFrame, path: Path) -> None:
    match path.suffix:
        case ".parquet":
            table.to_parquet(path)
        case ".feather":
            table.to_feather(path)
        case _:
            table.to_csv(path, index=False)


def trained_on(path: Path) -> Dataset:
    options = {"standardise": True, "val_fraction": 0.2, "test_fraction": 0.2}
    return tabular(None, path=str(path), options=Options(**PLAIN | options), dtype="float32")


FORMATS = ["t.csv", "t.parquet", "t.feather"]


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_prepared_alike_in_training_and_at_prediction(
    name: str, tmp_path: Path
) -> None:
    write(frame(), tmp_path / "plain.csv")
    write(frame(), tmp_path / name)
    plain, data = trained_on(tmp_path / "plain.csv"), trained_on(tmp_path / name)
    assert [c.name for c in data.columns] == [c.name for c in plain.columns]
    assert data.columns == plain.columns
    for split, expected in plain.splits.items():
        assert np.array_equal(data.splits[split].inputs, expected.inputs)
        assert np.array_equal(data.splits[split].targets, expected.targets)
    whole = sorted(row.tobytes() for split in plain.splits.values() for row in split.inputs)
    with opened(tmp_path / name, name=name) as stream:
        blocks = open_blocks(stream, reading=READING)
        others = OtherRows(data, blocks.header, name=name, dtype="float32")
        parts = [part.inputs for rows in blocks for part in others.parts(rows)]
    assert sorted(row.tobytes() for row in np.concatenate(parts)) == whole


def test_a_format_is_told_by_its_content_and_not_by_its_name(tmp_path: Path) -> None:
    frame().to_parquet(tmp_path / "t.csv")
    assert trained_on(tmp_path / "t.csv").in_features == 6


def test_what_is_no_text_does_not_come_as_a_stream() -> None:
    content = io.BytesIO()
    frame().to_parquet(content)
    content.seek(0)
    with pytest.raises(ValueError, match=r"^standard input: only text comes as a stream"):
        open_blocks(InputStream("standard input", content), reading=READING)
