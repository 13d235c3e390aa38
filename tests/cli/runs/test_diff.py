"""What two runs differ in."""

from __future__ import annotations

import re
from pathlib import Path

from tests.cli.conftest import runs_of
from tests.conftest import Call


def test_two_runs_differ_in_what_they_were_told(there: Path, call: Call) -> None:
    *_, sweep = runs_of(there)
    shown = call("runs", "diff", f"{sweep.short}/0", f"{sweep.short}/1")
    assert re.search(r"^config +a +b\nseed +0 +1$", shown.out, re.MULTILINE)
    assert re.search(r"^result +a +b +b - a$", shown.out, re.MULTILINE)


def test_a_run_differs_in_nothing_from_itself(there: Path, call: Call) -> None:
    shown = call("runs", "diff", "@1", "@1")
    assert "config: no difference" in shown.out
    assert "circumstances: no difference" in shown.out
    assert shown.out.splitlines()[-1] == "the same numbers"
