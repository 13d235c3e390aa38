"""k-fold cross-validation of real tables, beside scikit-learn's of the same rows."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import sklearn.datasets
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import accuracy_score, log_loss, r2_score, root_mean_squared_error
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler

from dltrain.config.load import load
from dltrain.data.splits import Rows, draw, shuffled, split_sizes
from dltrain.train import build
from tests.conftest import Call

pytestmark = pytest.mark.usefixtures("here")
Floats = npt.NDArray[np.float64]
FOLDS = 5


def written(name: str, folder: Path) -> tuple[Floats, npt.NDArray[Any]]:
    """Write a table of scikit-learn's, and return it."""
    inputs, targets = getattr(sklearn.datasets, f"load_{name}")(return_X_y=True)
    header = [*(f"x{i}" for i in range(inputs.shape[1])), "y"]
    with open(folder / "t.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(header)
        rows.writerows(
            [*map(repr, map(float, row)), y] for row, y in zip(inputs, targets, strict=True)
        )
    return inputs, targets


def words(task: str, *more: str) -> list[str]:
    return ["data=csv", "data.path=t.csv", "data.target=y", f"data.task={task}", *more]


def indices(targets: npt.NDArray[Any], *, classes: bool) -> list[list[npt.NDArray[np.int64]]]:
    """Return the rows that train, validate and test, for each fold."""
    count = len(targets)
    _, _, test = split_sizes(count, val=0, test=0.15)
    known = targets.astype(np.int64) if classes else None
    rows = Rows(order=shuffled(count, seed=0), classes=known)
    return [draw(rows, val=0, test=test, folds=FOLDS, fold=fold) for fold in range(FOLDS)]


def swept(call: Call, *sweep: str) -> list[dict[str, float]]:
    """Train a member for each fold; return what each came to."""
    assert call("-m", *sweep, f"data.folds={FOLDS}").code == 0
    files = sorted(Path("outputs").glob("*_sweep_*/members/*/run.json"))
    assert len(files) == FOLDS
    return [json.loads(file.read_text())["result"]["final"] for file in files]


@pytest.mark.parametrize("name", ["breast_cancer", "wine", "digits", "diabetes"])
def test_each_row_validates_once_and_the_strata_are_scikit_learns(here: Path, name: str) -> None:
    inputs, targets = written(name, here)
    task = "regression" if name == "diabetes" else "classification"
    plain = ("data.standardise=false", "data.standardise_target=false", "device.dtype=float64")
    folds = [
        build.dataset(load(words(task, *plain, "data.folds=5", f"data.fold={fold}"), fitting=False))
        for fold in range(FOLDS)
    ]
    drawn = indices(targets, classes=task == "classification")
    for data, (train, val, test) in zip(folds, drawn, strict=True):
        for split, rows in zip(data.splits.values(), (train, val, test), strict=True):
            assert np.array_equal(split.inputs, inputs[rows])
            assert np.array_equal(split.targets, targets[rows])
    every = np.concatenate([drawn[0][2], *(val for _, val, _ in drawn)])
    assert sorted(every.tolist()) == [*range(len(targets))]
    if task == "classification":
        ours = [np.bincount(targets[val]) for _, val, _ in drawn]
        rest = np.concatenate([drawn[0][0], drawn[0][1]])
        theirs = StratifiedKFold(FOLDS).split(inputs[rest], targets[rest])
        counts = [np.bincount(targets[rest][val]) for _, val in theirs]
        assert np.ptp(ours, axis=0).max() <= 1
        assert sorted(np.sort(ours, axis=0).tolist()) == sorted(np.sort(counts, axis=0).tolist())


@pytest.mark.proof
def test_least_squares_of_each_fold_is_linear_regression_of_its_rows(
    here: Path, call: Call
) -> None:
    inputs, targets = written("diabetes", here)
    folds = swept(call, *words("regression", "model=linear", "optimizer=least_squares"))
    for last, (train, val, _) in zip(folds, indices(targets, classes=False), strict=True):
        model = LinearRegression().fit(inputs[train], targets[train])
        predicted = model.predict(inputs[val])
        theirs = [
            root_mean_squared_error(targets[val], predicted),
            r2_score(targets[val], predicted),
        ]
        assert [last["val/rmse"], last["val/r2"]] == pytest.approx(theirs, rel=1e-9)


@pytest.mark.proof
@pytest.mark.parametrize("name", ["wine", "breast_cancer"])
def test_softmax_of_each_fold_is_logistic_regression_of_its_rows(
    here: Path, call: Call, name: str
) -> None:
    """Trained to convergence with a penalty, biases and all, to 1e-6."""
    inputs, targets = written(name, here)
    decay = 0.05
    told = ["model=softmax", "trainer.batch_size=null", "trainer.epochs=600", "optimizer.lr=0.3"]
    told += [
        "optimizer=sgd",
        "optimizer.momentum=0.9",
        f"optimizer.weight_decay={decay}",
        "device.dtype=float64",
    ]
    folds = swept(call, *words("classification", *told, "trainer.eval_interval=600"))
    for last, (train, val, _) in zip(folds, indices(targets, classes=True), strict=True):
        scale = StandardScaler().fit(inputs[train])
        first, second = (with_ones(scale.transform(inputs[rows])) for rows in (train, val))
        # Of two classes scikit-learn has one weight, the difference of our two.
        penalty = (2 if name == "breast_cancer" else 1) / (len(train) * decay)
        model = LogisticRegression(C=penalty, fit_intercept=False, tol=1e-10, max_iter=10_000)
        likely = model.fit(first, targets[train]).predict_proba(second)
        assert last["val/loss"] == pytest.approx(log_loss(targets[val], likely), rel=1e-6)
        accuracy = accuracy_score(targets[val], likely.argmax(axis=1))
        assert last["val/accuracy"] == pytest.approx(accuracy, rel=1e-12)


def with_ones(inputs: Floats) -> Floats:
    """Add the input of a bias that is penalised like any weight."""
    return np.column_stack([inputs, np.ones(len(inputs))])
