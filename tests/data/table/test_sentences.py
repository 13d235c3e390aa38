"""What is said of a table is said where it is true, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dltrain.data.dataset import Dataset
from tests.data.table.conftest import Prepare

NOISE = np.random.default_rng(1).normal(size=(100, 2))
SPLITS = {"val_fraction": 0.2, "test_fraction": 0.2}


def table(cell: Callable[[int], object], *, name: str = "c", rows: int = 100) -> str:
    """Write a column that is looked at, one of noise, and a target of noise."""
    lines = [f"{cell(i)},{NOISE[i][0]:.6f},{NOISE[i][1]:.6f}" for i in range(rows)]
    return "\n".join([f"{name},x,y", *lines, ""])


def line(data: Dataset, about: str) -> str | None:
    return dict(data.lines).get(about)


def test_a_quiet_table_is_told_in_two_short_lines(prepare: Prepare) -> None:
    data = prepare(table(lambda i: i * 37 % 100), **SPLITS)
    assert data.lines == (
        ("target", "'y' holds numbers, so this is regression"),
        ("columns", "2 numbers as 2 inputs"),
    )
    assert (data.notes, data.warnings) == ((), ())
    assert all(len(f"{about:<9}  {text}") <= 80 for about, text in data.lines)


def test_columns_are_counted_by_what_they_became(prepare: Prepare) -> None:
    content = table(lambda i: "pqr"[i * 7 % 11 % 3])
    assert line(prepare(content), "columns") == "1 number and 1 text column as 4 inputs"
    assert line(prepare(content, drop=["c"]), "columns") == "1 number as 1 input; left out: 'c'"
    only = "1 text column as 3 inputs; left out: 'x'"
    assert line(prepare(content, features=["c"]), "columns") == only


def test_cells_that_were_filled_in_are_told_by_column(prepare: Prepare) -> None:
    data = prepare(table(lambda i: "" if i % 25 == 3 else i * 37 % 100))
    assert line(data, "imputed") == "'c' 4.0% of the cells (training mean)"
    assert data.warnings == ()
    medians = prepare(table(lambda i: "" if i % 25 == 3 else i * 37 % 100), missing="median")
    assert line(medians, "imputed") == "'c' 4.0% of the cells (training median)"
    assert line(prepare(table(lambda i: i * 37 % 100)), "imputed") is None
    text = prepare(table(lambda i: "" if i % 25 == 3 else "pq"[i % 2]))
    assert line(text, "imputed") is None  # a blank is a category


def test_the_columns_with_most_holes_come_first(prepare: Prepare) -> None:
    names = "abcdef"
    rows = [
        ",".join(["" if i < 10 * k else str(NOISE[i][0] * (i + k)) for k in range(1, 7)])
        for i in range(100)
    ]
    data = prepare(
        "\n".join([f"{','.join(names)},y", *(f"{r},{i}.5" for i, r in enumerate(rows)), ""])
    )
    assert line(data, "imputed") == (
        "'f' 60%, 'e' 50%, 'd' 40%, 'c' 30% and 2 more of the cells (training mean)"
    )
    assert data.warnings[0] == (
        "'a', 'b', 'c', 'd' and 2 more: up to 60% of the cells are empty, and the mean that fills "
        "them hides what the others tell; data.missing_indicator=true tells where that is, "
        "'data.drop=[a,b,c,d,e,f]' leaves them out"
    )


def test_a_column_that_is_filled_in_too_much_is_a_warning(prepare: Prepare) -> None:
    assert prepare(table(lambda i: "" if i < 9 else i * 37 % 100)).warnings == ()
    data = prepare(table(lambda i: "" if i < 10 else i * 37 % 100))
    assert data.warnings == (
        "'c': 10% of the cells are empty, and the mean that fills them hides what the others tell; "
        "data.missing_indicator=true tells where that is, data.missing=drop keeps 90 of 100 rows, "
        "'data.drop=[c]' leaves it out",
    )
    assert len(prepare(table(lambda i: "" if i < 10 else i), missing="drop").train) == 90
    assert prepare(table(lambda i: "" if i < 10 else i * 37 % 100, rows=20)).warnings == ()


def test_what_leaves_columns_out_keeps_what_is_left_out_already(prepare: Prepare) -> None:
    content = table(lambda i: "" if i < 60 else i * 37 % 100)
    [said] = prepare(content, drop=["x"]).warnings
    assert said.endswith(" that is, 'data.drop=[x,c]' leaves it out")
    [odd] = prepare(table(lambda i: "" if i < 60 else i * 37 % 100, name="a [m]")).warnings
    assert odd.startswith("'a [m]': 60% ")
    assert odd.endswith(""", "data.drop=['a [m]']" leaves it out""")
    [known] = prepare(content, missing_indicator=True).warnings
    assert "indicator" not in known


def test_a_constant_is_told(prepare: Prepare) -> None:
    said = "'c': the same in all training rows, so nothing is learned from it"
    assert line(prepare(table(lambda i: 5)), "constant") == said
    assert line(prepare(table(lambda i: 5 + (i == 50))), "constant") is None


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (lambda i: f"{NOISE[i][0]:.6f}", "'x' equals 'c' in all training rows: one is enough"),
        (
            lambda i: repr(2 * float(f"{NOISE[i][0]:.6f}") + 1),
            "'x' restates 'c' in all training rows: one is enough",
        ),
        (lambda i: f"{NOISE[i][0]:.3f}", None),
    ],
)
def test_twins_are_told(prepare: Prepare, cell: Callable[[int], object], said: str | None) -> None:
    assert line(prepare(table(cell)), "twice") == said


def test_repeated_rows_are_told_from_one_in_a_hundred_on(prepare: Prepare) -> None:
    content = table(lambda i: i * 37 % 100)
    rows = content.splitlines()[1:]
    assert line(prepare(content + rows[0] + "\n"), "repeated") is None
    data = prepare(content + "\n".join(rows[:3]) + "\n")
    assert line(data, "repeated") == "3 rows (2.9%) equal to an earlier one"


def leaks(prepare: Prepare, part: list[str], **options: Any) -> list[str]:
    """Look at a table with a column that says the split of each row."""
    rows = [f"{part[i]},{NOISE[i % 50][0]:.6f},{NOISE[i % 50][1]:.6f}" for i in range(len(part))]
    data = prepare("\n".join(["s,x,y", *rows, ""]), split="s", **options)
    return [note for note in data.notes if "stand in training" in note]


def test_rows_that_stand_in_training_too_are_told_by_split(prepare: Prepare) -> None:
    assert leaks(prepare, ["train"] * 50 + ["val"] * 3) == [
        "3 of 3 val rows (100.0%) stand in training, too, equal in all that is learned from and "
        "in 'y'; if they are copies, val figures flatter the model"
    ]
    assert leaks(prepare, ["train"] * 50 + ["train"] * 3) == []


def test_a_single_row_of_some_may_stand_in_training_by_chance(prepare: Prepare) -> None:
    assert leaks(prepare, ["train"] * 44 + ["val"] * 6 + ["val"]) == []
    assert len(leaks(prepare, ["train"] * 47 + ["val"] * 3 + ["val"])) == 1
    assert len(leaks(prepare, ["train"] * 40 + ["val"] * 10 + ["val"] * 2)) == 1


def test_a_column_that_tells_the_target_alone_is_a_warning(prepare: Prepare) -> None:
    content = table(lambda i: str(3 * float(f"{NOISE[i][1]:.6f}")))
    assert prepare(content).warnings == (
        "'c' alone tells 'y' almost without error; if it is known only with or after 'y', or "
        "numbers the rows: 'data.drop=[c]' leaves it out",
    )
    assert prepare(content, drop=["c"]).warnings == ()
    assert prepare(content, drop=["x"]).warnings == ()  # it is all there is to learn from


def test_several_columns_that_each_tell_the_target_are_one_warning(prepare: Prepare) -> None:
    rows = [f"{NOISE[i][0]},{i * 2},{i**1.5},{i}.5" for i in range(60)]
    assert prepare("\n".join(["x,b,c,y", *rows, ""])).warnings == (
        "'b', 'c' each tell 'y' alone, almost without error; if known only with or after 'y', or "
        "as numbers of the rows: 'data.drop=[b,c]' leaves them out",
    )


def test_a_category_or_a_blank_that_no_training_row_has_is_told(prepare: Prepare) -> None:
    new = "(a category, or a blank, that no training row has); all its columns are 0 there"

    def notes(cells: list[str]) -> tuple[str, ...]:
        parts = ["train"] * 4 + ["val"] * (len(cells) - 4)
        rows = [f"{s},{c},{i},{i}.5" for i, (s, c) in enumerate(zip(parts, cells, strict=True))]
        data = prepare("\n".join(["s,c,x,y", *rows, ""]), split="s")
        return tuple(note for note in data.notes if "is new" in note)

    assert notes(["p", "q", "p", "q", "r", "p"]) == (
        f"'c' is new in 1 of 2 validation and test rows {new}",
    )
    assert notes(["p", "q", "p", "q", "", "r"]) == (
        f"'c' is new in 2 of 2 validation and test rows {new}",
    )
    assert notes(["p", "q", "", "q", "", "p"]) == ()
    assert notes(["p", "q", "p", "q", "q", "p"]) == ()


def test_a_cell_that_makes_text_of_true_and_false_is_told(prepare: Prepare) -> None:
    def notes(cells: list[str], **options: Any) -> tuple[str, ...]:
        rows = "".join(f"{cell},{i},{i}.5\n" for i, cell in enumerate(cells))
        return prepare(f"c,x,y\n{rows}", **options).notes

    said = (
        "t.csv:4: column 'c': 'yes' is neither true nor false (1 such cell), so the column is "
        "text, one input for each; correct it, or name it in data.missing_values"
    )
    assert notes(["True", "False", "yes", "", "False"]) == (said,)
    assert notes(["True", "False", "yes"], missing_values=["yes"]) == ()
    assert notes(["True", "False", "yes"], categorical=["c"]) == ()
    assert notes(["True", "False", "yes", "no"]) == ()  # as many: words like others
    assert notes(["True", "False", ""]) == ()
