"""One name for one number, wherever it stands: in lists, files, tables and on the page."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from dltrain.report.contents import report
from dltrain.runs.compare.field_names import Names, counted_name, finite
from dltrain.runs.compare.listing import resolve
from dltrain.runs.metrics_file import as_number
from dltrain.runs.run import read
from tests.conftest import Call

# Steps so large, of so few rows, that the last epoch is not the best.
WORDS = (
    "optimizer.lr=0.3",
    "trainer.epochs=5",
    "trainer.batch_size=2",
    "data.noise=10",
    "data.num_train=40",
)
RUNS: list[dict[str, Any]] = [
    {"best/val/loss": 1.0, "last/val/loss": 2.0, "last/epoch": 3, "best/epoch": 2},
    {"best/val/accuracy": 0.5, "last/val/loss": 2.0, "optimizer.lr": 1.0},
]


def test_a_metric_alone_is_the_number_that_counts() -> None:
    assert Names.of(RUNS[:1]).fits("val/loss") == ("best/val/loss",)
    assert Names.of(RUNS[1:]).fits("val/loss") == ("last/val/loss",)
    assert Names.of(RUNS).fits("epoch") == ("last/epoch",)
    assert Names.of(RUNS).fits("lr") == ("optimizer.lr",)


def test_a_metric_that_chose_in_some_runs_only_is_refused_with_both_names() -> None:
    with pytest.raises(ValueError, match="is one of best/val/loss, last/val/loss"):
        resolve("--sort", "val/loss", Names.of(RUNS))


def test_a_name_with_its_epoch_stands_for_itself() -> None:
    assert Names.of(RUNS).fits("last/val/loss") == ("last/val/loss",)
    assert counted_name("last/val/loss", ["best/val/loss"]) == "last/val/loss"


@pytest.mark.parametrize("value", [None, True, "x", float("nan"), 10**400, [1]])
def test_what_is_no_finite_number_has_no_name(value: object) -> None:
    assert as_number(value) is None
    assert finite({"last/val/loss": value, "val/loss": 1.0}) == {}


def csv_numbers(text: str) -> dict[str, float]:
    [row, *_] = csv.DictReader(io.StringIO(text))
    return {n: float(x) for n, x in row.items() if n.startswith(("best/", "last/")) and x}


def page_numbers(run: Path) -> dict[str, float]:
    section = next(s for s in report([read(run)]).sections if s["name"] == "runs")
    table = next(block for block in section["blocks"] if block["kind"] == "table")
    names = [own["name"] for own in table["columns"]]
    pairs = zip(names, table["rows"][0], strict=True)
    return {n: x for n, x in pairs if n.startswith(("best/", "last/")) and x is not None}


def test_equal_names_have_equal_values_everywhere(here: Path, call: Call) -> None:
    assert call("-m", *WORDS, "seed=0,1").code == 0
    [sweep] = (here / "outputs").iterdir()
    listed = csv_numbers(call("runs", "ls", str(sweep), "--csv").out)
    best = listed["best/val/loss"]
    assert listed["best/epoch"] < listed["last/epoch"]
    assert best < listed["last/val/loss"]
    of_sweep = json.loads(call("runs", "--json").out)[0]
    everywhere = [
        {n: x for n, x in of_sweep.items() if n.startswith(("best/", "last/"))},
        page_numbers(sweep),
    ]
    with open(sweep / "results.csv") as file:
        rows = list(csv.DictReader(file))
    rows += list(csv.DictReader(io.StringIO(call("runs", "export", "-").out)))
    everywhere += [
        {n: float(x) for n, x in row.items() if n.startswith(("best/", "last/")) and x}
        for row in rows
        if float(row["best/val/loss"]) == pytest.approx(best)
    ]
    assert len(everywhere) == 4
    for numbers in everywhere:
        assert {"best/val/loss", "last/val/loss", "best/epoch", "last/epoch"} <= set(numbers)
        assert numbers == pytest.approx({name: listed[name] for name in numbers})
    for verb in (("best", str(sweep)), ("compare", str(sweep)), ("diff", "@1/0", "@1/1")):
        shown = call("runs", *verb).out
        assert "best/val/loss" in shown
        assert f"{best:.4g}" in shown
