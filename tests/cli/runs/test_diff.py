"""What two runs differ in."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

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


def test_two_sweeps_differ_in_what_they_were_told_and_what_came_of_it(
    there: Path, call: Call
) -> None:
    words = ["optimizer.lr=0.01,0.1,1e30", "seed=0,1", "trainer.epochs=1"]
    assert call("-m", *words).code == 0
    shown = call("runs", "diff", "@4", "@1")
    assert (shown.code, shown.err) == (0, "")
    lines = [re.split(r"  +", line.strip()) for line in shown.out.splitlines()]
    assert "config: no difference" not in shown.out
    assert ["trainer.epochs", "2", "1"] in lines
    assert ["best mean at", "optimizer.lr=0.1", "optimizer.lr=0.1"] in lines
    assert ["n", "2", "2"] in lines
    [mean] = [line for line in lines if line[0] == "its mean"]
    a, b, distance = map(float, mean[1:])
    assert b > a  # of a loss, after half as many epochs
    assert distance == pytest.approx(b - a, rel=1e-2)


def test_a_sweep_differs_in_nothing_from_itself(there: Path, call: Call) -> None:
    shown = call("runs", "diff", "@3", "@3")
    assert "config: no difference" in shown.out
    assert "circumstances: no difference" in shown.out


def test_the_same_values_combined_in_another_way_are_a_difference(here: Path, call: Call) -> None:
    for last in (0.01, 1), (0.1, 0):
        pairs = [(0.01, 0), (0.1, 1), last]
        text = "".join(f"- optimizer.lr: {lr}\n  seed: {seed}\n" for lr, seed in pairs)
        Path("mine.yaml").write_text(text)
        assert call("-m", "sweep.file=mine.yaml", "trainer.epochs=1").code == 0
    shown = call("runs", "diff", "@1", "@2")
    pattern = r"^combinations +(\d) that the other has not +(\d)"
    found = re.search(pattern, shown.out, re.MULTILINE)
    assert found is not None, shown
    assert found.groups() == ("1", "1")


def test_a_sweep_and_a_run_are_not_compared(there: Path, call: Call) -> None:
    shown = call("runs", "diff", "@3", "@1")
    assert shown.code == 2
    assert re.search(r"is a sweep, and \w+ a single run; name a member", shown.err)
