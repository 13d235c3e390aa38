"""Data looked at before anything is trained on them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import Call, Shown, tree

pytestmark = pytest.mark.usefixtures("here")


def test_data_that_cannot_be_used_is_refused_before_a_folder_is_made(
    here: Path, call: Call
) -> None:
    (here / "t.csv").write_text("a,y\n1,2,3\n")
    shown = call("data=csv", "data.path=t.csv", "data.target=y")
    assert shown == Shown(
        2,
        "",
        "dltrain: error: t.csv:2: 3 cells, but the header has 2; correct the row, or quote cells "
        "that contain the delimiter\n",
    )
    assert tree(here) == ["t.csv"]


def test_data_shows_what_became_of_a_table(here: Path, call: Call) -> None:
    shown = call("data", "data=house_tiny")
    assert (shown.code, shown.err) == (0, "")
    lines = [line.rstrip() for line in shown.out.splitlines()]
    assert "task      regression of Price (model=linear, mlp)" in lines
    assert "rows      4 train, 0 val, 0 test" in lines
    assert lines[6:9] == [
        "target    'Price': regression, as data.task says",
        "columns   1 number and 1 text column as 3 inputs",
        "imputed   'NumRooms' 50% of the cells (training mean)",
    ]
    assert [line.split()[:4] for line in lines[10:14]] == [
        ["column", "role", "missing", "imputed"],
        ["NumRooms", "number", "2", "3"],
        ["RoofType", "category", "3", "2"],
        ["Price", "target", "0", "the"],
    ]
    assert [line.split() for line in lines[-4:]] == [
        ["3", "0", "1", "127,500"],
        ["2", "0", "1", "106,000"],
        ["4", "1", "0", "178,100"],
        ["3", "0", "1", "140,000"],
    ]
    assert tree(here) == []


def test_data_shows_no_more_rows_than_asked_for(call: Call) -> None:
    assert "127,500" in call("data", "data=house_tiny", "--rows", "1").out
    assert call("data", "data=house_tiny", "--rows", "1").out.splitlines()[-1].split()[0] == "3"
    assert call("data", "data=house_tiny", "--rows", "-1").out.splitlines()[-1].split()[-2] == "->"


def test_data_does_not_mind_a_model_that_does_not_fit(call: Call) -> None:
    assert call("data", "data=house_tiny", "model=softmax").code == 0


def test_names_from_a_file_are_printed_as_they_are(here: Path, call: Call) -> None:
    (here / "t.csv").write_text("[/x],[red] \x1b[31m,${oc.env:HOME}\n1,2,0.5\n")
    shown = call("data", "data=csv", "data.path=t.csv", "data.target=[/x]", "data.task=regression")
    assert shown.code == 0
    assert "[/x]" in shown.out
    assert r"[red] \x1b[31m" in shown.out
    assert "${oc.env:HOME}" in shown.out
    assert "\x1b" not in shown.out


def test_data_draws_a_contact_sheet_of_images(here: Path, call: Call) -> None:
    shown = call("data", "data=fashion_mnist", "data.source=sample")
    assert (shown.code, shown.err) == (0, "")
    assert "ankle boot" in shown.out
    assert tree(here) == ["outputs", "outputs/fashion_mnist.png"]
    with Image.open(here / "outputs/fashion_mnist.png") as sheet:
        assert sheet.size == ((16 * 30 + 2) * 2, (10 * 30 + 2) * 2)


def test_a_contact_sheet_stays_in_the_output_folder(here: Path, call: Call) -> None:
    call("data", "data=fashion_mnist", "data.source=sample", "data.name=../sheet")
    assert not (here / "sheet.png").exists()


# What is said of columns, targets and rows is true.


def lines(call: Call, *words: str) -> list[list[str]]:
    shown = call("data", "data=csv", "data.path=t.csv", "data.target=y", *words)
    assert (shown.code, shown.err) == (0, "")
    return [line.split() for line in shown.out.splitlines()]


def test_targets_are_shown_as_the_file_has_them(here: Path, call: Call) -> None:
    """Scaled, rounded to float32 and scaled back, 0 would be -1.5e-06 or so."""
    (here / "t.csv").write_text("x,y\n" + "".join(f"{i},{i * 12.3}\n" for i in range(60)))
    shown = lines(call, "data.val_fraction=0", "data.test_fraction=0")
    assert ["train", "362.9", "213", "0", "725.7"] in shown
    exact = lines(call, "data.val_fraction=0", "data.test_fraction=0", "device.dtype=float64")
    assert ["train", "362.9", "213", "0", "725.7"] in exact


def test_columns_are_said_to_be_standardised_where_they_are(here: Path, call: Call) -> None:
    (here / "t.csv").write_text("x,c,y\n" + "".join(f"{i},p,{i}.5\n" for i in range(60)))
    shown = lines(call)
    assert ["x", "number", "0", "standardised"] in shown
    assert ["c", "category", "0", "1", "column", "of", "0", "and", "1:", "c_p"] in shown
    assert ["y", "target", "0", "the", "target,", "standardised"] in shown
    plain = lines(call, "data.standardise=false", "data.standardise_target=false", "data.drop=[c]")
    assert ["x", "number", "0", "itself"] in plain
    assert ["c", "dropped", "0", "nothing"] in plain
    assert ["y", "target", "0", "the", "target"] in plain


def test_a_target_of_classes_is_not_said_to_be_standardised(here: Path, call: Call) -> None:
    (here / "t.csv").write_text("x,y\n" + "".join(f"{i},{'pq'[i % 2]}\n" for i in range(60)))
    assert ["y", "target", "0", "the", "target"] in lines(call)


def test_rows_that_stand_in_training_too_are_counted(here: Path, call: Call) -> None:
    rows = [f"{i},{i}.5\n" for i in range(60)]
    words = ("data=csv", "data.path=t.csv", "data.target=y", "trainer.epochs=1")
    (here / "t.csv").write_text("x,y\n" + "".join(rows))
    assert "stand in" not in call(*words).out
    (here / "t.csv").write_text("x,y\n" + "".join(rows * 2))
    for verb in ((), ("data",)):
        assert re.search(
            r"note: \d+ of 18 test rows \(\d+\.\d%\) stand in training, too, equal in all that is "
            "learned from and in 'y'; if they are copies, test figures flatter the model",
            " ".join(call(*verb, *words).out.split()),
        )


def test_files_and_splits_are_shown(here: Path, call: Call) -> None:
    (here / "t.csv").write_text("x,part,y\n" + "".join(f"{i},train,{i}.5\n" for i in range(60)))
    (here / "v.csv").write_text("x,part,y\n1,val,3\n")
    shown = lines(call, "data.val_path=v.csv", "data.test_fraction=0", "data.drop=[part]")
    assert ["source", "t.csv,", "v.csv"] in shown
    assert ["rows", "60", "train,", "1", "val,", "0", "test"] in shown


# What became of the data is said alike wherever it is said.

HOLES = "".join(f"{i},{'' if i % 3 else i * 7 % 60},{i * 11 % 60}.5\n" for i in range(60))
BLOCK = [
    ["target", "'y' holds numbers, so this is regression"],
    ["columns", "1 number as 1 input; left out: 'id'"],
    ["imputed", "'z' 67% of the cells (training mean)"],
]
WARNED = (
    "'z': 67% of the cells are empty, and the mean that fills them hides what the others tell; "
)
WORDS = ["data=csv", "data.path=t.csv", "data.target=y", "data.drop=[id]", "trainer.epochs=1"]


@pytest.mark.parametrize(
    "verbs", [[()], [("data",)], [("-m", "seed=0,1")], [(), ("runs", "show", "latest")]]
)
def test_what_became_of_a_table_is_said_by_every_verb(
    here: Path, call: Call, verbs: list[tuple[str, ...]]
) -> None:
    (here / "t.csv").write_text(f"id,z,y\n{HOLES}")
    shown = [call(*verb, *(() if verb[:1] == ("runs",) else WORDS)) for verb in verbs][-1]
    assert shown.code == 0
    lines = [" ".join(line.split()) for line in shown.out.splitlines()]
    assert [line for line in lines if line.startswith(("target ", "columns ", "imputed "))] == [
        " ".join(pair) for pair in BLOCK
    ]
    assert sum(WARNED in f"{line} " for line in lines) == 1


def test_of_images_and_drawn_rows_nothing_is_said(here: Path, call: Call) -> None:
    out = call("trainer.epochs=1").out
    assert not re.search("^(target|columns) ", out, re.MULTILINE)
