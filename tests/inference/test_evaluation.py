"""What a saved model makes of rows whose targets are known."""

from __future__ import annotations

import csv
import itertools
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn import metrics as sk

from dltrain.config.load import load
from dltrain.inference.evaluation import Evaluation, _blocks, evaluate, judging_split
from dltrain.metrics import metric_of
from dltrain.runs.find import find, list_runs, members
from dltrain.runs.run import Run
from dltrain.train import build
from tests.conftest import Call, scores_on_test

pytestmark = pytest.mark.usefixtures("here")

THREE = ("device=cpu", "trainer.epochs=3")
SAMPLE = ("data=fashion_mnist", "data.source=sample", *THREE)
TABLE = ("data=csv", "data.path=table.csv", "data.target=y", "data.test_fraction=0.25")


def trained(call: Call, *words: str) -> Run:
    """Train a run where one stands."""
    before = {run.id for run in list_runs(Path("outputs"))}
    shown = call(*words)
    assert (shown.code, shown.err) == (0, ""), shown
    [run] = [run for run in list_runs(Path("outputs")) if run.id not in before]
    return run


def write_table(path: Path, *, classes: bool, rows: int = 400) -> None:
    """Write a table of numbers and texts, some of them missing, and what follows from them."""
    random = np.random.default_rng(0)
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["x", "colour", "y"])
        for _ in range(rows):
            x, colour = random.normal(3, 2), random.choice(["red", "green", ""])
            amount = 5 * x + 20 * (colour == "red") + random.normal()
            kinds = ["low", "high"]
            x_cell = "" if random.random() < 0.1 else x
            table.writerow([x_cell, colour, kinds[amount > 20] if classes else amount])


def known_every_epoch(evaluation: Evaluation) -> dict[str, float]:
    """What a run records of its epochs, too."""
    return {n: x for n, x in evaluation.metrics.items() if metric_of(n).every_epoch}


RUNS = {
    "softmax": ["model=softmax", *SAMPLE],
    "mlp": ["model=mlp", "model.hidden=[16]", "model.dropout=0.2", *SAMPLE],
    "amounts": [*TABLE, *THREE, "data.standardise_target=true"],
    "mlp of amounts": ["model=mlp", "model.hidden=[8]", *TABLE, *THREE],
    "float64": [*TABLE, *THREE, "device.dtype=float64"],
    "least squares": [*TABLE, "optimizer=least_squares", "device=cpu"],
    "classes": ["model=softmax", *TABLE, *THREE],
}


@pytest.mark.parametrize("name", RUNS)
def test_the_metrics_of_the_test_split_are_those_that_the_run_recorded(
    name: str, call: Call
) -> None:
    write_table(Path("table.csv"), classes=name == "classes")
    run = trained(call, *RUNS[name])
    found = evaluate(run)
    assert found.metrics == scores_on_test(run.info)
    assert found.epoch == run.num_epochs()
    validated = known_every_epoch(evaluate(run, split="val"))
    assert len(validated) == (2 if found.data.class_names else 3)
    assert validated.items() <= run.part("result", "final").items()


def test_the_metrics_of_a_whole_split_are_scikit_learns_of_what_is_predicted(call: Call) -> None:
    write_table(Path("table.csv"), classes=True)
    found = evaluate(trained(call, *RUNS["classes"]))
    assert found.probabilities is not None
    own = {name.removeprefix("test/"): value for name, value in found.metrics.items()}
    likely, predicted = found.probabilities[:, 1].astype(np.float64), found.predictions
    assert own["auc"] == pytest.approx(sk.roc_auc_score(found.targets, likely), abs=1e-6)
    assert own["brier"] == pytest.approx(sk.brier_score_loss(found.targets, likely), abs=1e-6)
    f1 = sk.f1_score(found.targets, predicted, average="macro")
    assert own["f1"] == pytest.approx(f1, abs=1e-12)
    assert own["log_loss"] == pytest.approx(own["loss"], rel=1e-6)
    write_table(Path("table.csv"), classes=False)
    amounts = evaluate(trained(call, *RUNS["amounts"]))
    for name, score in (
        ("mae", sk.mean_absolute_error),
        ("median_absolute_error", sk.median_absolute_error),
        ("mape", sk.mean_absolute_percentage_error),
    ):
        expected = score(amounts.targets, amounts.predictions)
        assert amounts.metrics[f"test/{name}"] == pytest.approx(expected, rel=1e-5)


def test_what_a_result_is_quoted_by_lies_in_its_interval(call: Call) -> None:
    write_table(Path("table.csv"), classes=True)
    for words, names in (
        (RUNS["softmax"], ["accuracy"]),
        (RUNS["classes"], ["accuracy", "auc"]),
        (THREE, ["rmse", "r2"]),
    ):
        found = evaluate(trained(call, *words), split="val")
        assert list(found.intervals) == [f"val/{name}" for name in names]
        for name, (low, high) in found.intervals.items():
            assert low < found.metrics[name] < high


