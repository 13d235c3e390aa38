"""The column that weighs the rows: read, refused, and divided by its mean over training rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dltrain.config.compose import ConfigError
from dltrain.config.load import load
from tests.data.table.conftest import Prepare, parquet, refusal

TABLE = "x,w,y\n1,0,5\n2,1,6\n3,2,8\n4,5,7\n"


def test_weights_are_divided_by_their_mean_over_the_training_rows(prepare: Prepare) -> None:
    data = prepare(TABLE, weight="w", val_fraction=0.25)
    raw = {1.0: 0, 2.0: 1, 3.0: 2, 4.0: 5}
    trained = [raw[x] for x in data.train.inputs[:, 0]]
    for split in (data.train, data.val):
        assert split.weights is not None
        expected = [raw[x] / np.mean(trained) for x in split.inputs[:, 0]]
        assert split.weights.tolist() == pytest.approx(expected, rel=1e-15)
    assert data.train.weights is not None
    assert data.train.weights.mean() == pytest.approx(1)


def test_weights_are_not_learned_from_and_a_note_says_so(prepare: Prepare) -> None:
    data = prepare(TABLE, weight="w")
    assert data.feature_names == ("x",)
    assert data.weight_name == "w"
    assert any("'w' weighs the rows" in note for note in data.notes)
    plain = prepare(TABLE)
    assert (plain.weight_name, plain.train.weights) == (None, None)
    assert not any("weighs" in note for note in plain.notes)


def test_a_column_that_is_dropped_may_still_weigh(prepare: Prepare) -> None:
    assert prepare(TABLE, weight="w", drop=["w"]).weight_name == "w"


@pytest.mark.parametrize(
    ("cells", "line", "words"),
    [
        (["1", "-2", "1", "1"], 3, "-2 is less than 0"),
        (["1", "", "1", "1"], 3, "no value"),
        (["a", "b", "c", "d"], 2, "'a' is no number"),
        (["1", "1", "inf", "1"], 4, "'inf' is not finite"),
        (["1", "1", "1", "many"], 5, "'many' stands among numbers"),
    ],
)
def test_what_is_no_weight_is_refused_with_its_line(
    cells: list[str], line: int, words: str, prepare: Prepare
) -> None:
    rows = "".join(f"{i},{cell},{2 * i}\n" for i, cell in enumerate(cells))
    with pytest.raises(ValueError, match=f"t.csv:{line}: column 'w': .*{words}"):
        prepare(f"x,w,y\n{rows}", weight="w")


def test_a_weight_is_never_made_up(prepare: Prepare) -> None:
    content = "x,w,y\n1,1,5\n2,,6\n3,2,8\n"
    for missing in ("mean", "median", "error"):
        with pytest.raises(ValueError, match=r"t\.csv:3: column 'w': no value") as refused:
            prepare(content, weight="w", missing=missing, task="regression")
        assert "mean" not in str(refused.value)


def test_rows_without_a_weight_can_be_dropped(prepare: Prepare) -> None:
    data = prepare("x,w,y\n1,1,5\n2,,6\n3,2,8\n", weight="w", missing="drop", task="regression")
    assert len(data.train) == 2


def test_a_split_in_which_nothing_counts_is_refused(prepare: Prepare) -> None:
    with pytest.raises(ValueError, match="column 'w' is 0 in all 3 train rows"):
        prepare("x,w,y\n1,0,5\n2,0,6\n3,0,8\n", weight="w", task="regression")
    rows = "".join(f"{i},{int(i < 6)},{i},{'train' if i < 6 else 'test'}\n" for i in range(12))
    with pytest.raises(ValueError, match="column 'w' is 0 in all 6 test rows"):
        prepare(f"x,w,y,s\n{rows}", weight="w", split="s", task="regression")


def test_weights_too_large_to_add_up_are_refused(prepare: Prepare) -> None:
    with pytest.raises(ValueError, match="column 'w' holds weights too large to add up"):
        prepare("x,w,y\n1,1e308,5\n2,1e308,6\n", weight="w", task="regression")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["data.weight=y"], r"data\.weight=y .*: cannot also be data\.target"),
        (["data.weight=w", "data.features=[x,w]"], r"data\.weight=w .*: is not learned from"),
    ],
)
def test_a_weight_that_is_something_else_too_is_refused(
    words: list[str], line: str, here: Path
) -> None:
    (here / "t.csv").write_text(TABLE)
    with pytest.raises(ConfigError, match=line):
        load(["data=csv", "data.path=t.csv", "data.target=y", *words])


def test_a_weight_that_is_not_there_is_refused(prepare: Prepare) -> None:
    with pytest.raises(ValueError, match=r"data\.weight=ww: t\.csv has no such column"):
        prepare(TABLE, weight="ww")


def test_texts_by_type_are_no_weights(prepare: Prepare) -> None:
    content = parquet({"x": [1, 2], "w": ["1", "2"], "y": [1.5, 2.5]})
    assert refusal(prepare, content, weight="w") == (
        "t.csv: row 1: column 'w': '1' is text by its column's type, and weights are numbers"
    )
