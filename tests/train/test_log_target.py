"""A run that learns a logarithm: its figures and predictions are of the amounts themselves."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

from dltrain.data.preparation_file import read_preparation
from dltrain.runs.find import list_runs, members
from dltrain.runs.run import Run
from tests.conftest import Call, scores_on_test

pytestmark = pytest.mark.usefixtures("here")

TABLE = ("data=csv", "data.path=t.csv", "data.target=y", "device=cpu")
LOG = "data.log_target=true"
NOTE = "the logarithm of 'y' is learned (data.log_target): loss is of the logarithm, every other"


def write_table(path: Path, *, rows: int = 200) -> NDArray[np.float64]:
    """Write rows a, b, w, y, whose y is log-normal around what follows from a and b."""
    random = np.random.default_rng(3)
    a, b = random.normal(size=(2, rows)).round(3)
    weights = random.integers(1, 4, rows)
    amounts = np.exp(3 + a - 0.5 * b + 0.4 * random.normal(size=rows)).round(3)
    table = np.column_stack([a, b, weights, amounts])
    path.write_text("a,b,w,y\n" + "".join(",".join(map(str, row)) + "\n" for row in table))
    return table


def done(call: Call, *words: str) -> Run:
    before = {run.id for run in list_runs(Path("outputs"))}
    shown = call(*words)
    assert (shown.code, shown.err) == (0, ""), shown
    [run] = [run for run in list_runs(Path("outputs")) if run.id not in before]
    return run


@pytest.mark.parametrize("weight", ["data.weight=w", "data.drop=[w]"])
def test_least_squares_of_the_logarithm_predicts_amounts(
    call: Call, here: Path, weight: str
) -> None:
    table = write_table(here / "t.csv")
    splits = ["data.val_fraction=0", "data.test_fraction=0"]
    run = done(call, *TABLE, LOG, "optimizer=least_squares", weight, *splits)
    roots = np.sqrt(table[:, 2] if "weight" in weight else np.ones(len(table)))
    rows = np.column_stack([table[:, :2], np.ones(len(table))])
    solved = np.linalg.lstsq(rows * roots[:, None], np.log(table[:, 3]) * roots, rcond=None)[0]
    lines = (run.folder / "coefficients.csv").read_text().splitlines()[1:]
    found = [float(line.rpartition(",")[2]) for line in lines]
    np.testing.assert_allclose(found, solved, rtol=1e-9)
    assert call("predict", run.id, "--data", "t.csv", "--output", "p.csv").code == 0
    with (here / "p.csv").open(newline="") as file:
        predicted = [float(row["prediction"]) for row in csv.DictReader(file)]
    np.testing.assert_allclose(predicted, np.exp(rows @ solved), rtol=1e-9)
    # What is said of these rows, in training and of the file, is of the amounts; the loss is not.
    errors, counts = predicted - table[:, 3], roots**2
    evaluated = json.loads(call("evaluate", run.id, "--data", "t.csv", "--json").out)["metrics"]
    for split, metrics in (("train", run.part("result", "kept")), ("data", evaluated)):
        rmse = np.average(errors**2, weights=counts) ** 0.5
        assert metrics[f"{split}/rmse"] == pytest.approx(rmse, rel=1e-9)
        logs = np.average((rows @ solved - np.log(table[:, 3])) ** 2, weights=counts)
        assert metrics[f"{split}/loss"] == pytest.approx(logs / 2, rel=1e-9)
    mape = np.average(np.abs(errors) / table[:, 3], weights=counts)
    assert evaluated["data/mape"] == pytest.approx(mape, rel=1e-9)
    [sentence] = run.texts("result", "sentences")
    assert "of the deviation of the target's logarithm" in sentence


def test_the_baseline_is_the_mean_of_the_amounts(call: Call, here: Path) -> None:
    table = write_table(here / "t.csv")
    table[:, 0] = np.arange(len(table)) >= 150
    names = np.where(table[:, 0] == 1, "test", "train")
    lines = zip(names, table[:, 1], table[:, 3], strict=True)
    text = "".join(f"{name},{b},{y}\n" for name, b, y in lines)
    (here / "t.csv").write_text(f"s,b,y\n{text}")
    run = done(call, *TABLE, LOG, "data.split=s", "optimizer=least_squares")
    mean, tested = table[:150, 3].mean(), table[150:, 3]
    baseline = run.part("result", "baselines")["mean"]
    rmse = np.mean((tested - mean) ** 2) ** 0.5
    assert baseline["test/rmse"] == pytest.approx(rmse, rel=1e-9)
    logs = np.mean((np.log(tested) - np.log(mean)) ** 2)
    assert baseline["test/loss"] == pytest.approx(logs / 2, rel=1e-9)


def test_a_network_that_learns_logarithms_is_evaluated_as_it_was_trained(
    call: Call, here: Path
) -> None:
    write_table(here / "t.csv")
    run = done(call, *TABLE, LOG, "model=mlp", "optimizer=adam", "trainer.epochs=5")
    kept = scores_on_test(run.info)
    again = json.loads(call("evaluate", run.id, "--json").out)["metrics"]
    assert again == {name: kept[name] for name in again}
    preparation = json.loads((run.folder / "preparation.json").read_text())
    assert read_preparation(preparation, name="t").target_scale.log
    (here / "zero.csv").write_text("a,b,w,y\n1,2,3,4\n1,2,3,0\n")
    refused = call("evaluate", run.id, "--data", "zero.csv")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "zero.csv:3: column 'y': 0 has no logarithm (1 row of 0 or less)" in refused.err


def test_it_stacks_and_goes_on_with_the_same_bytes(call: Call, here: Path) -> None:
    write_table(here / "t.csv")
    words = [*TABLE, LOG, "model=mlp", "model.hidden=[5]", "data.weight=w"]
    sweep = done(call, "-m", *words, "trainer.epochs=4", "optimizer.lr=0.01,0.03")
    for member in members(sweep):
        config = yaml.safe_load((member.folder / "config.yaml").read_text())
        lr = f"optimizer.lr={config['optimizer']['lr']}"
        half = done(call, *words, "trainer.epochs=2", lr)
        assert call("resume", half.id, "trainer.epochs=4").code == 0
        ours, theirs = ((run.folder / "metrics.csv").read_bytes() for run in (half, member))
        assert ours == theirs


def test_what_is_learned_is_said_wherever_the_figures_are(call: Call, here: Path) -> None:
    write_table(here / "t.csv")
    for words, said in (([LOG], True), ([], False)):
        run = done(call, *TABLE, *words, "optimizer=least_squares")
        shown = call(*TABLE, *words, "optimizer=least_squares").out
        assert (NOTE in shown) == said
        assert (NOTE in call("runs", "show", run.id).out) == said
        assert ("the target's logarithm" in call("data", *TABLE, *words).out) == said
        assert call("report", run.id, "--output", f"{said}.html").code == 0
        page = (here / f"{said}.html").read_text()
        assert ("change of log(y) per unit" in page.lower()) == said
        assert ("For training the logarithm of y was standardised" in page) == said


def test_a_sweep_over_it_says_that_losses_do_not_compare(call: Call, here: Path) -> None:
    write_table(here / "t.csv")
    line = "members differ in data.log_target, so their losses do not compare"
    words = ["-m", "--dry-run", *TABLE, "model=linear"]
    assert line in call(*words, "data.log_target=true,false").out
    assert line not in call(*words, "data.log_target=true,false", "sweep.metric=rmse").out
    assert line not in call(*words, LOG, "seed=0,1").out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["data.target=z"], "t.csv:3: column 'z': 0 has no logarithm (2 rows of 0 or less)"),
        (["data.target=k"], "the target 'k' is taken for classes, which have no logarithm"),
        (
            ["data.target=z", "data.task=classification", "model=softmax"],
            "classes have no logarithm; leave it out",
        ),
    ],
)
def test_what_has_no_logarithm_is_refused(
    words: list[str], line: str, call: Call, here: Path
) -> None:
    amounts = [3.5, 0, -2, *range(4, 20)]
    rows = "".join(f"{i},{z},k{i % 2}\n" for i, z in enumerate(amounts))
    (here / "t.csv").write_text(f"x,z,k\n{rows}")
    shown = call("data=csv", "data.path=t.csv", LOG, *words)
    assert (shown.code, shown.err.count("\n"), (here / "outputs").exists()) == (2, 1, False)
    assert line in shown.err
