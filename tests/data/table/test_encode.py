"""What becomes of a column: decided from the training rows."""

from __future__ import annotations

import numpy as np
import pytest

from tests.data.table.conftest import (
    HOLES,
    SPLIT,
    Prepare,
    column,
    messy,
    refusal,
    written,
)


def test_training_columns_have_mean_zero_and_deviation_one(prepare: Prepare) -> None:
    data = prepare(written(messy()), **SPLIT)
    assert data.train.inputs[:, 0].mean() == pytest.approx(0, abs=1e-12)
    assert data.train.inputs[:, 0].std() == pytest.approx(1)
    assert data.train.targets.std() == pytest.approx(1)
    assert set(np.unique(data.train.inputs[:, 1:])) == {0, 1}


def test_scales_lead_back_to_the_original_units(prepare: Prepare) -> None:
    plain = prepare(written(messy()), **SPLIT | {"standardise": False, "standardise_target": False})
    scaled = prepare(written(messy()), **SPLIT)
    scale = scaled.feature_scale
    inputs = scaled.test.inputs.astype(np.float64) * scale.deviation + scale.mean
    assert inputs == pytest.approx(plain.test.inputs)
    target = scaled.target_scale
    targets = scaled.test.targets.astype(np.float64) * target.deviation + target.mean
    assert targets == pytest.approx(plain.test.targets)


def test_a_constant_column_is_centred_only(prepare: Prepare) -> None:
    data = prepare("a,y\n0.1,1.5\n0.1,2.5\n0.1,4\n", standardise=True)
    assert data.train.inputs == pytest.approx(np.zeros((3, 1)), abs=1e-12)
    assert data.feature_scale.deviation.tolist() == [1]


def test_numbers_too_large_to_standardise_are_refused(prepare: Prepare) -> None:
    assert refusal(prepare, "a,y\n1e200,1.5\n-1e200,2.5\n", standardise=True) == (
        "t.csv: column 'a' holds numbers too large to standardise, up to 1e+200; "
        "give it in a larger unit"
    )
    assert prepare("a,y\n1e200,1.5\n-1e200,2.5\n").train.inputs.max() == 1e200


@pytest.mark.parametrize(("missing", "value"), [("mean", 3), ("median", 2)])
def test_missing_numbers_become_a_statistic(prepare: Prepare, missing: str, value: float) -> None:
    data = prepare(HOLES, missing=missing)
    assert data.train.inputs[:, 0].tolist() == [1, value, 2, 6]
    assert (column(data, "a").missing, column(data, "a").imputed) == (1, value)


# Categories.


def test_texts_become_one_column_each(prepare: Prepare) -> None:
    data = prepare("c,y\nq,1.5\np,2.5\nq,3.5\n")
    assert data.feature_names == ("c_p", "c_q")
    assert data.train.inputs.tolist() == [[0, 1], [1, 0], [0, 1]]


def test_a_missing_text_has_a_column_of_its_own(prepare: Prepare) -> None:
    data = prepare("c,y\nq,1.5\n,2.5\n")
    assert data.feature_names == ("c_q", "c_nan")
    assert data.train.inputs.tolist() == [[1, 0], [0, 1]]


def test_an_unseen_category_is_all_zeros_and_is_reported(prepare: Prepare) -> None:
    rows = [["1", "p", "0.5"] for _ in range(40)]
    where = prepare(
        "n,y\n" + "".join(f"{i},0.5\n" for i in range(40)),
        val_fraction=0.25,
        task="regression",
    ).val.inputs.ravel()
    rows[int(where[0])][1] = "new"
    data = prepare(written(rows), val_fraction=0.25)
    assert data.feature_names == ("a", "c_p")
    assert (data.val.inputs[:, 1] == 0).sum() == 1
    assert column(data, "c").unseen == 1
    assert data.notes[0].startswith("'c' is new in 1 of 10 validation and test rows ")


def test_a_blank_is_unseen_where_no_training_row_has_one(prepare: Prepare) -> None:
    rows = "".join(f"{'train' if i else 'val'},{i},{'p' if i else ''},{i}.5\n" for i in range(9))
    assert column(prepare(f"s,a,c,y\n{rows}", split="s"), "c").unseen == 1
    assert column(prepare(f"s,a,c,y\n{rows}train,9,,1.5\n", split="s"), "c").unseen == 0


def test_inputs_are_rounded_once(prepare: Prepare) -> None:
    exact, rounded = (prepare(written(messy()), dtype=dtype, **SPLIT) for dtype in FLOATS)
    for name, split in exact.splits.items():
        assert np.array_equal(split.inputs.astype(np.float32), rounded.splits[name].inputs)
        assert np.array_equal(split.targets.astype(np.float32), rounded.splits[name].targets)
    assert exact.preparation() == rounded.preparation()


FLOATS = ("float64", "float32")


@pytest.mark.parametrize("content", ["a,y\n1e200,1.5\n2,2.5\n", "b,a\n1,1e200\n2,2.5\n"])
def test_numbers_too_large_for_the_type_are_refused(prepare: Prepare, content: str) -> None:
    target = content[2]
    assert refusal(prepare, content, dtype="float32", target=target) == (
        "t.csv: column 'a' holds numbers too large for float32, up to 1e+200; "
        "give it in a larger unit, or use device.dtype=float64"
    )
