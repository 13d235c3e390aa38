from __future__ import annotations

import bz2
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pytest

from dltrain.data.dataset import Dataset
from dltrain.data.input_stream import InputStream, opened
from dltrain.data.preparation_file import read_preparation
from dltrain.data.table.dataset import tabular
from dltrain.data.table.formats import open_blocks
from dltrain.data.table.new_rows import OtherRows
from dltrain.data.table.options import Options
from dltrain.data.table.reading import Reading
from tests.data.table.conftest import PLAIN


def frame() -> pd.DataFrame:
    draw = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "amount": np.where(draw.random(60) < 0.1, np.nan, draw.normal(size=60).round(6)),
            "count": draw.integers(0, 100, 60),
            "colour": draw.choice(np.array(["red", "green", None]), 60),
            "is new": draw.random(60) < 0.5,
            "y": draw.normal(size=60).round(6),  # Excel keeps 16 digits
        }
    )


def written(table: pd.DataFrame, *, name: str, folder: Path) -> Path:
    """Write a table in the format that a file's name says."""
    path, text = folder / name, table.to_csv(index=False)
    match path.suffix:
        case ".parquet":
            table.to_parquet(path)
        case ".feather":
            table.to_feather(path)
        case ".xlsx":
            table.to_excel(path, index=False)
        case ".tsv":
            table.to_csv(path, index=False, sep="\t")
        case ".utf16":
            path.write_text(text, encoding="utf-16")
        case ".txt":
            path.write_text(f"Report\n\n{text.replace(',', ';')}# end\n", encoding="cp1252")
        case ".zst":
            path.write_bytes(pa.compress(text.encode(), codec="zstd", asbytes=True))
        case _:
            table.to_csv(path, index=False)  # packed by pandas, as the name says
    return path


def trained_on(path: Path, **more: Any) -> Dataset:
    options = {"standardise": True, "val_fraction": 0.2, "test_fraction": 0.2, **more}
    return tabular(None, path=str(path), options=Options(**PLAIN | options), dtype="float32")


TEXT = {"encoding": "cp1252", "skip_rows": 2, "comment": "#", "delimiter": ";"}
FORMATS: dict[str, dict[str, Any]] = {
    name: {}
    for name in (
        *("t.csv", "t.tsv", "t.utf16", "t.parquet", "t.feather", "t.xlsx"),
        *("t.csv.gz", "t.csv.bz2", "t.csv.xz", "t.csv.zip", "t.csv.zst"),
    )
} | {
    "t.txt": TEXT,
}


@pytest.mark.parametrize(("name", "told"), FORMATS.items())
def test_every_format_is_prepared_alike_in_training_and_at_prediction(
    name: str, told: dict[str, Any], tmp_path: Path
) -> None:
    plain = trained_on(written(frame(), name="plain.csv", folder=tmp_path))
    path = written(frame(), name=name, folder=tmp_path)
    data = trained_on(path, **told)
    assert data.columns == plain.columns
    for split, expected in plain.splits.items():
        assert np.array_equal(data.splits[split].inputs, expected.inputs)
        assert np.array_equal(data.splits[split].targets, expected.targets)
    assert data.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    # As a saved run knows it: the preparation alone, read back.
    kept = read_preparation(json.loads(json.dumps(data.preparation())), name="kept")
    whole = sorted(row.tobytes() for split in plain.splits.values() for row in split.inputs)
    assert sorted(row.tobytes() for row in new_rows(kept, path)) == whole


def new_rows(data: Dataset, path: Path) -> npt.NDArray[np.generic]:
    with opened(path, name=path.name) as stream:
        blocks = open_blocks(stream, reading=Reading.of(data.reading))
        others = OtherRows(data, blocks.header, name=path.name, dtype="float32")
        parts = [part.inputs for rows in blocks for part in others.parts(rows)]
    return np.concatenate(parts)


@pytest.mark.parametrize("file", ["t.parquet", "t.feather", "t.xlsx"])
def test_dates_by_type_are_those_that_were_learned_from_as_texts(file: str, tmp_path: Path) -> None:
    days = pd.date_range("2024-01-30 06:00", periods=9, freq="27h").astype("datetime64[us]")
    table = pd.DataFrame({"when": days, "y": np.arange(9.0)})
    form = "%d.%m.%Y %H:%M"
    table.to_csv(tmp_path / "t.csv", index=False, date_format=form)
    options = Options(**PLAIN | {"date_format": form})
    data = tabular(None, path=str(tmp_path / "t.csv"), options=options, dtype="float32")
    typed = new_rows(data, written(table, name=file, folder=tmp_path))
    assert typed.tobytes() == new_rows(data, tmp_path / "t.csv").tobytes()


def test_a_run_on_one_format_prepares_rows_of_the_others(tmp_path: Path) -> None:
    files = [written(frame(), name=name, folder=tmp_path) for name in FORMATS if name != "t.txt"]
    for data in map(trained_on, (files[0], files[3], files[5])):
        first, *others = (new_rows(data, path).tobytes() for path in files)
        assert all(other == first for other in others)


def test_a_format_is_told_by_its_content_and_not_by_its_name(tmp_path: Path) -> None:
    frame().to_parquet(tmp_path / "t.csv")
    assert trained_on(tmp_path / "t.csv").in_features == 6


def test_columns_without_names_are_numbered_in_training_and_at_prediction(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("1,p,3\n2,q,5\n4,p,9\n")
    options = PLAIN | {"header": "none", "target": "c3", "task": "regression"}
    data = tabular(None, path=str(tmp_path / "t.csv"), options=Options(**options), dtype="float32")
    assert data.feature_names == ("c1", "c2_p", "c2_q")
    assert data.train.targets.tolist() == [3, 5, 9]
    (tmp_path / "new.csv").write_text("7,q\n8,p\n")
    assert new_rows(data, tmp_path / "new.csv").tolist() == [[7, 0, 1], [8, 1, 0]]
    (tmp_path / "wide.csv").write_text("7,q,1,0\n")
    with pytest.raises(ValueError, match=r"^wide\.csv: has 4 columns without names, .* from 3"):
        new_rows(data, tmp_path / "wide.csv")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"SQLite format 3\0 and more", "is an SQLite database; query it with data=sql"),
        (b"%PDF-1.7", "is a PDF"),
        (bz2.compress(b"PAR1 and more"), "is Parquet within an archive; unpack it"),
    ],
)
def test_what_is_no_table_is_named_for_what_it_is(
    content: bytes, kind: str, tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(ValueError, match=kind):
        trained_on(tmp_path / "t.csv")


def test_what_is_no_text_does_not_come_as_a_stream() -> None:
    content = io.BytesIO()
    frame().to_parquet(content)
    content.seek(0)
    with pytest.raises(ValueError, match=r"^standard input: only text comes as a stream"):
        open_blocks(InputStream("standard input", content), reading=Reading())
