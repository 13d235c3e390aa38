"""What becomes of the columns that are learned from."""

from __future__ import annotations

import pytest

from tests.data.table.conftest import Prepare, column, parquet, refusal

DATES = "when,y\n2024-01-31,1.5\n2024-02-01,2.5\n2025-02-02 12:00,3.5\n"


def test_parts_of_dates_that_differ_are_learned_from(prepare: Prepare) -> None:
    data = prepare(DATES)
    assert data.feature_names == (
        *("when_year", "when_month_Feb", "when_month_Jan"),
        *("when_weekday_Sun", "when_weekday_Thu", "when_weekday_Wed"),
        *("when_day_of_year", "when_hour"),
    )
    assert data.train.inputs.tolist() == [
        [2024, 0, 1, 0, 0, 1, 31, 0],
        [2024, 1, 0, 0, 1, 0, 32, 0],
        [2025, 1, 0, 1, 0, 0, 33, 12],
    ]
    assert (column(data, "when").role, column(data, "when").written) == ("date", "ISO")
    assert data.notes[-1].endswith("are learned from, if they differ: 'when' (ISO)")


def test_dates_of_one_day_teach_nothing(prepare: Prepare) -> None:
    assert "no column is left" in refusal(prepare, "when,y\n2024-01-31,1.5\n2024-01-31,2.5\n")


def test_a_date_that_may_be_two_is_refused_with_the_key(prepare: Prepare) -> None:
    content = "when,y\n01/02/2024,1.5\n03/04/2024,2.5\n"
    assert refusal(prepare, content) == (
        "t.csv: 'when' holds dates such as '01/02/2024', which may be read in more than one way: "
        "add 'data.date_format=%d/%m/%Y' or 'data.date_format=%m/%d/%Y' "
        "('data.categorical=[when]' takes them for names)"
    )
    data = prepare(content, date_format="%m/%d/%Y")
    assert data.train.inputs[:, data.feature_names.index("when_day_of_year")].tolist() == [2, 64]
    assert prepare(content, categorical=["when"]).in_features == 2


def test_a_format_that_no_column_has_is_refused(prepare: Prepare) -> None:
    assert refusal(prepare, DATES, date_format="%d.%m.%Y") == (
        "t.csv: data.date_format=%d.%m.%Y: no column holds such dates; correct it, as in "
        "%d/%m/%Y, or leave it out"
    )


def test_a_missing_date_is_imputed_like_a_number(prepare: Prepare) -> None:
    data = prepare(DATES + ",4.5\n")
    assert data.train.inputs[3, 0] == pytest.approx((2024 + 2024 + 2025) / 3)
    assert "when_month_nan" in data.feature_names


@pytest.mark.parametrize("missing", ["mean", "median"])
def test_where_numbers_are_missing_may_be_learned(prepare: Prepare, missing: str) -> None:
    data = prepare("a,b,y\n1,1,1.5\n,2,2.5\n3,3,3.5\n", missing_indicator=True, missing=missing)
    assert data.feature_names == ("a", "a_missing", "b")
    assert data.train.inputs.tolist() == [[1, 0, 1], [2, 1, 2], [3, 0, 3]]


def test_holes_in_other_than_training_rows_make_no_column(prepare: Prepare) -> None:
    rows = "".join(f"{'' if i == 3 else i},{'t' if i % 2 else 'v'},{i}.5\n" for i in range(8))
    content = f"a,part,y\n{rows}".replace(",t,", ",test,").replace(",v,", ",train,")
    data = prepare(content, split="part", missing_indicator=True)
    assert data.feature_names == ("a",)


MANY = "c,y\n" + "".join(f"{text},{n}.5\n" for n, text in enumerate("aaabbbccdef" * 2))


def test_rare_categories_become_one_and_are_said_to(prepare: Prepare) -> None:
    data = prepare(MANY, max_categories=3)
    assert data.feature_names == ("c_a", "c_b", "c_(other)")
    assert data.train.inputs[6:9].tolist() == [[0, 0, 1]] * 3
    assert data.notes[0] == (
        "'c' has 6 different texts in training: the 2 most frequent are learned from, all others "
        "as one (data.max_categories)"
    )
    assert prepare(MANY, max_categories=6).feature_names[-1] == "c_f"


def test_texts_of_one_row_each_are_left_out_and_said_to_be(prepare: Prepare) -> None:
    content = "name,a,y\n" + "".join(f"n{i},{i},{i}.5\n" for i in range(9))
    data = prepare(content, max_categories=5)
    assert (data.feature_names, column(data, "name").role) == (("a",), "dropped")
    assert data.notes[0] == (
        "'name' is left out: 9 of its 9 texts differ, as names do "
        "('data.categorical=[name]' learns from the most frequent)"
    )
    data = prepare(content, max_categories=5, categorical=["name"])
    assert data.in_features == 6


def test_one_number_is_one_category_however_spelt(prepare: Prepare) -> None:
    data = prepare("zone,y\n1,1.5\n1.0,2.5\n02,3.5\n", categorical=["zone"])
    assert data.feature_names == ("zone_02", "zone_1")
    assert data.train.inputs.tolist() == [[0, 1], [0, 1], [1, 0]]


@pytest.mark.parametrize("name", ["", " ", "Unnamed: 0", "Unnamed: 0.1", "__index_level_0__"])
def test_what_only_numbers_the_rows_is_left_out_and_said_to_be(prepare: Prepare, name: str) -> None:
    content = f"{name},x,y\n0,5,1.5\n1,4,2.5\n2,7,3.5\n"
    data = prepare(content)
    assert data.feature_names == ("x",)
    assert data.notes[0] == f"{name!r} is left out: it only names the rows"
    assert prepare(content, features=[name, "x"]).feature_names == (name, "x")


def test_another_column_without_a_name_is_refused(prepare: Prepare) -> None:
    assert "column 2 has no name" in refusal(prepare, "x,,y\n0,5,1.5\n")


SIZES = ["36", "38", "40", "42", "36", "38", "40", "42", "XL", "36"] * 3


@pytest.mark.parametrize("roles", [{}, {"order": "size"}, {"group": "size"}, {"target": "size"}])
def test_texts_by_type_are_categories_wherever_they_are_used(
    prepare: Prepare, roles: dict[str, str]
) -> None:
    y = [i / 7 for i in range(len(SIZES))]
    content = parquet({"size": SIZES, "a": y[::-1], "y": y})
    data = prepare(content, val_fraction=0.4, **roles)
    is_feature = not roles
    assert ("size_XL" in data.feature_names) is is_feature
    assert ("XL" in data.class_names) is (roles == {"target": "size"})
    without_xl = prepare(parquet({"size": SIZES[:8], "a": y[:8], "y": y[:8]}), val_fraction=0.4)
    assert column(without_xl, "size").role == "category"


def test_texts_by_type_are_ordered_as_texts(prepare: Prepare) -> None:
    content = parquet({"when": ["9", "10", "11", "8"], "a": [9, 10, 11, 8], "y": [1.5] * 4})
    data = prepare(content, order="when", test_fraction=0.5)
    assert data.feature_names == ("a",)
    assert sorted(data.test.inputs.ravel().tolist()) == [8, 9]
