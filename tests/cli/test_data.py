"""Data looked at before anything is trained on them."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import Call, Shown, tree

pytestmark = pytest.mark.usefixtures("here")


def test_data_that_cannot_be_used_is_refused_before_a_folder_is_made(
    here: Path, call: Call
) -> None:
    (here / "t.csv").write_text("a,y\n1,2,\n")
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
    assert [line.split()[:4] for line in lines[7:11]] == [
        ["column", "role", "missing", "imputed"],
        ["NumRooms", "number", "2", "3"],
        ["RoofType", "category", "3", "2"],
        ["Price", "target", "0", "the"],
    ][: len(lines[7:11])]
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