def test_predictions_are_those_of_the_weights_in_float64(call: Call) -> None:
    run = trained(call, *RUNS["softmax"])
    found = evaluate(run)
    assert found.probabilities is not None
    weight, bias = found.parameters["layers.0.weight"], found.parameters["layers.0.bias"]
    assert (weight.shape, bias.shape) == ((10, 784), (10,))
    exact = weight.astype(np.float64).T, bias.astype(np.float64)
    logits = found.data.test.inputs.astype(np.float64) / 255 @ exact[0] + exact[1]
    expected = torch.from_numpy(logits).softmax(dim=1).numpy()
    assert np.abs(found.probabilities - expected).max() < 1e-5
    assert found.predictions.tolist() == found.probabilities.argmax(axis=1).tolist()
    hits = (found.predictions == found.targets).mean()
    assert found.metrics["test/accuracy"] == pytest.approx(hits)
    assert found.targets.tolist() == found.data.test.targets.tolist()
    assert found.probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_amounts_are_in_the_targets_own_units(call: Call) -> None:
    write_table(Path("table.csv"), classes=False)
    found = evaluate(trained(call, *RUNS["amounts"]))
    assert found.probabilities is None
    assert found.targets.dtype == found.predictions.dtype == np.float64
    with Path("table.csv").open() as file:
        own = [float(row["y"]) for row in csv.DictReader(file)]
    assert all(min(abs(amount - y) for y in own) < 1e-4 for amount in found.targets)
    rmse = math.sqrt(np.square(found.targets - found.predictions).mean())
    assert found.metrics["test/rmse"] == pytest.approx(rmse)


def test_a_member_of_a_sweep_is_evaluated_like_any_run(call: Call) -> None:
    assert call("-m", "model=softmax", *SAMPLE, "optimizer.lr=0.03,0.1").code == 0
    sweep = find("latest", Path("outputs"))
    for run in members(sweep):
        found = evaluate(run).metrics
        assert found == scores_on_test(run.info)
    with pytest.raises(ValueError, match=r"is a sweep; name one of its members, as in \w{4}/0"):
        evaluate(sweep)


def test_the_best_epoch_may_be_another_one_than_the_last(call: Call) -> None:
    run = trained(call, "optimizer.lr=0.9", "trainer.epochs=6", "data.num_train=64", "device=cpu")
    best = run.part("result", "best")
    assert best["epoch"] < run.num_epochs()
    found = evaluate(run, split="val", epoch="best")
    assert (found.epoch, found.metrics["val/loss"]) == (best["epoch"], best["value"])
    assert evaluate(run, split="val").epoch == run.num_epochs()


@pytest.mark.parametrize(
    ("split", "told"),
    [
        ("test", r"its test split has no rows; train has 1,000, val has 1,000"),
        ("tset", r"split=tset: unknown; did you mean test\? \(there are: train, val, test\)"),
    ],
)
def test_a_split_that_is_not_there_is_refused(split: str, told: str, call: Call) -> None:
    run = trained(call, *THREE)
    with pytest.raises(ValueError, match=told):
        evaluate(run, split=split)


def test_data_that_changed_are_refused_and_data_that_moved_are_found(call: Call) -> None:
    write_table(Path("table.csv"), classes=True)
    run = trained(call, *RUNS["classes"])
    metrics = evaluate(run).metrics
    Path("table.csv").rename("moved.csv")
    with pytest.raises(ValueError, match=r"no such file.*; say where it lies now: data.path="):
        evaluate(run)
    assert evaluate(run, changes={"data.path": "moved.csv"}).metrics == metrics
    with Path("moved.csv").open("a") as file:
        file.write("1,red,low\n")
    with pytest.raises(ValueError, match=r"its content changed since the run began; .* --data"):
        evaluate(run, changes={"data.path": "moved.csv"})


def test_evaluating_changes_nothing_in_the_folder(call: Call) -> None:
    run = trained(call, *THREE)
    before = {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in run.folder.rglob("*")}
    evaluate(run, split="val")
    assert {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in run.folder.rglob("*")} == before


def test_all_rows_are_judged_where_they_fill_several_parts(call: Call) -> None:
    run = trained(call, *THREE, "data.num_val=5000")
    found = evaluate(run, split="val")
    assert len(found.predictions) == len(found.targets) == 5000
    data = build.dataset(load(["data.num_val=5000"]))
    assert found.targets == pytest.approx(data.val.targets)


@pytest.mark.parametrize(
    ("rows", "split"),
    [
        ({"train": 5, "val": 3, "test": 2}, "test"),
        ({"train": 5, "val": 3, "test": 0}, "val"),
        ({"train": 5, "val": None}, "train"),
        ("many", "train"),
    ],
)
def test_a_model_is_judged_on_the_rows_kept_for_the_end_if_there_are_any(
    rows: object, split: str
) -> None:
    assert judging_split(Run(Path("r"), {"data": {"rows": rows}})) == split


@pytest.mark.parametrize(
    "sizes", [[5000], [2048, 2952], [1, 2047, 2952], [3, 4000, 0, 997], [2049]]
)
def test_parts_are_cut_like_the_rows_of_a_split(sizes: list[int]) -> None:
    rows = sum(sizes)
    inputs, targets = np.arange(2 * rows).reshape(rows, 2), np.arange(rows)
    ends = np.cumsum([0, *sizes])
    parts = [(inputs[a:b], targets[a:b]) for a, b in itertools.pairwise(ends)]
    blocks = list(_blocks(parts))
    starts = range(0, rows, 2048)
    assert [len(block[1]) for block in blocks] == [min(2048, rows - start) for start in starts]
    assert np.concatenate([block[0] for block in blocks]).tolist() == inputs.tolist()
    assert np.concatenate([block[1] for block in blocks]).tolist() == targets.tolist()
