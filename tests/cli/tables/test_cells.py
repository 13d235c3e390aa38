"""How a field of a run is written."""

from __future__ import annotations

from pathlib import Path

from dltrain.cli.tables import cells
from dltrain.cli.tables.cells import cell, measured, result, status
from dltrain.runs.run import read
from tests.conftest import write_record


def test_what_is_not_known_is_a_dash() -> None:
    assert cell("optimizer.lr", None) == cells.test({}) == result(None) == "-"
    assert measured("") == measured(None) == "-"
    assert measured("not a number") == "not a number"


def test_settings_are_written_as_they_are_typed_and_metrics_as_figures() -> None:
    assert cell("optimizer.lr", 1e-4) == "0.0001"
    assert cell("model.hidden", [64, 32]) == "[64,32]"
    assert cell("val/loss", 0.123456) == "0.1235"
    assert result(("val/loss", 0.123456)) == "val/loss 0.1235"


def test_a_result_of_a_sweep_says_whose_it_is() -> None:
    assert cells.test({"test/accuracy": 0.5}) == "accuracy 0.5"
    assert cells.test({"test/accuracy": 0.5, "member": 3}) == "accuracy 0.5 (member 3)"


def test_a_sweep_under_way_counts_the_members_that_are_done(here: Path) -> None:
    sweep = here / "outputs" / "2026-01-01_10-00-00_sweep-synthetic_aaaa"
    for number, state in enumerate(("done", "done", "failed")):
        (sweep / "members" / f"{number:04d}").mkdir(parents=True)
        write_record(sweep / "members" / f"{number:04d}" / "run.json", {"status": state})
    write_record(sweep / "sweep.json", {"status": "running", "members": 5})
    assert status(read(sweep)) == "running 2/5"
    write_record(sweep / "sweep.json", {"status": "failed", "members": 5, "counts": {"done": 4}})
    assert status(read(sweep)) == "failed 4/5"
