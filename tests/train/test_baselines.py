"""Baselines: what knowing nothing and least squares reach, beside scikit-learn's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LinearRegression
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    log_loss,
    r2_score,
    roc_auc_score,
    root_mean_squared_error,
)

from dltrain.config.load import load
from dltrain.data.dataset import Dataset
from dltrain.train import build
from dltrain.train.baselines import LEAST_SQUARES, Baselines, baselines
from tests.stacked import CPU

TABLE = ("data=csv", "data.path=t.csv", "data.target=target", "device=cpu")


def judged(*words: str) -> tuple[Dataset, Baselines]:
    config = load([*words])
    data = build.dataset(config)
    return data, baselines(build.stack([config], data, CPU), data)


def test_of_classes_they_are_the_shares_and_least_squares(here: Path) -> None:
    load_breast_cancer(as_frame=True).frame.to_csv("t.csv", index=False)
    data, found = judged(*TABLE, "data.task=classification", "model=softmax")
    assert [*found] == ["majority class", "class shares", LEAST_SQUARES]
    dummy = DummyClassifier(strategy="prior").fit(data.train.inputs, data.train.targets)
    linear = LinearRegression().fit(
        data.train.inputs.astype(np.float64), np.eye(2)[data.train.targets]
    )
    for split in ("val", "test"):
        rows = data.splits[split]
        majority, shares, solved = found.values()
        predicted = dummy.predict(rows.inputs)
        assert majority[f"{split}/accuracy"] == accuracy_score(rows.targets, predicted)
        assert majority[f"{split}/balanced_accuracy"] == 0.5
        assert majority[f"{split}/auc"] == 0.5
        expected = log_loss(rows.targets, dummy.predict_proba(rows.inputs))
        # What the majority class is certain of would have no finite loss; it is that of the shares.
        assert shares[f"{split}/loss"] == pytest.approx(expected, rel=1e-9)
        assert not majority.keys() & shares.keys()
        classes = linear.predict(rows.inputs).argmax(axis=1)
        assert solved[f"{split}/accuracy"] == accuracy_score(rows.targets, classes)
        assert solved[f"{split}/balanced_accuracy"] == pytest.approx(
            balanced_accuracy_score(rows.targets, classes)
        )
        # Least squares says which class, not how likely.
        assert not {f"{split}/loss", f"{split}/log_loss"} & solved.keys()
        ranked = linear.predict(rows.inputs)[:, 1]
        assert solved[f"{split}/auc"] == pytest.approx(roc_auc_score(rows.targets, ranked))


def test_of_amounts_they_are_the_mean_and_least_squares(here: Path) -> None:
    load_diabetes(as_frame=True).frame.to_csv("t.csv", index=False)
    data, found = judged(*TABLE)
    assert [*found] == ["mean", LEAST_SQUARES]
    inputs, targets = data.train.inputs, data.train.targets
    unit = float(data.target_scale.deviation[0])
    for name, model in (("mean", DummyRegressor()), (LEAST_SQUARES, LinearRegression())):
        model.fit(inputs.astype(np.float64), targets)
        predicted, rows = model.predict(data.test.inputs), data.test.targets
        rmse = root_mean_squared_error(rows, predicted) * unit
        assert found[name]["test/rmse"] == pytest.approx(rmse, rel=1e-6)
        assert found[name]["test/r2"] == pytest.approx(r2_score(rows, predicted), abs=1e-6)


def test_of_images_and_generated_rows_there_is_no_linear_one() -> None:
    _, found = judged("data=fashion_mnist", "data.source=sample", "model=softmax", "device=cpu")
    assert [*found] == ["majority class", "class shares"]
    assert found["majority class"]["test/accuracy"] == pytest.approx(0.1, abs=0.02)
    full = judged("experiment=book/softmax", "data.source=sample", "device=cpu")[1]
    assert full["majority class"]["val/accuracy"] == full["majority class"]["test/accuracy"]
    _, found = judged("device=cpu")
    assert [*found] == ["mean"]
    assert found["mean"]["val/r2"] == pytest.approx(0, abs=0.01)
    assert not [name for name in found["mean"] if name.startswith("test/")]  # it has no such rows


def test_of_classes_that_are_equally_frequent_the_first_is_always_said(here: Path) -> None:
    """No class scores higher than every other: a tie is no accuracy of 0."""
    rows = [f"{i},{'abcd'[i % 4]},{'train' if i < 40 else 'val'}" for i in range(60)]
    (here / "t.csv").write_text("\n".join(["x,target,s", *rows]))
    _, found = judged(*TABLE, "data.split=s", "model=softmax")
    assert found["majority class"]["val/accuracy"] == 0.25


def test_a_class_that_only_judges_makes_the_shares_loss_infinite_and_nothing_fails(
    here: Path,
) -> None:
    rows = [f"{i},{'ab'[i % 2]},train" for i in range(40)] + ["7,c,val", "8,a,val"]
    (here / "t.csv").write_text("\n".join(["x,target,s", *rows]))
    _, found = judged(*TABLE, "data.split=s", "model=softmax")
    assert found["majority class"]["val/accuracy"] in (0.0, 0.5)
    assert found["class shares"]["val/loss"] == float("inf")
