"""Runs brought back from the trash."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

from dltrain.runs.find import list_runs
from tests.cli.conftest import runs_of
from tests.conftest import Call


def test_a_run_that_cannot_be_read_can_be_thrown_away(there: Path, call: Call) -> None:
    newest, *_ = runs_of(there)
    (newest.folder / "run.json").write_text("{")
    assert call("runs", "show", "@1").code == 2
    assert call("runs", "rm", "@1").code == 0
    assert call("runs", "restore", newest.short).code == 0


def test_the_way_back_from_the_trash_is_said_with_the_folder(there: Path, call: Call) -> None:
    newest, *_ = runs_of(there)
    os.rename(there / "outputs", there / "my runs")
    shown = call("runs", "rm", newest.id, "output_dir=my runs")
    [command_] = re.findall(r"\((dltrain .*)\)", shown.out)
    assert call(*shlex.split(command_)[1:]).code == 0
    assert len(list_runs(there / "my runs")) == 3
