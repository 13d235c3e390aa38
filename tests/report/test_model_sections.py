"""What a page shows of a model: predictions, mistakes, weights."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from dltrain.inference.evaluation import evaluate
from dltrain.runs.compare.confusion import confusion
from dltrain.runs.find import find
from dltrain.text import figure
from tests.conftest import Call
from tests.report.conftest import written
from tests.report.subjects import (
    SAMPLE,
    TABLE,
    block,
    facts_of,
    section,
    trained,
    write_table,
)


def test_the_confusion_matrix_and_the_mistakes_are_the_models(call: Call, here: Path) -> None:
    trained(here, "model=softmax", *SAMPLE)
    facts = facts_of(written(call, "latest"))
    found = evaluate(find("latest", Path("outputs")))
    matrix = block(facts, "classes", "matrix")
    assert matrix["values"] == confusion(found.targets, found.predictions, num_classes=10).tolist()
    assert matrix["rows"] == list(found.data.class_names)
    pictures = block(facts, "mistakes", "pictures")["items"]
    assert len(pictures) == 24
    assert all(item["source"].startswith("data:image/png;base64,") for item in pictures)
    assert len(block(facts, "weights", "pictures")["items"]) == 10


def test_amounts_stand_beside_the_true_ones_and_rows_in_their_own_units(
    call: Call, here: Path
) -> None:
    write_table(here / "table.csv")
    trained(here, "model=linear", "data.path=table.csv", "data.standardise_target=true", *TABLE)
    facts = facts_of(written(call, "latest"))
    found = evaluate(find("latest", Path("outputs")))
    amounts = block(facts, "predictions", "amounts")
    assert amounts["predicted"] == found.predictions.tolist()
    assert sum(amounts["counts"]) == len(found.targets) == 50
    with open("table.csv") as file:
        originals = {round(float(row["y"]), 3): row for row in csv.DictReader(file)}
    for true, predicted, difference, x, colour in block(facts, "predictions", "table")["rows"]:
        row = originals[round(true, 3)]
        assert x == pytest.approx(float(row["x"]), abs=1e-4)
        assert colour == (row["colour"] or "-")
        assert difference == pytest.approx(predicted - true)
    with next(Path("outputs").glob("*/coefficients.csv")).open() as file:
        recorded = {r["feature"]: float(r["coefficient"]) for r in csv.DictReader(file)}
    assert dict(block(facts, "weights", "table")["rows"]) == pytest.approx(recorded, rel=1e-5)
    bars = block(facts, "weights", "bars")
    drawn = dict(zip(bars["names"], bars["values"], strict=True))
    assert drawn == pytest.approx({n: recorded[n] for n in drawn}, rel=1e-5)
    intro = block(facts, "weights", "paragraph")["text"]
    assert intro.startswith("Change of y per unit of a feature, as in coefficients.csv")
    deviation = figure(found.data.target_scale.deviation[0])
    assert "For training y was standardised: its mean is" in intro
    assert f"its deviation {deviation}; the figures and losses here are in its own units" in intro
    metrics = found.metrics
    assert metrics["test/loss"] == pytest.approx(metrics["test/rmse"] ** 2 / 2)


def test_where_the_data_are_gone_the_page_says_so(call: Call, here: Path) -> None:
    write_table(here / "table.csv")
    trained(here, "model=linear", "data.path=table.csv", *TABLE)
    (here / "table.csv").unlink()
    facts = facts_of(written(call, "latest"))
    [said] = section(facts, "model")
    assert said["text"].startswith("What the model predicts is not shown: ")
    assert "table.csv" in said["text"]
    assert block(facts, "curves", "curves")["metrics"] == ["loss", "rmse"]


def test_the_page_quotes_a_model_like_evaluate(call: Call, here: Path) -> None:
    write_table(here / "table.csv", names=("low", "high"))
    write_table(here / "amounts.csv")
    table = ("data.path=table.csv", "model=softmax", *TABLE)
    for words, part, names in (
        (("model=softmax", *SAMPLE), "classes", ["accuracy"]),
        (table, "classes", ["accuracy", "auc"]),
        (("data.path=amounts.csv", *TABLE), "predictions", ["rmse", "r2"]),
    ):
        trained(here, *words)
        _, leading, note, others, *_ = section(facts_of(written(call, "latest")), part)
        assert [name for name, _ in leading["rows"]] == names
        lines = call("evaluate", "latest").out.splitlines()
        assert f"{note['text']}" in [f"{line}." for line in lines]
        for name, value in leading["rows"] + others["rows"]:
            assert [name, *value.split()] in [line.split() for line in lines]
        assert all("[" not in value for _, value in others["rows"])
