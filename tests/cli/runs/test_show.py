"""One run shown."""

from __future__ import annotations

import re
from pathlib import Path

from dltrain.runs.find import list_runs
from dltrain.runs.summary import result_lines
from dltrain.text import number_or_dash
from tests.cli.conftest import runs_of
from tests.conftest import Call, write_record


def test_a_run_is_shown_with_its_curves(there: Path, call: Call) -> None:
    out = call("runs", "show", "@1").out
    assert re.search(r"^loss  train  val +rmse  train  val", out, re.MULTILINE)
    assert re.search(r"^ +1 +epoch +3 +1 +epoch +3$", out, re.MULTILINE)
    assert not re.search(r"^loss  train", call("runs", "show", "@2").out, re.MULTILINE)  # 1 epoch


def test_a_result_is_shown_as_it_was_after_training(here: Path, call: Call) -> None:
    trained = call("trainer.epochs=2").out
    [run] = list_runs(here / "outputs")
    shown = call("runs", "show", "latest").out
    lines = result_lines(run)
    assert {"val", "baseline", "note", "found"} <= {name for name, _ in lines}
    for name, text in lines:
        line = re.compile(rf"^{name} +{re.escape(text)}$", re.MULTILINE)
        assert line.search(trained), text
        assert line.search(shown), text


def test_errors_of_a_fit_are_in_words(there: Path, call: Call) -> None:
    newest, *_ = runs_of(there)
    shown = call("runs", "show", newest.short).out
    errors = newest.mapping("result", "findings")
    [line] = [line for line in shown.splitlines() if line.startswith("errors ")]
    for name, words in {
        "w_error": "of a weight at most {} against the truth",
        "exact_w_error": "of a weight at most {} against least squares",
        "exact_b_error": "of the intercept {} against least squares",
    }.items():
        assert words.format(number_or_dash(errors[name])) in line
    assert "w_error" not in shown


def test_counts_are_written_one_way(here: Path, call: Call) -> None:
    assert call("trainer.epochs=1", "device.threads=1", "data.num_train=2000").code == 0
    [run] = list_runs(here / "outputs")
    write_record(
        run.folder / "run.json", {**run.info, "model": {"name": "m", "parameters": 203530}}
    )
    shown = call("runs", "show", "latest").out
    assert re.search(r"^device +cpu, 1 thread, seed 0$", shown, re.MULTILINE)
    assert re.search(r"^model +m, 203,530 parameters$", shown, re.MULTILINE)
    assert ": 2,000 train, 1,000 val" in shown


def test_the_times_of_a_sweep_are_its_training_and_the_clocks(there: Path, call: Call) -> None:
    *_, sweep = runs_of(there)
    shown = call("runs", "show", sweep.short).out
    assert re.search(r"^duration +\S+ m?s of training \(of all members\)$", shown, re.MULTILINE)
    assert re.search(r"^wall time +\S+ s from start to finish$", shown, re.MULTILINE)
