"""What all actions of ``dltrain runs`` have in common."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dltrain.cli.runs import ACTIONS
from tests.cli.conftest import runs_of
from tests.conftest import Call, tree


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ["--sort", "val/los"],
            "--sort=val/los: no listed run has such a field; did you mean val/loss?",
        ),
        (
            ["--columns", "id,lrr"],
            "--columns=lrr: no listed run has such a field; did you",
        ),
        (["--columns", "seed,kind"], "--columns=kind: is one of data.kind, model.kind, "),
        (["--where", "lr <"], "--where=lr <: cannot be read"),
        (["--top", "0"], "argument --top: must be a number from 1"),
        (["--json", "--csv"], "argument --csv: not allowed with argument --json"),
        (["--jsn"], "--jsn: unknown flag; did you mean --json?"),
        (["best", "a", "b"], "runs best: b is one argument too many"),
        (["compare", "@1"], "runs compare: which runs? Give two or more, or a sweep"),
        (["diff", "@1"], "runs diff: compares two runs, not 1; runs compare more"),
        (["rm"], "runs rm: which runs?"),
        (["restore", "x"], "x: the trash is empty (outputs/.trash)"),
        (["purge", "@1"], "runs purge: @1: names no run; runs rm @1 comes first"),
        (["purge", "--older", "soon"], "argument --older: must be a number and one of s, min, h"),
        (["label", "@1", "a", "b"], "runs label: b is one argument too many; quote TEXT"),
        (["label", "@1", "a\nb"], "label=a\\x0ab: must be a line of at most 200 bytes"),
        (["label", "@1", "x" * 201], "must be a line of at most 200 bytes"),
        (["export", "x.txt"], "x.txt: must end in .csv or .parquet"),
        (["export", "no/x.csv"], "no/x.csv: there is no folder no"),
        (["show", ""], "a run's name must not be empty"),
        (["rm", "@1", ""], "a run's name must not be empty"),
        (["tail", "a", "b"], "runs tail: b is one argument too many"),
        (["best", "@1"], "is a single run, and no sweep"),
    ],
)
def test_a_mistake_costs_one_line_and_changes_nothing(
    there: Path, call: Call, words: list[str], line: str
) -> None:
    before = tree(there)
    shown = call("runs", *words)
    assert (shown.code, shown.out) == (2, "")
    assert line in shown.err
    assert len(shown.err.splitlines()) == 1
    assert tree(there) == before


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_explains_itself(call: Call, action: str) -> None:
    shown = call("runs", action, "--help")
    assert shown.code == 0
    assert shown.out.startswith("usage: dltrain runs ")
    assert action in call("runs", "--help").out


def test_looking_at_runs_loads_no_torch(there: Path) -> None:
    script = (
        "import sys; from dltrain.cli.main import run\n"
        "for line in sys.argv[1:]: assert run(['runs', *line.split()]) == 0, line\n"
        "assert not {'torch', 'matplotlib'} & set(sys.modules), 'heavy'"
    )
    *_, sweep = runs_of(there)
    lines = ["--all", f"best {sweep.short}", "show @1", "compare @1 @2", "diff @1 @2", "tail @1"]
    lines += ["label @1 x", "export x.csv", "rm @1", "restore @1", "purge"]
    line = [sys.executable, "-c", script, *lines]
    result = subprocess.run(line, cwd=there, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
