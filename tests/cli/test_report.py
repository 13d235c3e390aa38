"""dltrain report: the verb that writes a page."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import runs_of
from tests.conftest import Call


def test_the_page_lies_with_the_runs_and_the_next_command_opens_it(call: Call, there: Path) -> None:
    sweep = runs_of(there)[2].short
    shown = call("report", sweep)
    assert shown.code == 0
    path = Path("outputs/reports") / f"{sweep}.html"
    assert path.read_bytes().startswith(b"<!doctype html>")
    assert f"report  {path} (" in shown.out
    assert re.search(rf"next    (xdg-open|open) {path}\n", shown.out)
    assert call("report", f"{sweep}/0", f"{sweep}/1").code == 0
    assert Path(f"outputs/reports/{sweep}-0-{sweep}-1.html").is_file()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "on which run?"),
        (["nosuch"], "nosuch: no such run"),
        (["latest", "--output", "page.txt"], "--output=page.txt: must end in .html"),
        (["latest", "--output", "folder.html"], "--output=folder.html: is a folder"),
        (["latest", "seed=1"], "only output_dir=FOLDER can be set here"),
        (["latest", "--outputs", "a.html"], "unknown flag; did you mean --output?"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_line(
    words: list[str], told: str, call: Call, there: Path
) -> None:
    Path("folder.html").mkdir(exist_ok=True)
    shown = call("report", *words)
    assert (shown.code, shown.out) == (2, "")
    assert shown.err.startswith("dltrain: error: ")
    assert told in shown.err
    assert shown.err.count("\n") == 1


def test_neither_help_nor_lists_import_plotly() -> None:
    code = (
        "import sys\nfrom dltrain.cli.main import run\n"
        "run(['--help']), run(['runs']), run(['report', 'nosuch'])\n"
        "sys.exit(bool({'plotly', 'torch', 'dltrain.report.contents'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert result.returncode == 0, result
