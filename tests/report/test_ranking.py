"""Tables of runs and of settings on a page."""

from __future__ import annotations

import csv
import statistics
from pathlib import Path

import pytest

from tests.conftest import Call
from tests.report.conftest import written
from tests.report.subjects import (
    block,
    facts_of,
)


def test_settings_have_their_mean_and_deviation_over_seeds(call: Call, sweep: str) -> None:
    facts = facts_of(written(call, sweep))
    table = block(facts, "settings", "table")
    assert [column["name"] for column in table["columns"]] == [
        *("optimizer.lr", "mean val/loss", "sd", "n", "verdict"),
    ]
    [results] = Path("outputs").glob("*_sweep_*/results.csv")
    with results.open() as file:
        rows = list(csv.DictReader(file))
    for lr, mean, deviation, count, _ in table["rows"]:
        values = [float(r["val/loss"]) for r in rows if float(r["optimizer.lr"]) == lr]
        assert mean == pytest.approx(statistics.fmean(values))
        assert deviation == pytest.approx(statistics.stdev(values))
        assert int(count) == len(values) == 3
    means = [row[1] for row in table["rows"]]
    assert means == sorted(means)
    assert table["rows"][0][-1] == "best mean"
    best = min(rows, key=lambda row: float(row["val/loss"]))
    title = "best member of the setting with the best mean"
    assert facts["figures"][1][2].startswith(f"member {best['member']}, {title}, ")
