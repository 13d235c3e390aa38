"""What a run's record keeps of what became of a table."""

from __future__ import annotations

import json

from tests.data.table.conftest import Prepare

MIXED = (
    "id,x,c,k,y\n"
    + "".join(
        f"{i},{'' if i % 10 == 0 else i * 7 % 40},{'pq'[i % 3 % 2]},5,{i}.5\n" for i in range(40)
    )
    + "40,,r,5,1.5\n"
)


def test_the_facts_are_those_of_the_columns_that_are_learned_from(prepare: Prepare) -> None:
    data = prepare(MIXED, drop=["id"])
    assert data.facts == {
        "target": "y",
        "reason": "'y' holds numbers, so this is regression",
        "other_task": "",
        "rows": {"train": 41, "val": 0, "test": 0},
        "numbers": 2,
        "categories": 1,
        "inputs": 5,
        "left_out": ["id"],
        "imputed": {"x": 5},
        "complete_rows": 36,
        "unseen": {},
        "strays": [],
        "untrained": [],
        "constants": ["k"],
        "twins": [],
        "duplicates": {"repeated": 0, "leaked": {"val": 0, "test": 0}},
        "telling": {},
    }


def test_a_record_can_be_written(prepare: Prepare) -> None:
    record = prepare(MIXED, val_fraction=0.3, test_fraction=0.2).record()
    assert json.loads(json.dumps(record)) == record
    assert [*record["lines"]] == ["target", "columns", "imputed", "constant"]


def test_rows_that_hold_all_numbers_are_counted_over_columns(prepare: Prepare) -> None:
    data = prepare("a,b,c,y\n1,,p,1.5\n,2,p,2.5\n3,3,,3.5\n4,4,q,4.5\n")
    assert (data.facts["imputed"], data.facts["complete_rows"]) == ({"a": 1, "b": 1}, 2)


def test_other_data_have_no_table_to_tell_of(prepare: Prepare) -> None:
    from dltrain.data.synthetic import synthetic

    data = synthetic(
        "s", w=[1.0], b=0.0, noise=0.1, num_train=9, num_val=0, seed=0, dtype="float32"
    )
    assert (data.facts, data.lines) == ({}, ())
