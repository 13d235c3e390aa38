"""What is said of a result is what its record holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dltrain.runs.run import Run
from dltrain.runs.summary import caveats, judged_metric, quoted, result_lines

KEPT = {"epoch": 3.0, "val/loss": 0.5, "val/accuracy": 0.8, "test/loss": 0.6, "test/accuracy": 0.7}
BEST = {"metric": "val/accuracy", "value": 0.8, "epoch": 3}


def run_of(**result: Any) -> Run:
    whole = {"kept": KEPT, "final": KEPT, "best": BEST, **result}
    return Run(Path("x"), {"status": "done", "metric": "val/accuracy", "result": whole})


def said(run: Run) -> dict[str, str]:
    return dict(result_lines(run))


def test_figures_have_their_intervals() -> None:
    intervals = {"val/accuracy": [0.75, 0.85], "test/accuracy": [0.65, 0.75]}
    lines = said(run_of(intervals=intervals))
    assert lines["val"] == "accuracy 0.8 [0.75, 0.85]  loss 0.5  (epoch 3, the last)"
    assert lines["test"] == "accuracy 0.7 [0.65, 0.75]  loss 0.6  (epoch 3, the last)"
    assert lines[""].startswith("[low, high]: 95 % interval over rows")


@pytest.mark.parametrize("ends", [[None, None], [0.1], None, "x", ["a", "b"]])
def test_an_interval_that_is_not_known_is_not_drawn(ends: object) -> None:
    run = run_of(intervals={"val/accuracy": ends})
    assert quoted(run, "val/accuracy") == "0.8"
    assert "" not in said(run)


def test_an_undefined_figure_is_a_dash() -> None:
    run = run_of(kept={**KEPT, "val/accuracy": None}, intervals={"val/accuracy": [None, None]})
    assert said(run)["val"].startswith("accuracy -  loss 0.5")


def test_of_which_epoch_the_figures_are_is_said() -> None:
    earlier = {**KEPT, "epoch": 2.0}
    best = {**BEST, "epoch": 2}
    lines = said(run_of(kept=earlier, best=best))
    assert lines["val"].endswith("(epoch 2, the best)")
    assert "best" not in lines
    lines = said(run_of(best=best))
    assert lines["val"].endswith("(epoch 3, the last)")
    assert lines["best"] == "val/accuracy 0.8 at epoch 2"


def test_a_baseline_is_of_the_metric_that_judges_and_of_test_rows_if_there_are_any() -> None:
    baselines = {
        "majority class": {"val/accuracy": 0.5, "test/accuracy": 0.4},
        "least squares": {"val/accuracy": 0.6},
    }
    assert said(run_of(baselines=baselines))["baseline"] == "test/accuracy: majority class 0.4"
    untested = {name: value for name, value in KEPT.items() if not name.startswith("test/")}
    line = said(run_of(kept=untested, baselines=baselines))["baseline"]
    assert line == "val/accuracy: majority class 0.5, least squares 0.6"
    assert "baseline" not in said(run_of(baselines={"mean": {"val/rmse": 1.0}}))


def test_where_the_loss_judges_the_accuracy_that_is_quoted_has_its_baseline_too() -> None:
    baselines = {
        "majority class": {"val/accuracy": 0.5, "test/accuracy": 0.4},
        "class shares": {"val/loss": 0.7, "test/loss": 0.69},
    }

    def line(*names: str) -> str:
        beside = {name: baselines[name] for name in names}
        run = Run(Path("x"), {"metric": "val/loss", "result": {"kept": KEPT, "baselines": beside}})
        return dict(caveats(run)).get("baseline", "")

    accuracy = "test/accuracy: majority class 0.4"
    assert line(*baselines) == f"test/loss: class shares 0.69; {accuracy}"
    assert line("majority class") == accuracy  # with loss.class_weight the losses are not alike
    assert line() == ""


def test_remarks_are_notes() -> None:
    remarks = ["no better than the mean", "still learning when it ended"]
    assert caveats(run_of(remarks=remarks)) == [("note", each) for each in remarks]
    assert caveats(run_of(remarks=[])) == []


def test_regression_is_judged_by_rmse_in_place_of_the_loss() -> None:
    assert judged_metric("val/loss", {"val/loss": 1, "val/rmse": 1}) == "val/rmse"
    assert judged_metric("val/loss", {"val/loss": 1, "test/loss": 1}) == "test/loss"
    assert judged_metric("train/loss", {"train/loss": 1}) == ""


@pytest.mark.parametrize("result", [None, 5, {"kept": 3, "intervals": 4, "baselines": [1]}])
def test_what_a_stranger_wrote_says_nothing(result: object) -> None:
    run = Run(Path("x"), {"status": "done", "metric": 7, "result": result})
    assert result_lines(run) == []
