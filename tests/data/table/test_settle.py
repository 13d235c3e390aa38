"""Whether a column holds numbers or texts."""

from __future__ import annotations

import pytest

from dltrain.data.table import csv_file
from tests.data.table.conftest import Prepare, column, refusal


def test_numbers_written_otherwise_never_become_categories(prepare: Prepare) -> None:
    content = 'dose,y\n"1,0",1\n"2,5",2.5\n"4,0",4\n'
    assert refusal(prepare, content) == (
        "t.csv: 3 of 3 cells of 'dose' are numbers with a decimal comma, such as '1,0': add "
        "data.decimal=, ('data.categorical=[dose]' takes them for names)"
    )
    assert prepare(content, decimal=",").train.inputs.tolist() == [[1], [2.5], [4]]
    data = prepare(content, categorical=["dose"])
    assert data.feature_names == ("dose_1,0", "dose_2,5", "dose_4,0")


def test_numbers_that_are_plain_in_other_blocks_are_not_counted(
    prepare: Prepare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_file, "LEAST_BLOCK", 64)
    monkeypatch.setattr(csv_file, "LARGEST_BLOCK", 64)
    content = "dose,y\n" + "1,1\n" * 20 + '"2,5",2.5\n' * 30
    told = refusal(prepare, content)
    assert told.startswith("t.csv: cells of 'dose' are numbers with a decimal comma, such as")
    told = refusal(prepare, "dose,y\n" + "1,1\n" * 20 + "?,2.5\n" * 30)
    assert told.startswith("t.csv: 'dose' holds numbers and '?'")


def test_a_target_written_otherwise_is_no_class(prepare: Prepare) -> None:
    content = "a;y\n1;20,63\n2;34,07\n3;8,44\n"
    assert "3 of 3 cells of 'y' are numbers" in refusal(prepare, content, delimiter=";")
    data = prepare(content, delimiter=";", decimal=",")
    assert (data.task, data.train.targets.tolist()) == ("regression", [20.63, 34.07, 8.44])


def test_a_few_numbers_written_otherwise_are_refused_with_their_place(prepare: Prepare) -> None:
    content = 'a,y\n1,1.5\n2,2.5\n"2,5",3.5\n'
    assert refusal(prepare, content).startswith(
        "t.csv:4: column 'a': '2,5' stands among numbers; '2,5' is 2.5 (add data.decimal=,), or "
        "correct it, or use "
    )


def test_what_may_be_two_numbers_is_asked_for(prepare: Prepare) -> None:
    content = 'fee,y\n"$4,076",1.5\n$519,2.5\n"$1,260",3.5\n'
    assert "'$4,076' may be 4.076 (add data.decimal=,) or 4076 (add data.thousands=,)" in refusal(
        prepare, content
    )
    assert prepare(content, thousands=",").train.inputs.tolist() == [[4076], [519], [1260]]
    assert prepare(content, decimal=",").train.inputs.tolist() == [[4.076], [519], [1.26]]


def test_a_sign_that_each_number_carries_is_left_out_and_said(prepare: Prepare) -> None:
    data = prepare("fee,share,y\n$5,37.4%,1 kg\n$7,9.1 %,2.5 kg\n,1%,3 kg\n")
    assert data.train.inputs.tolist() == [[5, 37.4], [7, 9.1], [6, 1]]
    assert data.train.targets.tolist() == [1, 2.5, 3]
    assert [column(data, name).written for name in ("fee", "share", "y")] == ["$", "%", "kg"]
    assert (
        "each number carries a sign, which is left out: 'fee' ($), 'share' (%), 'y' (kg)"
    ) in data.notes


def test_plain_numbers_are_said_to_carry_no_sign(prepare: Prepare) -> None:
    assert not [note for note in prepare("a,y\n5,1.5\n7,2.5\n").notes if "sign" in note]


@pytest.mark.parametrize("cell", ["0.374", "$5", "free"])
def test_a_number_without_the_sign_of_the_others_is_refused(prepare: Prepare, cell: str) -> None:
    told = refusal(prepare, f"a,y\n1%,1.5\n2%,2.5\n{cell},3.5\n")
    assert told.startswith(f"t.csv:4: column 'a': {cell!r} stands among numbers with '%'; correct")


def test_labels_that_hold_digits_stay_labels(prepare: Prepare) -> None:
    data = prepare("a,y\nw1,1.5\nw2,2.5\n10-20,3.5\n")
    assert column(data, "a").role == "category"
