"""Rows of other tables, prepared exactly like the training rows."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from dltrain.config.load import load
from dltrain.data.dataset import Dataset
from dltrain.data.preparation_file import read_preparation
from dltrain.data.table import csv_stream, new_rows
from dltrain.data.table.csv_stream import CsvBlocks
from dltrain.data.table.new_rows import OtherRows, Part
from dltrain.data.table.reading import Reading
from dltrain.runs.record import as_json
from dltrain.train import build
from tests.conftest import changed
from tests.data.table.conftest import SKLEARN

pytestmark = pytest.mark.usefixtures("here")

TABLE = "x,colour,on,note,y\n" + "".join(
    f"{i / 7 if i % 5 else ''},{['red', 'green', ''][i % 3]},{['true', 'FALSE'][i % 2]},n{i},"
    f"{i * 3}\n"
    for i in range(30)
)
ALL = ["data=csv", "data.path=t.csv", "data.val_fraction=0", "data.test_fraction=0"]


def data_of(*words: str) -> Dataset:
    Path("t.csv").write_text(TABLE)
    return build.dataset(load(changed([*ALL, "data.target=y", "data.drop=[note]"], *words)))


def prepared(
    data: Dataset, text: str, *, targets: bool = False, dtype: str = "float32"
) -> tuple[list[Part], OtherRows]:
    source = CsvBlocks("o.csv", io.BytesIO(text.encode()), reading=Reading())
    others = OtherRows(data, source.header, name="o.csv", dtype=dtype, targets=targets)
    return [part for rows in source for part in others.parts(rows)], others


def inputs(parts: Sequence[Part]) -> npt.NDArray[Any]:
    return np.concatenate([part.inputs for part in parts])


@pytest.mark.parametrize("small", [False, True], ids=["one block", "many blocks"])
@pytest.mark.parametrize(
    "words",
    [
        [],
        ["data.standardise_target=true", "data.missing=median"],
        ["data.standardise=false", "data.categorical=[on]"],
        ["device.dtype=float64"],
        ["data.task=classification", "model=softmax", "data.target=on", "data.drop=[]"],
        ["data.missing_values=['',red]", "data.max_categories=40", "data.drop=[]"],
    ],
    ids=str,
)
def test_the_training_rows_are_prepared_to_the_same_bits(
    words: list[str], small: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if small:
        monkeypatch.setattr(csv_stream, "LEAST_BLOCK", 100)
        monkeypatch.setattr(csv_stream, "HEADERS_PER_BLOCK", 1)
    data = data_of(*words)
    dtype = str(data.train.inputs.dtype)
    parts, _ = prepared(data, TABLE, targets=True, dtype=dtype)
    assert len(parts) > 3 or not small
    assert inputs(parts).tobytes() == data.train.inputs.tobytes()
    targets = np.concatenate([part.targets for part in parts if part.targets is not None])
    assert targets.tobytes() == data.train.targets.tobytes()


def test_a_table_of_scikit_learn_is_prepared_to_the_same_bits() -> None:
    path = SKLEARN / "iris.csv"
    words = changed(ALL, f"data.path={path}", "data.target=virginica", "model=softmax")
    data = build.dataset(load(words))
    parts, _ = prepared(data, path.read_text())
    assert inputs(parts).tobytes() == data.train.inputs.tobytes()


def test_columns_may_stand_in_any_order_among_others() -> None:
    data = data_of()
    parts, _ = prepared(data, "more,on,colour,x\nz,true,red,1\n")
    again, _ = prepared(data, "x,colour,on,y\n1,red,true,\n")
    assert inputs(parts).tobytes() == inputs(again).tobytes()


def test_missing_cells_and_new_categories_become_what_training_says() -> None:
    data = data_of("data.standardise=false")
    parts, others = prepared(data, "x,colour,on\n,blue,true\n2,,false\n3,green,\n")
    names = list(data.feature_names)
    found = [dict(zip(names, row, strict=True)) for row in inputs(parts).tolist()]
    by_name = {column.name: column for column in data.columns}
    assert found[0]["x"] == pytest.approx(by_name["x"].imputed)
    colours = ["colour_green", "colour_red", "colour_nan"]
    assert [[row[name] for name in colours] for row in found] == [[0, 0, 0], [0, 0, 1], [1, 0, 0]]
    assert [row["on"] for row in found[:2]] == [1, 0]
    assert found[2]["on"] == pytest.approx(by_name["on"].imputed)
    assert others.imputed == {"x": 1, "colour": 0, "on": 1}
    assert others.unseen == {"colour": 1}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("colour,on\n", r"o\.csv: has no column 'x'; it has 'colour', 'on'"),
        ("X1,colour,Colour,on\n", r"has no column 'x'"),
        (
            "x,color,on\n",
            r"has no column 'colour'; it has 'x', 'color', 'on'; did you mean color\?",
        ),
        ("a\n", r"has no column 'x' \(nor 2 others\); it has 'a'; cells are separated by ',' here"),
        ("x,colour,on\n1,red,true\nabc,red,true\n", r"o\.csv:3: column 'x': 'abc' is no finite"),
        ("x,colour,on\nabc,red,true\n", r"o\.csv:2: column 'x': 'abc' is no finite number"),
        ("x,colour,on\n1,red,true\n\ninf,red,true\n", r"o\.csv:4: column 'x': 'inf' is no finite"),
        ("x,colour,on\n1e999,red,true\n", r"o\.csv:2: column 'x': '1e999' is no finite number"),
        ("x,colour,on\n1,red,true\n1,red,5\n", r"o\.csv:2: column 'on': 'true' is no finite"),
        (
            "x,colour,on\n1,red,True\n1,red,False\n1,red,yes\n",
            r"o\.csv:4: column 'on': 'yes' is ne",
        ),
        ("x,colour,on\n1,red,true\n1,red,5\n1,red,yes\n1,red,\n1,red,false\n", r"csv:3: .* '5' is"),
        ("x,colour,on\n1,red,yes\n1,red,5\n1,red,6\n1,red,true\n", r"csv:2: .* 'yes' is no finite"),
        ("x,colour,on\n1e300,red,true\n", r"column 'x' holds numbers too large for float32"),
    ],
)
def test_what_cannot_be_prepared_is_refused_with_its_place(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        prepared(data_of(), text)


NOTHING = r"no value, and the run has none to fill in, .*; fill it in, or leave the row out$"


@pytest.mark.parametrize("missing", ["drop", "error"])
def test_a_hole_is_refused_where_training_kept_nothing_to_fill_in(missing: str) -> None:
    text = "x,day,y\n" + "".join(f"{i},202{i}-01-01,{i}\n" for i in range(8))
    Path("days.csv").write_text(text)
    words = ["data=csv", "data.path=days.csv", *ALL[2:], "data.target=y"]
    data = build.dataset(load([*words, f"data.missing={missing}"]))
    for cells, column in (",2020-01-01", "x"), ("1,", "day"):
        with pytest.raises(ValueError, match=rf"^o\.csv:3: column '{column}': {NOTHING}"):
            prepared(data, f"x,day\n1,2020-01-01\n{cells}\n")
    filled = build.dataset(load(words))
    assert sum(prepared(filled, "x,day\n,2020-01-01\n")[1].imputed.values()) == 1


def test_blocks_are_read_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_stream, "LEAST_BLOCK", 64)
    monkeypatch.setattr(csv_stream, "HEADERS_PER_BLOCK", 1)
    data = data_of()
    rows = ["1,red,true"] * 20 + [",red,"] * 20
    prepared(data, "\n".join(["x,colour,on", *rows, "1,red,false"]))
    told = r"o\.csv:42: column 'on': '1' stands among true and false"
    with pytest.raises(ValueError, match=told):
        prepared(data, "\n".join(["x,colour,on", *rows, "1,red,1"]))
    rows = ["1,red,1"] * 20
    with pytest.raises(ValueError, match=r"o\.csv:22: column 'on': 'true' stands among numbers"):
        prepared(data, "\n".join(["x,colour,on", *rows, "1,red,true"]))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x\n1\n", r"has no column 'day'; it has 'x'; cells are separated by ',' here"),
        ("other,x\n1,1\n", r"has no column 'day'; it has 'other', 'x'$"),
        ("other,more\n1,1\n", r"has no column 'x' \(nor 1 other\); it has 'other', 'more'$"),
    ],
)
def test_a_column_of_dates_that_is_missing_is_one_column(text: str, told: str) -> None:
    days = "".join(f"{i},202{i}-0{i + 1}-0{i + 2},{i}\n" for i in range(8))
    Path("days.csv").write_text("x,day,y\n" + days)
    data = build.dataset(load(["data=csv", "data.path=days.csv", *ALL[2:], "data.target=y"]))
    with pytest.raises(ValueError, match=told):
        prepared(data, text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x,colour,on\n", r"has no column 'y' to compare with"),
        ("x,colour,on,y\n1,red,true,3\n1,red,true,\n", r"o\.csv:3: column 'y': no value"),
        ("x,colour,on,y\n1,red,true,abc\n", r"o\.csv:2: column 'y': 'abc' is no finite number"),
        ("x,colour,on,y\n1,red,true,1e300\n", r"o\.csv:2: column 'y': is too large for float32"),
    ],
)
def test_amounts_that_are_none_are_refused(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        prepared(data_of(), text, targets=True)


def test_a_label_that_names_no_class_is_refused() -> None:
    data = data_of("data.target=colour", "data.missing=drop", "model=softmax")
    told = r"o\.csv:3: column 'colour': 'rde' is none of the classes; did you mean red\? "
    with pytest.raises(ValueError, match=told + r"\(there are: 'green', 'red'\)"):
        prepared(data, "x,on,y,colour\n1,true,2,red\n1,true,2,rde\n", targets=True)


def test_data_that_are_no_table_have_a_column_for_each_feature() -> None:
    values = json.loads(as_json(build.dataset(load([])).preparation()))
    data = read_preparation(values, name="synthetic")
    parts, _ = prepared(data, "x1,x0\n1,2\n3,4\n")
    assert inputs(parts).tolist() == [[2, 1], [4, 3]]


def test_parts_stay_small_beside_wide_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_rows, "PART_NUMBERS", 100)
    data = data_of()
    text = "x,colour,on\n" + "1,red,true\n" * 200
    parts, _ = prepared(data, text)
    sizes = [part.stop - part.start for part in parts]
    assert max(sizes) * data.in_features <= 100 + data.in_features
    assert sum(sizes) == 200
    assert [part.start for part in parts] == [sum(sizes[:i]) for i in range(len(sizes))]
