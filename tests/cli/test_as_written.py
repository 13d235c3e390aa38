"""Tables as people write them, from the command line: trained, and predicted for other rows."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from tests.conftest import Call

pytestmark = pytest.mark.usefixtures("here")

SOLVED = ["data=csv", "data.path=t.csv", "data.target=y", "optimizer=least_squares"]
SOLVED += ["data.val_fraction=0", "data.test_fraction=0"]


def predicted(call: Call, *words: str, table: str, rows: str, mark: str = ",") -> list[float]:
    """Solve a table exactly and predict other rows."""
    Path("t.csv").write_text(table)
    Path("o.csv").write_text(rows)
    trained = call(*SOLVED, *words)
    assert trained.code == 0, trained
    shown = call("predict", "latest", "--data", "o.csv")
    assert shown.code == 0, shown
    cells = csv.DictReader(io.StringIO(shown.out), delimiter=mark)
    return [round(float(row["prediction"]), 6) for row in cells]


def test_decimal_commas_are_numbers_in_training_and_prediction(call: Call) -> None:
    table = "dose;y\n" + "".join(f"{i // 2},{5 * (i % 2)};{5.0 * i}\n" for i in range(7))
    words = ["data.delimiter=;", "data.decimal=,"]
    rows = "dose\n4,0\n2,25\n"
    assert predicted(call, *words, table=table, rows=rows, mark=";") == [40, 22.5]


def test_a_target_with_decimal_commas_is_predicted_and_evaluated(call: Call) -> None:
    table = "x;y\n" + "".join(f"{i};{i // 2},{5 * (i % 2)}\n" for i in range(8))
    words = ["data.delimiter=;", "data.decimal=,"]
    assert predicted(call, *words, table=table, rows="x\n9\n", mark=";") == [4.5]
    shown = call("evaluate", "latest", "--data", "t.csv")
    assert shown.code == 0, shown


def test_currencies_and_percents_are_numbers_in_training_and_prediction(call: Call) -> None:
    table = "fee,share,y\n" + "".join(
        f'"${i % 3},{i * 37 % 1000:03}",{i % 7}.5%,{1000 * (i % 3) + i * 37 % 1000 + i % 7 + 0.5}\n'
        for i in range(1, 20)
        if i % 3
    )
    rows = 'fee,share\n"$4,076",37.4%\n$519,9 %\n'
    assert predicted(call, "data.thousands=,", table=table, rows=rows) == [4113.4, 528]


def test_a_number_without_the_sign_that_was_learned_is_refused(call: Call) -> None:
    table = "share,y\n10%,1\n20%,2.5\n30%,3\n"
    predicted(call, table=table, rows="share\n10%\n")
    Path("o.csv").write_text("share\n10%\n0.2\n")
    shown = call("predict", "latest", "--data", "o.csv")
    told = "o.csv:3: column 'share': '0.2' is no finite number with '%', and numbers were learned"
    assert (shown.code, told in shown.err) == (2, True), shown


def test_numbers_of_a_category_match_however_they_are_spelt(call: Call) -> None:
    table = "zone,y\n" + "".join(f"{i % 3 + 1},{[5, -4, 9][i % 3]}\n" for i in range(12))
    rows = "zone\n1.0\n2.0\n3.0\n1\n02\n"
    words = ["data.categorical=[zone]", "data.task=regression"]
    assert predicted(call, *words, table=table, rows=rows) == [5, -4, 9, 5, -4]


def test_a_label_matches_its_class_however_it_is_spelt(call: Call) -> None:
    Path("t.csv").write_text("x,y\n" + "".join(f"{i % 3},{i % 3 + 1}\n" for i in range(30)))
    assert call(*SOLVED[:3], "model=softmax", "trainer.epochs=1").code == 0
    Path("o.csv").write_text("x,y\n0,1.0\n1,2.0\n2,3\n")
    assert call("evaluate", "latest", "--data", "o.csv").code == 0
    Path("o.csv").write_text("x,y\n0,1.0\n1,4.0\n")
    shown = call("evaluate", "latest", "--data", "o.csv")
    assert (shown.code, "'4.0' is none of the classes" in shown.err) == (2, True), shown


def test_a_category_that_is_called_na_is_one(call: Call) -> None:
    table = "country,y\n" + "".join(f"{['NA', 'BW', 'ZA'][i % 3]},{i % 3}.5\n" for i in range(9))
    rows = "country\nNA\nBW\n"
    assert predicted(call, "data.keep_default_na=false", table=table, rows=rows) == [0.5, 1.5]


def test_a_hole_in_other_rows_has_the_effect_it_had_in_training(call: Call) -> None:
    table = "z,y\n" + "".join(
        f"{'' if i % 4 == 0 else i},{50 if i % 4 == 0 else i}\n" for i in range(12)
    )
    rows = 'z\n""\n5\n'
    words = ["data.missing_indicator=true", "data.task=regression"]
    assert predicted(call, *words, table=table, rows=rows) == [50, 5]


def test_rows_without_a_target_are_left_out_alone(call: Call) -> None:
    table = "x,z,y\n1,1,2\n2,,4\n3,2,\n4,,8\n5,9,10\n6,1,12.5\n"
    Path("t.csv").write_text(table)
    shown = call("data", *SOLVED[:3], *SOLVED[4:])
    assert "1 row without a 'y' left out" in shown.out
    assert "5 train" in shown.out


def test_dates_are_read_alike_in_other_rows(call: Call) -> None:
    days = [(d, m) for m in (1, 2, 3) for d in (3, 8, 14, 21, 27)]
    table = "when,y\n" + "".join(f"{d:02}/{m:02}/2024,{10 * m}.5\n" for d, m in days)
    rows = "when\n05/02/2024\n02/03/2024\n"
    assert predicted(call, table=table, rows=rows) == [20.5, 30.5]
    Path("o.csv").write_text("when\n05/02/2024\n12/25/2024\n")
    shown = call("predict", "latest", "--data", "o.csv")
    told = "o.csv:3: column 'when': '12/25/2024' is no date like %d/%m/%Y"
    assert (shown.code, told in shown.err) == (2, True), shown


def test_a_new_category_is_among_the_rare_ones_where_there_are_any(call: Call) -> None:
    table = "c,y\n" + "".join(f"{c},{1 if c in 'ab' else 7}.5\n" for c in "aaaabbbbcdef")
    rows = "c\na\nf\nnew\n"
    assert predicted(call, "data.max_categories=3", table=table, rows=rows) == [1.5, 7.5, 7.5]
    assert "no training row has" not in call("predict", "latest", "--data", "o.csv").err


def test_the_index_that_pandas_writes_is_not_learned_from_and_not_asked_for(call: Call) -> None:
    table = ",x,y\n" + "".join(f"{i},{i % 7},{2 * (i % 7) + 0.5}\n" for i in range(20))
    assert predicted(call, table=table, rows="x\n5\n") == [10.5]
    Path("o.csv").write_text(",x\n900,5\n")
    assert call("predict", "latest", "--data", "o.csv").out == ",x,prediction\n900,5,10.5\n"
