from __future__ import annotations

from pathlib import Path

import pytest

from dltrain.data.table.csv_advice import advice_on_width
from tests.data.table.conftest import Prepare, refusal

HASH = "if lines that begin with # are comments, add data.comment=#"
CORRECT = "correct the row, or quote cells that contain the delimiter"


@pytest.mark.parametrize(
    ("text", "number", "advice"),
    [
        ("# a\n# b: c, d\nx,y\n1,2", 2, HASH),
        ("x,y\n1,2\n# bad\n3,4", 3, HASH),
        ("#a,b\n1,2\n3", 3, HASH),
        ("% a\nx,y\n1,2", 2, HASH.replace("#", "%")),
        ("a;b\n1,5;2\n2,5;3", 2, "if ';' separates cells, add 'data.delimiter=;'"),
        ("a\tb\n1,5\t2\n2,5\t3", 2, "if '\\t' separates cells, add 'data.delimiter=\\t'"),
        ("May\n\na,b,c\n1,2,3\n4,5,6", 3, "if the table begins on line 3, add data.skip_rows=2"),
        ("a,b\n1,2,\n3,4,", 2, "if all rows end with ',', take it off: sed 's/,\\r*$//'"),
        ("a,b\n1,2,3\n3,4", 2, CORRECT),
        ("a,b\n1,2\n3", 3, CORRECT),
    ],
)
def test_what_was_meant_is_guessed_with_the_key_to_paste(
    text: str, number: int, advice: str
) -> None:
    lines = text.split("\n")
    width = len(next(filter(None, lines)).split(","))
    assert advice_on_width(lines, number=number, width=width, mark=",") == advice


COMMENTED = "# exported by sensor 7\n# units: m, s\na,b,y\n" + "".join(
    f"{i},{i % 5},{2 * i}\n" for i in range(15)
)


def test_the_advice_on_comments_mends_the_table(prepare: Prepare) -> None:
    message = refusal(prepare, COMMENTED)
    assert message == (
        "t.csv:2: 2 cells, but the header has 1; if lines that begin with # are comments, add "
        "data.comment=#"
    )
    assert prepare(COMMENTED, comment="#", task="regression").feature_names == ("a", "b")
    assert prepare(COMMENTED, skip_rows=2, task="regression").feature_names == ("a", "b")


def test_the_advice_on_a_hint_for_spreadsheets_mends_the_table(prepare: Prepare) -> None:
    text = "sep=;\na;y\n1;2\n3;4\n"
    assert refusal(prepare, text).endswith("add data.skip_rows=1 'data.delimiter=;'")
    assert len(prepare(text, skip_rows=1, delimiter=";", task="regression").train) == 2


def test_lines_are_counted_as_in_the_file_whatever_is_left_out(
    prepare: Prepare, tmp_path: Path
) -> None:
    text = "preamble\na,y\n# no\n1,2\n# no\nx,3\n4,5\n"
    message = refusal(prepare, text, skip_rows=1, comment="#")
    assert message.startswith("t.csv:6: column 'a': 'x' stands among numbers")
    assert (tmp_path / "t.csv").read_text() == text
