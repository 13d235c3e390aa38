"""Learning curves: whose are drawn, of which metrics and splits, on which axis."""

from __future__ import annotations

from pathlib import Path

import pytest

from dltrain.plots import style
from dltrain.plots.curves import draw
from dltrain.runs.compare.comparison import compare
from dltrain.runs.compare.curves import (
    BEST_CURVES,
    MAX_CURVES,
    Curve,
    Rows,
    curve_axis,
    curve_splits,
    curves_of,
    headline_metrics,
    thinned,
    thinning_note,
)
from dltrain.runs.find import find, list_runs
from dltrain.runs.run import Run, read
from tests.conftest import Call, write_record


def rows_of(**columns: float) -> Rows:
    names = {name.replace("_", "/"): value for name, value in columns.items()}
    return [{"epoch": n, **{name: x / n for name, x in names.items()}} for n in (1, 2)]


def write_sweep(count: int) -> Run:
    """Write a sweep by hand whose members are better and better, with one epoch each."""
    folder = Path("outputs/2026-01-01_10-00-00_sweep_aaaa")
    for index in range(count):
        member = folder / "members" / f"{index:04d}"
        member.mkdir(parents=True)
        last = {"epoch": 1.0, "val/loss": float(count - index)}
        best = {"metric": "val/loss", "value": last["val/loss"], "epoch": 1}
        info = {
            "status": "done",
            "overrides": [f"lr={index}"],
            "result": {"best": best, "final": last, "kept": last},
        }
        write_record(member / "run.json", info)
        (member / "metrics.csv").write_text("epoch,val/loss\n1,2\n")
    facts = {"metric": "val/loss", "varying": ["lr"], "members": count}
    write_record(folder / "sweep.json", {"status": "done", **facts})
    return find("aaaa", Path("outputs"))


def test_the_loss_comes_first_and_then_what_people_speak_of() -> None:
    curves = [Curve("a", rows_of(val_r2=1, val_rmse=1)), Curve("b", rows_of(train_loss=1, lr=1))]
    assert headline_metrics(curves) == ["loss", "rmse"]
    assert headline_metrics([Curve("a", [])]) == ["loss"]


def test_validation_rows_are_drawn_where_any_run_has_them() -> None:
    with_val, without = rows_of(train_loss=1, val_loss=1), rows_of(train_loss=1)
    assert curve_splits([Curve("a", without), Curve("b", with_val)], "loss") == ["train", "val"]
    assert curve_splits([Curve("a", without)], "loss") == ["train"]


def test_the_axis_is_chosen_for_all_curves_of_a_metric() -> None:
    near, far = Curve("a", rows_of(train_loss=1)), Curve("b", rows_of(train_loss=0.001))
    assert curve_axis([near], "loss") == curve_axis([far], "loss") == "linear"
    assert curve_axis([near, far], "loss") == "log"


def test_of_many_runs_the_best_and_some_of_the_rest_are_drawn_and_that_is_said(here: Path) -> None:
    comparison = compare([write_sweep(120)])
    curves = curves_of(comparison)
    assert [curve.index for curve in curves[:BEST_CURVES]] == [119 - n for n in range(BEST_CURVES)]
    assert [curve.rank for curve in curves] == list(range(MAX_CURVES)) == thinned(100)
    assert curves[-1].index == 0  # the worst is among them
    note = thinning_note(curves, comparison)
    assert note.startswith("drawn are 100 of 120 runs")
    with style.drawing():
        assert note in draw(curves, title="t", note=note).get_suptitle().replace("\n", " ")


def test_of_few_runs_all_are_drawn_and_nothing_is_said(here: Path) -> None:
    comparison = compare([write_sweep(3)])
    curves = curves_of(comparison)
    assert [curve.index for curve in curves] == [2, 1, 0]
    assert thinning_note(curves, comparison) == ""


def test_a_file_that_cannot_be_read_does_not_hide_the_curves_of_the_others(here: Path) -> None:
    sweep = write_sweep(2)
    broken = sweep.folder / "members/0000/metrics.csv"
    broken.write_text("," * 2000 + "\n")
    curves = curves_of(compare([sweep]))
    assert [bool(curve.problem) for curve in curves] == [False, True]
    with style.drawing():
        note = draw(curves, title="t").get_suptitle()
    assert "without a whole epoch: 1 unreadable" in note.replace("\n", " ")
    with pytest.raises(ValueError, match="has more than 1000 columns"):
        curves_of(compare([read(broken.parent)]))


def test_runs_are_named_by_what_was_typed_differently(here: Path, call: Call) -> None:
    small = ("data.num_train=64", "trainer.epochs=1")
    assert call("-m", *small, "optimizer.lr=0.1,0.3", "seed=0,1").code == 0
    [sweep] = list_runs(here / "outputs")
    names = {curve.index: curve.name for curve in curves_of(compare([sweep]))}
    assert names[0] == f"{sweep.short}/0 lr=0.1 seed=0"
    assert names[3] == f"{sweep.short}/3 lr=0.3 seed=1"


def test_a_run_without_an_epoch_is_refused(here: Path) -> None:
    folder = here / "outputs" / "2026-01-01_10-00-00_linear-synthetic_aaaa"
    folder.mkdir(parents=True)
    write_record(folder / "run.json", {"status": "failed"})
    with pytest.raises(ValueError, match="no whole epoch"):
        curves_of(compare([read(folder)]))
