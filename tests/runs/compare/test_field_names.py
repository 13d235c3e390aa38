"""One name for one number, wherever it stands: in lists, files, tables and on the page."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from dltrain.report.contents import report
from dltrain.runs.compare.field_names import Names, finite, is_metric
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
    {"epoch": 3, "val/loss": 2.0, "best/val/loss": 1.0, "best/epoch": 2},
    {"epoch": 2, "val/loss": 1.0, "last/val/loss": 2.0, "optimizer.lr": 1.0},
]


def test_a_metric_alone_is_of_the_kept_epoch_and_of_no_other() -> None:
    names = Names.of(RUNS)
    assert names.fits("val/loss") == ("val/loss",)
    assert names.fits("epoch") == ("epoch",)
    assert names.fits("best/val/loss") == ("best/val/loss",)
    assert names.fits("loss") == ()
    assert names.fits("lr") == ("optimizer.lr",)


def test_a_metric_of_no_run_is_refused_though_its_best_is_listed() -> None:
    with pytest.raises(ValueError, match="no listed run has such a field; did you mean best/val/r"):
        resolve("--sort", "val/r2", Names.of([{"best/val/r2": 1.0}]))


@pytest.mark.parametrize("value", [None, True, "x", float("nan"), 10**400, [1]])
def test_what_is_no_finite_number_has_no_name(value: object) -> None:
    assert as_number(value) is None
    assert finite({"val/loss": value, "last/val/loss": value, "step": 1.0, "lr": 0.1}) == {}


def numbers_in(pairs: Iterable[tuple[str, Any]]) -> dict[str, float]:
    return {name: float(x) for name, x in pairs if is_metric(name) and x not in ("", None)}


def page_numbers(run: Path) -> dict[str, float]:
    section = next(s for s in report([read(run)]).sections if s["name"] == "runs")
    table = next(block for block in section["blocks"] if block["kind"] == "table")
    names = [column["name"] for column in table["columns"]]
    return numbers_in(zip(names, table["rows"][0], strict=True))


@pytest.mark.parametrize(("keep", "other"), [("last", "best/"), ("best", "last/")])
def test_equal_names_have_equal_values_everywhere(
    here: Path, call: Call, keep: str, other: str
) -> None:
    assert call("-m", *WORDS, f"trainer.keep={keep}", "seed=0,1").code == 0
    [sweep] = (here / "outputs").iterdir()
    members = csv.DictReader(io.StringIO(call("runs", "ls", str(sweep), "--csv").out))
    listed = numbers_in(min(members, key=lambda row: float(row["val/loss"])).items())
    assert listed["epoch"] != listed[f"{other}epoch"]
    assert listed["val/loss"] != listed[f"{other}val/loss"]
    of_sweep = numbers_in(json.loads(call("runs", "--json").out)[0].items())
    everywhere = [of_sweep, page_numbers(sweep)]
    with open(sweep / "results.csv") as file:
        rows = list(csv.DictReader(file))
    rows += list(csv.DictReader(io.StringIO(call("runs", "export", "-").out)))
    everywhere += [
        numbers_in(row.items())
        for row in rows
        if float(row["val/loss"]) == pytest.approx(listed["val/loss"])
    ]
    assert len(everywhere) == 4
    for numbers in everywhere:
        assert {"epoch", "val/loss"} <= set(numbers)
        assert numbers == pytest.approx({name: listed[name] for name in numbers})
    for verb in (("best", str(sweep)), ("compare", str(sweep)), ("diff", "@1/0", "@1/1")):
        shown = call("runs", *verb).out
        assert "val/loss" in shown
        assert f"{listed['val/loss']:.4g}" in shown
