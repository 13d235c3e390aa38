"""Tables to tensors: what is imputed, encoded, scaled and split, and from which rows."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
import statsmodels

from dltrain.config.load import load
from dltrain.data.dataset import Column, Dataset, Split
from dltrain.data.table import csv_file
from dltrain.data.table import encode as preparation
from dltrain.data.table.dataset import tabular
from dltrain.data.table.encode import encode
from dltrain.data.table.options import Options
from dltrain.data.table.table import Table
from dltrain.train import build
from tests.benchmarks.csv_reading import OURS, as_parquet, measured, write_table
from tests.conftest import Call
from tests.data.table.conftest import (
    HOLES,
    PLAIN,
    SKLEARN,
    SPLIT,
    Prepare,
    column,
    messy,
    refusal,
    written,
)


def equal(first: Split, second: Split) -> bool:
    return np.array_equal(first.inputs, second.inputs) and np.array_equal(
        first.targets, second.targets
    )


# The textbook's table (2.2).


def test_the_textbooks_table_becomes_the_textbooks_tensors() -> None:
    data = build.dataset(load(["data=house_tiny", "device.dtype=float64"]))
    assert data.feature_names == ("NumRooms", "RoofType_Slate", "RoofType_nan")
    assert data.train.inputs.tolist() == [[3, 0, 1], [2, 0, 1], [4, 1, 0], [3, 0, 1]]
    assert data.train.targets.tolist() == [127500, 106000, 178100, 140000]
    assert (data.task, data.source) == ("regression", "package:house_tiny.csv")
    assert (len(data.val), len(data.test)) == (0, 0)


def test_what_became_of_each_column_is_reported() -> None:
    data = build.dataset(load(["data=house_tiny", "device.dtype=float64"]))
    rooms, roof, price = data.columns
    assert (rooms.role, rooms.missing, rooms.imputed) == ("number", 2, 3.0)
    assert (roof.role, roof.missing, roof.categories) == ("category", 3, ("Slate",))
    assert roof.features == ("RoofType_Slate", "RoofType_nan")
    assert (price.name, price.role) == ("Price", "target")


@pytest.mark.parametrize("missing", ["mean", "median"])
def test_rows_that_are_held_out_change_nothing_in_training(prepare: Prepare, missing: str) -> None:
    rows = messy()
    before = prepare(written(rows), missing=missing, **SPLIT)
    numbered = prepare(
        "n,y\n" + "".join(f"{i},0.5\n" for i in range(len(rows))),
        **SPLIT | {"standardise": False},
        task="regression",
    )
    held_out = np.concatenate([numbered.val.inputs, numbered.test.inputs]).ravel().astype(int)
    for row in held_out:
        rows[row] = ["1e6", "purple", "-1e6"]
    after = prepare(written(rows), missing=missing, **SPLIT)
    assert equal(before.train, after.train)
    assert before.feature_names == after.feature_names
    assert np.array_equal(before.feature_scale.mean, after.feature_scale.mean)
    assert np.array_equal(before.target_scale.deviation, after.target_scale.deviation)
    assert column(before, "a").imputed == column(after, "a").imputed


def test_rows_with_holes_can_be_dropped(prepare: Prepare) -> None:
    data = prepare(HOLES, missing="drop")
    assert data.train.inputs.tolist() == [[1, 1], [2, 1]]
    assert data.feature_names == ("a", "c_p")
    assert "2 rows with missing values were dropped" in data.notes


def test_only_holes_in_used_columns_count(prepare: Prepare) -> None:
    assert len(prepare(HOLES, missing="drop", drop=["c"]).train) == 3
    assert len(prepare(HOLES.replace("6,,", "6,p,"), missing="error", drop=["a"]).train) == 4


def test_holes_can_be_refused(prepare: Prepare) -> None:
    assert refusal(prepare, HOLES, missing="error") == (
        "t.csv:3: column 'a': no value (1 rows have none); "
        "fill it in or use data.missing=mean, median or drop"
    )


def test_a_target_is_never_made_up(prepare: Prepare) -> None:
    data = prepare("a,y\n1,1.5\n2,\n3,NA\n,2.5\n")
    assert data.train.targets.tolist() == [1.5, 2.5]
    assert "2 rows without a 'y' left out: there is nothing to learn from them" in data.notes
    assert refusal(prepare, "a,y\n1,1.5\n2,\n3,NA\n", missing="error") == (
        "t.csv:3: column 'y': no value (2 rows have none); "
        "fill it in or use data.missing=mean or drop"
    )
    assert refusal(prepare, "a,y\n1,\n2,\n") == "t.csv: no row has a value of the target 'y'"


def test_a_column_without_any_value_is_refused(prepare: Prepare) -> None:
    assert refusal(prepare, "a,b,y\n,1,1.5\n,2,2.5\n") == (
        "t.csv: column 'a' has no value in any training row; leave it out with 'data.drop=[a]'"
    )


def test_dropping_every_row_is_refused(prepare: Prepare) -> None:
    assert refusal(prepare, "a,y\n,1.5\n,2.5\n", missing="drop") == (
        "t.csv: data.missing=drop leaves no row: each lacks a value"
    )


def test_the_texts_that_mean_missing_can_be_chosen(prepare: Prepare) -> None:
    data = prepare("a,y\n-999,1.5\n1,2.5\n3,3.5\n", missing_values=["-999"])
    assert data.train.inputs.ravel().tolist() == [2, 1, 3]


def test_a_number_may_mean_missing(here: Path) -> None:
    (here / "t.csv").write_text("a,y\n-999.0,1.5\n1,2.5\n3,3.5\n")
    words = ["data=csv", "data.path=t.csv", "data.target=y", "data.missing_values=[-999.0]"]
    assert column(build.dataset(load([*words, "device.dtype=float64"])), "a").missing == 1


def test_words_that_pandas_takes_for_missing_are_texts_here(prepare: Prepare) -> None:
    data = prepare("a,y\nNone,1.5\nnull,2.5\n#N/A,3.5\n")
    assert data.feature_names == ("a_#N/A", "a_None", "a_null")


def test_numbers_can_be_categories(prepare: Prepare) -> None:
    data = prepare("a,y\n7,1.5\n8,2.5\n7,3.5\n", categorical=["a"])
    assert data.feature_names == ("a_7", "a_8")
    assert column(data, "a").role == "category"


def test_true_and_false_are_one_and_zero(prepare: Prepare) -> None:
    assert prepare("a,y\ntrue,1.5\nFalse,2.5\n").train.inputs.tolist() == [[1], [0]]


def test_text_is_no_amount(prepare: Prepare) -> None:
    assert refusal(prepare, "a,y\n1,p\n2,q\n", task="regression") == (
        "t.csv:2: column 'y': 'p' is not a number; use data.task=classification if its 2 different "
        "texts name classes"
    )


def test_more_labels_than_are_allowed_are_sent_straight_to_what_allows_them(
    prepare: Prepare,
) -> None:
    content = "a,y\n" + "".join(f"{i},w{i % 55}\n" for i in range(110))
    assert refusal(prepare, content, task="regression") == (
        "t.csv:2: column 'y': 'w0' is not a number; use data.task=classification and "
        "data.max_categories=55 if its 55 different texts name classes"
    )
    assert refusal(prepare, content) == (
        "t.csv: the target 'y' has 55 different values, more than data.max_categories=50; "
        "add data.max_categories=55 if each names a class"
    )
    data = prepare(content, task="classification", max_categories=55)
    assert len(data.class_names) == 55


def test_more_numbers_than_classes_are_allowed_may_be_amounts(prepare: Prepare) -> None:
    content = "a,y\n" + "".join(f"{i},{i}.5\n" for i in range(60))
    said = refusal(prepare, content, task="classification")
    assert said.endswith("each names a class, or data.task=regression if they are amounts")
    assert prepare(content, task="regression").task == "regression"


@pytest.mark.parametrize(
    ("cells", "options", "other"),
    [
        ([i % 10 for i in range(60)], {}, "regression"),
        ([i % 15 + 1 for i in range(60)], {}, "classification"),
        ([i % 15 + 0.5 for i in range(60)], {}, ""),
        (["pqr"[i % 3] for i in range(60)], {}, ""),
        ([i % 2 == 0 for i in range(60)], {}, ""),
        ([i % 10 for i in range(60)], {"categorical": ["y"]}, ""),
        ([i % 60 for i in range(60)], {}, ""),
        ([i % 60 for i in range(60)], {"max_categories": 60}, "classification"),
        ([7] * 60, {"task": "regression"}, ""),
    ],
)
def test_what_a_target_can_be_taken_for_as_well_is_known(
    prepare: Prepare, cells: list[object], options: dict[str, Any], other: str
) -> None:
    content = "a,y\n" + "".join(f"{i},{cell}\n" for i, cell in enumerate(cells))
    assert prepare(content, **options).other_task == other


def test_without_a_target_the_columns_are_listed(here: Path, call: Call) -> None:
    (here / "t.csv").write_text("room, price,y\n1,2,3\n")
    for verb in ((), ("data",)):
        shown = call(*verb, "data=csv", "data.path=t.csv")
        assert (shown.code, shown.out) == (2, "")
        assert shown.err == (
            "dltrain: error: data.target: which column is to be predicted? Add data.target=COLUMN; "
            "t.csv has 'room', ' price', 'y'\n"
        )


def test_a_model_that_does_not_fit_the_targets_is_told_what_would_make_them_fit(
    here: Path, call: Call
) -> None:
    counts = "".join(f"{i},{i % 10},{i % 15 + 1},{'pqr'[i % 3]}\n" for i in range(60))
    (here / "t.csv").write_text(f"x,count,label,name\n{counts}")
    words = ("data=csv", "data.path=t.csv", "trainer.epochs=1")
    said = call(*words, "data.target=count", "model=linear").err
    assert said.endswith("or data.task=regression if its target holds amounts\n")
    said = call(*words, "data.target=label", "model=softmax").err
    assert said.endswith("or data.task=classification if its target holds numbers of classes\n")
    assert "data.task" not in call(*words, "data.target=name", "model=linear").err
    fits = ("data.target=count", "model=linear", "data.task=regression")
    assert call(*words, *fits).code == 0


def test_one_class_is_nothing_to_tell_apart(prepare: Prepare) -> None:
    assert refusal(prepare, "a,y\n1,p\n2,p\n") == (
        "t.csv: the target 'y' has one value only; there is nothing to tell apart"
    )


def test_more_classes_than_categories_are_refused(prepare: Prepare) -> None:
    content = "a,y\n" + "".join(f"{i},t{i}\n" for i in range(6))
    assert refusal(prepare, content, max_categories=5) == (
        "t.csv: the target 'y' has 6 different values, more than data.max_categories=5; "
        "add data.max_categories=6 if each names a class"
    )


def test_a_class_without_training_rows_is_reported(prepare: Prepare) -> None:
    rows = [f"{i},{'q' if i % 2 else 'p'}" for i in range(40)]
    content = "a,y\n" + "\n".join(rows) + "\n"
    row = int(prepare(content, test_fraction=0.1).test.inputs[0, 0])
    rows[row] = f"{row},rare"
    data = prepare("a,y\n" + "\n".join(rows) + "\n", test_fraction=0.1)
    assert "class 'rare' has no training row, so it cannot be learned" in data.notes


# Splits.


def test_fractions_give_the_sizes_and_every_row_once_in_file_order(prepare: Prepare) -> None:
    content = "n,y\n" + "".join(f"{i},0.5\n" for i in range(103))
    data = prepare(content, val_fraction=0.2, test_fraction=0.1, task="regression")
    parts = [split.inputs.ravel() for split in data.splits.values()]
    assert [len(part) for part in parts] == [72, 21, 10]
    assert all((np.diff(part) > 0).all() for part in parts)
    assert sorted(np.concatenate(parts)) == list(range(103))


def test_the_seed_moves_the_split_and_nothing_else(prepare: Prepare) -> None:
    content = "n,y\n" + "".join(f"{i},0.5\n" for i in range(100))
    zero, again, one = (
        prepare(content, val_fraction=0.3, task="regression", seed=seed) for seed in (0, 0, 1)
    )
    assert equal(zero.val, again.val)
    assert not equal(zero.val, one.val)
    assert zero.sha256 == one.sha256


def test_too_few_rows_to_split_are_refused(prepare: Prepare) -> None:
    assert refusal(prepare, "a,y\n1,1.5\n", val_fraction=0.6) == (
        "1 rows are too few for data.val_fraction=0.6 and data.test_fraction=0; "
        "lower them, to 0 if need be"
    )


# Columns named by the options.


def test_features_keep_the_order_of_the_header(prepare: Prepare) -> None:
    data = prepare("a,b,c,y\n1,2,3,0.5\n4,5,6,1.5\n", features=["c", "a"])
    assert data.feature_names == ("a", "c")
    assert [column.role for column in data.columns] == ["number", "dropped", "number", "target"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": "z"}, "data.target=z: t.csv has no such column; it has 'room', 'y'"),
        (
            {"drop": ["rom"]},
            "data.drop=rom: t.csv has no such column; it has 'room', 'y'; did you mean room?",
        ),
        (
            {"features": ["roomy"]},
            "data.features=roomy: t.csv has no such column; it has 'room', 'y'; did you mean room?",
        ),
        (
            {"categorical": ["q"]},
            "data.categorical=q: t.csv has no such column; it has 'room', 'y'",
        ),
        (
            {"drop": ["room"]},
            "t.csv: no column is left to learn from; see data.features, data.drop",
        ),
    ],
)
def test_columns_that_are_not_there_are_refused(
    prepare: Prepare, options: dict[str, Any], message: str
) -> None:
    assert refusal(prepare, "room,y\n1,0.5\n2,1.5\n", **options) == message


@pytest.mark.parametrize(("mark", "shown"), [(";", ";"), ("|", "|")])
def test_another_delimiter_is_guessed(prepare: Prepare, mark: str, shown: str) -> None:
    message = refusal(prepare, f"a{mark}y\n1{mark}0.5\n")
    assert f"data.delimiter={shown}" in message


def test_tabs_are_seen_where_nothing_is_said(prepare: Prepare) -> None:
    data = prepare("a\ty\n1\t0.5\n2\t1.5\n")
    assert data.train.inputs.tolist() == [[1], [2]]
    assert "data.delimiter=\\t" in refusal(prepare, "a\ty\n1\t0.5\n", delimiter=",")


@pytest.mark.parametrize("mark", [";", "|", "\t", " ", "\\t"])
def test_tables_may_have_other_delimiters(prepare: Prepare, mark: str) -> None:
    written = mark.replace("\\t", "\t")
    data = prepare(f"a{written}y\n1{written}0.5\n2{written}1.5\n", delimiter=mark)
    assert data.train.inputs.tolist() == [[1], [2]]


def test_foreign_names_are_data(prepare: Prepare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    data = prepare("${oc.env:SECRET},[/x],y\n1,2,0.5\n2,3,1.5\n")
    assert data.feature_names == ("${oc.env:SECRET}", "[/x]")


def test_a_file_that_is_gone_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^data\.path=gone\.csv: No such file or directory$"):
        tabular(None, path="gone.csv", options=Options(**PLAIN), dtype="float32")


STATSMODELS = Path(statsmodels.__file__).parent


def real(path: Path, target: str, *words: str) -> Dataset:
    choices = ["data=csv", f'data.path="{path}"', f'data.target="{target}"', *words]
    return build.dataset(load([*choices, "device.dtype=float64"], fitting=False))


@pytest.mark.parametrize(
    ("file", "rows", "target", "classes"),
    [
        ("iris.csv", 150, "virginica", 3),
        ("breast_cancer.csv", 569, "benign", 2),
        ("wine_data.csv", 178, "class_2", 3),
    ],
)
def test_scikit_learns_tables_are_prepared(
    tmp_path: Path, file: str, rows: int, target: str, classes: int
) -> None:
    # The first line of these files tells rows, features and class names; it names no columns.
    first, *lines = (SKLEARN / file).read_text().splitlines()
    assert first.split(",")[0] == str(rows)
    width = len(lines[0].split(","))
    header = [*(f"x{i}" for i in range(width - 1)), target]
    (tmp_path / file).write_text("\n".join([",".join(header), *lines]) + "\n")
    data = real(tmp_path / file, target)
    assert (data.task, len(data.class_names)) == ("classification", classes)
    assert sum(map(len, data.splits.values())) == rows
    assert np.isfinite(data.train.inputs).all()


def test_iris_is_read_as_it_lies() -> None:
    data = real(SKLEARN / "iris.csv", "virginica")
    assert data.feature_names == ("150", "4", "setosa", "versicolor")
    assert (data.task, data.class_names) == ("classification", ("0", "1", "2"))


@pytest.mark.parametrize("file", ["breast_cancer.csv", "wine_data.csv"])
def test_a_header_of_another_width_is_refused(file: str) -> None:
    with pytest.raises(ValueError, match=rf"{file}:2: \d+ cells, but the header has \d"):
        real(SKLEARN / file, "benign" if "cancer" in file else "class_2")


@pytest.mark.parametrize(
    ("file", "target", "words", "task", "rows"),
    [
        ("datasets/fair/fair.csv", "affairs", (), "regression", 6366),
        ("datasets/statecrime/statecrime.csv", "murder", ("data.drop=[state]",), "regression", 51),
        ("datasets/anes96/anes96.csv", "'vote'", ("data.delimiter=\\t",), "classification", 944),
        ("genmod/tests/results/stata_lbw_glm.csv", "bwt", (), "regression", 189),
        ("genmod/tests/results/stata_lbw_glm.csv", "race", (), "classification", 189),
        ("gam/tests/results/autos.csv", "price", ("data.missing=drop",), "regression", None),
        ("gam/tests/results/autos.csv", "fuel", (), "classification", None),
        ("miscmodels/tests/results/ologit_ucla.csv", "apply", (), "classification", 400),
        ("datasets/co2/co2.csv", "co2", ("data.missing=drop",), "regression", None),
    ],
)
def test_statsmodels_tables_are_prepared(
    file: str, target: str, words: tuple[str, ...], task: str, rows: int | None
) -> None:
    data = real(STATSMODELS / file, target, "data.max_categories=3000", *words)
    assert data.task == task
    assert rows in (None, sum(map(len, data.splits.values())))
    assert all(np.isfinite(split.inputs).all() for split in data.splits.values())
    assert data.train.inputs.shape[1] == data.in_features == len(data.feature_scale.mean)


def test_a_dataset_names_its_columns_in_header_order(prepare: Prepare) -> None:
    data = prepare("b,y,a\n1,0.5,p\n2,1.5,q\n")
    assert [column.name for column in data.columns] == ["b", "y", "a"]
    assert dataclasses.is_dataclass(data.columns[0])


# What a run keeps.


def test_the_kept_preparation_repeats_the_inputs_exactly(prepare: Prepare) -> None:
    rows = "".join(
        f"{i % 7},{'pqr'[i % 3] if i % 5 else ''},{i / 3},{i % 2 == 0}\n" for i in range(40)
    )
    text = f"a,c,y,b\n{rows}".replace("3,p", ",p")
    data = prepare(text, standardise=True, val_fraction=0.2)
    kept = json.loads(json.dumps(data.preparation()))
    table = Table("t.csv", text.encode(), missing_values=kept["reading"]["missing_values"])
    columns = [
        Column(**{**column, "categories": tuple(column["categories"])})
        for column in kept["columns"]
    ]
    parts = [encode(table, column) for column in columns if column.role in ("number", "category")]
    inputs = np.concatenate(parts, axis=1)
    everything = {row.tobytes() for split in data.splits.values() for row in split.inputs}
    assert {row.tobytes() for row in inputs} == everything


def test_prepared_columns_of_one_name_are_refused(prepare: Prepare) -> None:
    assert refusal(prepare, "a,a_x,y\nx,1,1.5\nz,2,2.5\n") == (
        "t.csv: columns 'a' and 'a_x' both become 'a_x'; rename a column or a category"
    )


# What it costs.


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_inputs_are_one_array_of_the_asked_type(prepare: Prepare, dtype: str) -> None:
    data = prepare(written(messy()), dtype=dtype, **SPLIT)
    whole = data.train.inputs.base
    assert whole is not None
    assert len(whole) == sum(map(len, data.splits.values()))
    for split in data.splits.values():
        assert split.inputs.base is whole
        assert {split.inputs.dtype, split.targets.dtype} == {np.dtype(dtype)}
        assert split.inputs.flags.c_contiguous


def test_a_table_of_many_blocks_is_prepared_like_one_of_few(prepare: Prepare) -> None:
    content = written(messy(4000))
    whole = prepare(content, **SPLIT)
    with (
        mock.patch.multiple(csv_file, LEAST_BLOCK=1 << 10, LARGEST_BLOCK=1 << 10),
        mock.patch.object(preparation, "TILE_NUMBERS", 1),
    ):
        parts = prepare(content, **SPLIT)
    assert all(map(equal, whole.splits.values(), parts.splits.values()))
    assert whole.preparation() == parts.preparation()


@pytest.mark.parametrize("is_typed", [False, True], ids=["csv", "parquet"])
def test_reading_takes_little_more_memory_than_the_numbers(is_typed: bool, tmp_path: Path) -> None:
    rows, columns, path = 200_000, 20, tmp_path / "t.csv"
    write_table(path, rows=rows, columns=columns)
    inputs = rows * (columns - 1) * 4
    cost = measured(as_parquet(path) if is_typed else path, OURS)
    # Blocks on their way, and what pyarrow takes for itself, are the same for larger tables.
    assert cost.peak_bytes <= 3 * inputs + (170e6 if is_typed else 100e6)
    assert cost.held_bytes <= inputs + 70e6


@pytest.mark.parametrize(
    "words", [["data=synthetic"], ["data=fashion_mnist", "data.source=sample"]]
)
def test_other_data_need_no_reader_of_tables(words: list[str]) -> None:
    script = (
        "import sys; from dltrain.train import build; from dltrain.config.load import load; "
        "build.dataset(load(sys.argv[1:], fitting=False)); "
        "print(*sorted({'pandas', 'pyarrow', 'torch'} & set(sys.modules)))"
    )
    line = [sys.executable, "-c", script, *words]
    assert subprocess.run(line, capture_output=True, text=True, check=True).stdout.split() == []


def test_plain_numbers_and_plain_texts_need_no_pandas(here: Path) -> None:
    (here / "t.csv").write_text("a,c,y\n" + "1,red,true\n2,blue,false\n" * 20)
    script = (
        "import sys; from dltrain.train import build; from dltrain.config.load import load; "
        "words = ['data=csv', 'data.path=t.csv', 'data.target=y']; "
        "build.dataset(load(words, fitting=False)); "
        "print('pandas' in sys.modules)"
    )
    line = [sys.executable, "-c", script]
    assert subprocess.run(line, capture_output=True, text=True, check=True).stdout == "False\n"
