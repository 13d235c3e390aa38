"""The kept epoch: its weights are what a run is tested, evaluated, read and predicts with."""

from __future__ import annotations

import csv
import json
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dltrain.inference.evaluation import evaluate
from dltrain.inference.saved_model import load
from dltrain.report.contents import report
from dltrain.runs.run import read
from tests.conftest import Call, changed
from tests.sweep.helpers import (
    Blind,
    assert_equal_runs,
    record,
    tensors,
    train,
    trained_alone,
)
from tests.train.test_session import Watching, training_of

# Steps so large, of so few rows, that the best epoch is neither the first nor the last.
LINE = (
    *(
        "data=csv",
        "data.path=table.csv",
        "data.target=y",
        "trainer.batch_size=2",
        "optimizer.lr=0.1",
    ),
    *("trainer.epochs=9", "device=cpu", "model=linear", "optimizer=sgd"),
)
STEPS = 17  # of an epoch
BEST, LAST = "trainer.keep=best", "trainer.keep=last"


@pytest.fixture(autouse=True)
def table(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand beside a small table whose best epoch is not the last one."""
    monkeypatch.chdir(tmp_path_factory.mktemp("here"))
    lines = [f"{i % 7},{(i * i) % 11},{(i * 5) % 13 + i % 3}" for i in range(50)]
    Path("table.csv").write_text("\n".join(["p,q,y", *lines]))
    return Path("table.csv")


def result(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = record(folder)["result"]
    return found


def best_epoch(folder: Path) -> int:
    return int(result(folder)["best"]["epoch"])


def weights(folder: Path) -> dict[str, bytes]:
    """Return what evaluate, predict and report load."""
    return {name: array.tobytes() for name, array in load(read(folder)).parameters().items()}


def assert_kept_is_of(epochs: int, folder: Path, words: Sequence[str], beside: Path) -> None:
    """Compare what a run keeps with one of exactly that many epochs, to the byte."""
    words = [
        word for word in changed(words, f"trainer.epochs={epochs}", LAST) if "patience" not in word
    ]
    short = trained_alone(beside, words)
    assert weights(folder) == weights(short)
    assert result(folder)["kept"] == result(short)["kept"]
    assert result(folder)["findings"] == result(short)["findings"]
    for split in ("val", "test"):
        ours, theirs = (evaluate(read(each), split=split) for each in (folder, short))
        assert ours.epoch == epochs
        assert str(ours.metrics) == str(theirs.metrics)  # nan, too
    assert (folder / "coefficients.csv").read_bytes() == (short / "coefficients.csv").read_bytes()


@pytest.mark.parametrize("keep", [BEST, LAST])
def test_all_that_is_said_of_a_run_is_of_its_kept_epoch(keep: str, tmp_path: Path) -> None:
    folder = trained_alone(tmp_path / "run", [*LINE, keep])
    best = best_epoch(folder)
    assert 1 < best < 9
    assert_kept_is_of(best if keep == BEST else 9, folder, LINE, tmp_path / "short")


def test_the_two_epochs_differ_in_all_that_is_compared(tmp_path: Path) -> None:
    """Else the comparison above would say nothing."""
    best, last = (trained_alone(tmp_path / keep, [*LINE, keep]) for keep in (BEST, LAST))
    assert weights(best) != weights(last)
    assert (best / "coefficients.csv").read_bytes() != (last / "coefficients.csv").read_bytes()
    ours, theirs = result(best), result(last)
    for name in ("val/loss", "test/loss"):
        assert ours["kept"][name] != theirs["kept"][name]
    assert ours["findings"] != theirs["findings"]
    assert (ours["final"], ours["best"]) == (theirs["final"], theirs["best"])
    assert tensors(best).keys() == tensors(last).keys()
    assert (best / "metrics.csv").read_bytes() == (last / "metrics.csv").read_bytes()


def test_predictions_and_the_report_are_of_the_kept_epoch(call: Call) -> None:
    words = changed(LINE, "trainer.epochs=12")
    said, figures = {}, {}
    for name, more in {"best": (BEST,), "last": (LAST,)}.items():
        assert call(*words, *more).code == 0
        said[name], figures[name] = predictions(call), shown_figures(newest())
    best = best_epoch(newest())
    assert 1 < best < 12
    for name, epochs in {"best": best, "last": 12}.items():
        assert call(*changed(words, f"trainer.epochs={epochs}"), LAST).code == 0
        assert said[name] == predictions(call)
        assert figures[name] == shown_figures(newest())
    assert said["best"] != said["last"]
    assert figures["best"] != figures["last"]


def newest() -> Path:
    return max(Path("outputs").iterdir(), key=lambda run: run.stat().st_mtime_ns)


def predictions(call: Call) -> str:
    shown = call("predict", "latest", "--data", "table.csv")
    assert shown.code == 0
    return shown.out


def shown_figures(folder: Path) -> list[tuple[str, str, str]]:
    """Return the numbers at the head of a run's report, without the clock's."""
    return [each for each in report([read(folder)]).figures if each[0] != "duration"]


RATES = (0.3, 0.02, 0.005, 0.1, 0.01, 0.05)


@pytest.mark.parametrize("more", [("trainer.patience=2",), (BEST,)])
def test_members_of_a_stack_keep_their_own_best_epochs(more: Sequence[str], tmp_path: Path) -> None:
    """With patience they stop at different epochs, and the stack becomes narrower."""
    words = [changed(LINE, f"optimizer.lr={rate}", *more) for rate in RATES]
    folders = [tmp_path / f"{number}" for number in range(len(RATES))]
    train(folders, words)
    ends = {result(folder)["final"]["epoch"] for folder in folders}
    assert len(ends) > 2 if "patience" in more[0] else ends == {9}
    assert len({best_epoch(folder) for folder in folders}) > 2
    for folder, each in zip(folders, words, strict=True):
        beside = tmp_path / f"{folder.name} alone"
        assert_equal_runs(folder, trained_alone(beside, each))
        assert result(folder)["kept"] == result(beside)["kept"]
        assert_kept_is_of(best_epoch(folder), folder, each, tmp_path / f"{folder.name} short")


@pytest.mark.parametrize("words", [(BEST,), ("trainer.patience=4", "trainer.epochs=30"), (LAST,)])
def test_who_goes_on_keeps_what_the_uninterrupted_run_keeps(
    words: Sequence[str], tmp_path: Path
) -> None:
    """Stopped within the patience, after the best epoch: only its file knows those weights."""
    words = changed(LINE, "trainer.log_interval=1", *words)
    whole = trained_alone(tmp_path / "whole", words)
    best = best_epoch(whole)
    folder = tmp_path / "run"
    for steps in (STEPS * best + 7, STEPS * best + 25):
        stop(folder, words, steps)
        assert record(folder)["status"] == "interrupted"
        assert best_epoch(folder) == best < record(folder)["result"]["final"]["epoch"] + 1
    again = training_of([words])
    again.go_on([folder])
    again.run(Blind())
    assert_equal_runs(folder, whole)
    for name in ("final", "best", "kept", "findings", "message"):
        assert result(folder)[name] == result(whole)[name]
    keeps_best = LAST not in words
    assert (result(folder)["kept"]["epoch"] == best) is keeps_best


def stop(folder: Path, words: Sequence[str], steps: int) -> None:
    """Train a run, or go on with it, until it is asked to stop after so many steps."""
    training = training_of([words])
    if folder.exists():
        training.go_on([folder])
    else:
        folder.mkdir()
        training.record([folder])
    training.run(Watching(training, stop_at=steps))


def test_more_epochs_of_a_run_that_keeps_its_best_go_on_from_its_last(
    tmp_path: Path, call: Call
) -> None:
    words = [*LINE, BEST]
    long = trained_alone(tmp_path / "long", changed(words, "trainer.epochs=14"))
    assert call(*words).code == 0
    run = newest()
    best = best_epoch(run)
    assert result(run)["kept"]["epoch"] == best < 9
    assert call("resume", "latest", "trainer.epochs=14").code == 0
    assert record(run)["resumed"][0]["epoch"] == 9
    assert_equal_runs(run, long)
    assert result(run)["kept"] == result(long)["kept"]
    with open(run / "metrics.csv") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 14
    assert result(run)["best"]["value"] == pytest.approx(
        min(float(row["val/loss"]) for row in rows), rel=1e-8
    )


def test_a_kill_between_the_last_state_and_the_result_loses_nothing(tmp_path: Path) -> None:
    """The last state is written before the best weights are put back, and is not theirs."""
    whole = trained_alone(tmp_path / "run", [*LINE, BEST])
    before, kept = tensors(whole), result(whole)["kept"]
    info: Mapping[str, Any] = json.loads((whole / "run.json").read_text())
    coefficients = (whole / "coefficients.csv").read_bytes()
    (whole / "coefficients.csv").unlink()
    again = training_of([[*LINE, BEST]])
    again.go_on([whole])
    again.run(Blind())
    assert result(whole)["kept"] == kept == info["result"]["kept"]
    assert (whole / "coefficients.csv").read_bytes() == coefficients
    assert {name: t.numpy().tobytes() for name, t in tensors(whole).items()} == {
        name: t.numpy().tobytes() for name, t in before.items()
    }


RARE = (
    *("data=csv", "data.path=rare.csv", "data.target=class", "model=softmax"),
    *(
        "optimizer=sgd",
        "optimizer.lr=0.05",
        "trainer.metric=null",
        "trainer.epochs=30",
        "trainer.patience=3",
        "device=cpu",
    ),
)


def write_rare(*, positives: int) -> None:
    """Write 600 rows of a class and some of another that is hard to tell from it."""
    rng = np.random.default_rng(0)
    labels = [0] * 600 + [1] * positives
    lines = [f"{rng.normal() + 2 * label:.3f},{label}" for label in labels]
    Path("rare.csv").write_text("\n".join(["x,class", *lines]))


def column(folder: Path, name: str) -> list[float]:
    with open(folder / "metrics.csv") as file:
        return [float(row[name]) for row in csv.DictReader(file)]


@pytest.mark.parametrize("more", [(), ("trainer.metric=accuracy",)])
def test_with_3_percent_positives_patience_does_not_stop_while_the_loss_falls(
    more: Sequence[str], tmp_path: Path
) -> None:
    """By the accuracy alone, that of saying no to all, it would stop at epoch 4."""
    write_rare(positives=18)
    run = trained_alone(tmp_path / "run", changed(RARE, *more))
    assert record(run)["metric"] == ("val/accuracy" if more else "val/loss")
    losses, accuracies = column(run, "val/loss"), column(run, "val/accuracy")
    assert len(set(accuracies[:8])) == 1
    assert losses == sorted(losses, reverse=True)
    assert (len(losses), result(run)["kept"]["epoch"], result(run)["message"]) == (30, 30, "")
    idle = trained_alone(tmp_path / "idle", changed(RARE, *more, "optimizer.lr=0"))
    assert (len(column(idle, "val/loss")), result(idle)["kept"]["epoch"]) == (4, 1)


@pytest.mark.parametrize(
    ("positives", "metric"), [(18, "val/loss"), (150, "val/loss"), (300, "val/accuracy")]
)
def test_a_class_is_rare_with_less_than_half_its_even_share(
    positives: int, metric: str, tmp_path: Path
) -> None:
    write_rare(positives=positives)
    run = trained_alone(tmp_path / "run", changed(RARE, "trainer.epochs=1"))
    assert record(run)["metric"] == metric


def test_a_stop_signal_is_no_reason_to_put_weights_back(tmp_path: Path) -> None:
    words = changed(LINE, "trainer.log_interval=1", BEST)
    stop(tmp_path / "run", words, STEPS * 8 + 5)
    info = record(tmp_path / "run")
    assert (info["status"], info["exit_code"]) == ("interrupted", 128 + signal.SIGTERM)
    kept = info["result"]["kept"]
    assert kept["epoch"] == info["result"]["best"]["epoch"]
    assert not [name for name in kept if name.startswith("test/")]
