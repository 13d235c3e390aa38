"""How a run prepared its rows, read back; nothing but what it writes is taken."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import pytest

from dltrain.config.load import load
from dltrain.data.dataset import Dataset
from dltrain.data.preparation_file import _READING, PreparationError, read_preparation
from dltrain.runs.record import as_json
from dltrain.train import build

TABLE = "x,colour,note,y\n1,red,a,3\n2,,b,4\n,green,c,9\n4,red,d,16\n5,green,e,25\n"
ALL = ["data.test_fraction=0", "data.val_fraction=0"]
CLASSES = ["data.missing=drop", "model=softmax", *ALL]
WORDS = {
    "amounts": ["data=csv", "data.path=t.csv", "data.target=y", "data.drop=[note]", *ALL],
    "classes": ["data=csv", "data.path=t.csv", "data.target=colour", *CLASSES],
    "synthetic": [],
    "images": ["data=fashion_mnist", "data.source=sample", "model=softmax"],
    "house_tiny": ["experiment=book/house_tiny"],
}


@pytest.fixture(params=WORDS)
def data(request: pytest.FixtureRequest, here: Path) -> Dataset:
    (here / "t.csv").write_text(TABLE)
    return build.dataset(load(WORDS[request.param]))


def written(data: Dataset) -> Any:
    return json.loads(as_json(data.preparation()))


def test_what_a_data_set_says_of_itself_reads_back_the_same(data: Dataset) -> None:
    found = read_preparation(written(data), name=data.name)
    names = ("name", "task", "feature_names", "target_name", "class_names", "columns", "unit")
    more = ("image_shape", "edges", "resizes", "class_rows", "weight_name")
    for name in (*names, *more):
        assert getattr(found, name) == getattr(data, name), name
    for scale in ("feature_scale", "target_scale"):
        for part in ("mean", "deviation"):
            own, other = (getattr(getattr(d, scale), part) for d in (found, data))
            assert own.tolist() == other.tolist()
    assert found.reading == (data.reading or _READING)
    assert [len(split) for split in found.splits.values()] == [0, 0, 0]
    assert found.in_features == data.in_features
    assert found.train.inputs.dtype.kind == data.train.inputs.dtype.kind


HUGE = 10**400
NOT_TEXT: list[Any] = [None, 0, True, [], {}, ["x"]]
NOT_TEXTS: list[Any] = [None, 0, "x", {}, [1], [None], [[]], ["\ud800"]]
NOT_NUMBER: list[Any] = [None, True, "1", [], HUGE, -HUGE, math.inf, math.nan]
NOT_COUNT: list[Any] = [None, True, "1", [], -1, 0.5]
# What is refused in each place, of a table whose first column holds numbers.
WRONG: dict[tuple[str | int, ...], list[Any]] = {
    (): [None, 0, "x", [], {}],
    ("unit",): [*NOT_NUMBER, 0, -1, 2, 0.5],
    ("task",): [*NOT_TEXT, "auto", "classification"],
    ("target",): [*NOT_TEXT, "", "x", "z"],
    ("feature_names",): [*NOT_TEXTS, [], ["x"], ["x", "x"], ["x"] * 4],
    ("class_names",): [*NOT_TEXTS, ["a"], ["a", "a"], ["a", "b"]],
    ("class_rows",): [None, 0, "x", {}, [1.0], [None], [-1.0], [math.nan]],
    ("image_shape",): [0, True, [], [1], [1, 4], [2, 2], [4, 1, 1], [-1, -4], [True, 4], "x"],
    ("edges",): [0, True, [], [1, 2], "x"],
    ("resizes",): [None, 0, "x", True],
    ("reading",): [None, [], "x", {"delimiter": ","}, {"a": 1}],
    ("reading", "delimiter"): [*NOT_TEXT[1:], "", ",,", '"', "\n", "\r", "\0", "\xa7"],
    ("reading", "encoding"): [*NOT_TEXT[1:], "", "nonsense", "hex", "\0"],
    ("reading", "skip_rows"): [*NOT_COUNT, 2**40],
    ("reading", "comment"): [*NOT_TEXT[1:], ""],
    ("reading", "header"): [*NOT_TEXT, "", "yes"],
    ("reading", "sheet"): [*NOT_TEXT[1:], ""],
    ("reading", "missing_values"): NOT_TEXTS,
    ("columns",): [None, 0, "x", {}, [None], [[]], [{}]],
    ("columns", 0): [None, 0, "x", [], {}],
    ("columns", 0, "name"): [*NOT_TEXT, "", "y", "z"],
    ("columns", 0, "role"): [*NOT_TEXT, "x", "category", "target", "weight", "dropped"],
    ("columns", 0, "missing"): NOT_COUNT,
    ("columns", 0, "imputed"): NOT_NUMBER[1:],
    ("columns", 0, "categories"): [*NOT_TEXTS, ["a", "a"]],
    ("columns", 0, "features"): [*NOT_TEXTS, [], ["z"], ["x", "x"]],
    ("columns", 0, "unseen"): NOT_COUNT,
    ("columns", 0, "mean"): NOT_NUMBER,
    ("columns", 0, "deviation"): [*NOT_NUMBER, 0, -1],
    ("columns", 1, "categories"): [*NOT_TEXTS, [], ["green"], ["red", "green"], ["red", "red"]],
    ("columns", 1, "features"): [*NOT_TEXTS, [], ["colour_green"], ["a", "b", "c"]],
}


@pytest.mark.parametrize("place", WRONG, ids=lambda place: ".".join(map(str, place)) or "all")
def test_whatever_is_wrong_about_it_is_refused(place: tuple[str | int, ...], here: Path) -> None:
    (here / "t.csv").write_text(TABLE)
    honest = written(build.dataset(load(WORDS["amounts"])))
    read_preparation(honest, name="x")
    for value in WRONG[place]:
        forged: Any = {"all": copy.deepcopy(honest)}
        *path, key = ("all", *place)
        node = forged
        for part in path:
            node = node[part]
        node[key] = value
        try:
            read_preparation(forged["all"], name="x")
        except PreparationError as error:
            assert str(error).endswith("not as a run writes them")  # noqa: PT017
        else:
            pytest.fail(f"{value!r} was taken")


@pytest.mark.parametrize("change", ["a key more", "a key less", "a column more", "a twin"])
def test_a_preparation_of_other_parts_is_refused(change: str, here: Path) -> None:
    (here / "t.csv").write_text(TABLE)
    values = written(build.dataset(load(WORDS["amounts"])))
    match change:
        case "a key more":
            values["_target_"] = "os.system"
        case "a key less":
            del values["columns"][0]["mean"]
        case "a column more":
            values["columns"].append({**values["columns"][0], "name": "z", "features": ["z"]})
        case "a twin":
            values["columns"].append(values["columns"][0])
    with pytest.raises(PreparationError):
        read_preparation(values, name="x")


def test_half_characters_are_refused(here: Path) -> None:
    values = written(build.dataset(load([])))
    with pytest.raises(PreparationError, match="feature_names"):
        read_preparation(values | {"feature_names": ["\ud800", "x1"]}, name="x")


def test_a_data_set_without_rows_says_the_same_of_itself(data: Dataset) -> None:
    found = read_preparation(written(data), name=data.name)
    again = dataclasses.replace(found, reading=data.reading)
    assert written(again) == written(data)


# Likewise of images.
WRONG_OF_IMAGES: dict[str, list[Any]] = {
    "image_shape": [
        [784],
        [28, 27],
        [28, 28, 1],
        [28, 28, 3],
        [28, 28.0],
        [784, 1, 1],
        [True, 784],
    ],
    "edges": [None, [], [1], [1, 2, 3], [-1, 1], [256, 1], [1, -1], ["1", 1], [math.nan, 1], 5],
    "resizes": [None, 0, 1, "x"],
}


@pytest.mark.parametrize("key", WRONG_OF_IMAGES)
def test_whatever_is_wrong_about_images_is_refused(key: str) -> None:
    honest = written(build.dataset(load(WORDS["images"])))
    read_preparation(honest | {"resizes": True}, name="x")
    for value in WRONG_OF_IMAGES[key]:
        with pytest.raises(PreparationError):
            read_preparation(honest | {key: value}, name="x")
