"""Columns that tell the target alone are named, and good features are not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn.datasets
import statsmodels.api

from dltrain.data.dataset import Dataset
from tests.data.table.conftest import Prepare

ROWS = 200
DRAW = np.random.default_rng(0)
NOISE = DRAW.normal(size=ROWS)


def table(rows: Sequence[tuple[object, object]]) -> str:
    """Write a column to judge, one of noise, and the target."""
    noise = NOISE if len(rows) <= ROWS else DRAW.normal(size=len(rows))
    lines = [f"{c},{x:.6f},{y}" for (c, y), x in zip(rows, noise, strict=False)]
    return "\n".join(["c,x,y", *lines, ""])


def telling(data: Dataset) -> list[str]:
    return [*data.facts["telling"]]


@pytest.mark.parametrize(
    ("pair", "tells"),
    [
        (lambda i: (i, "pq"[i >= 100]), True),  # the number of a row, and rows sorted by class
        (lambda i: (i, "pqrs"[i // 50]), True),
        (lambda i: (["no", "yes"][i % 2], "pq"[i % 2]), True),  # the target in other words
        (lambda i: ("" if i % 2 else i, "pq"[i % 2]), True),  # known of one class only
        (lambda i: (i, "pq"[i % 2]), False),
        (lambda i: (["no", "yes"][i % 2], "pq"[i % 2 ^ (i % 20 == 0)]), False),  # 95 %
        (lambda i: (f"id{i}", "pq"[i >= 100]), False),  # a name tells nothing of another
        (lambda i: (i % 2, "p" if i > 8 else "q"), False),  # a class of too few rows
        (lambda i: (i, f"{3 * i}.5"), True),
        (lambda i: (i, repr(float(np.exp(i / 20)))), True),
        (lambda i: ("uvw"[i % 3], f"{i % 3}.5"), True),
        (lambda i: (i, f"{3 * i + 60 * NOISE[i]}"), False),  # r2 0.89
        (lambda i: (i, "1.5"), False),  # nothing to tell
    ],
)
def test_a_column_that_tells_the_target_alone_is_named(
    prepare: Prepare, pair: Callable[[int], tuple[object, object]], tells: bool
) -> None:
    data = prepare(table([pair(i) for i in range(ROWS)]), max_categories=ROWS)
    assert telling(data) == (["c"] if tells else [])


def test_a_rare_class_must_be_told_too(prepare: Prepare) -> None:
    """97 % are right of a column that says the same of all rows."""
    rows = [(0, "q" if i % 33 == 0 else "p") for i in range(1000)]
    assert telling(prepare(table(rows))) == []
    assert telling(prepare(table([(y == "q", y) for _, y in rows]))) == ["c"]


def test_of_a_large_table_a_sample_is_asked(prepare: Prepare) -> None:
    rows = [(i, "pq"[i >= 5000]) for i in range(10_000)]
    assert telling(prepare(table(rows), val_fraction=0.2)) == ["c"]


def test_a_few_rows_are_told_by_chance(prepare: Prepare) -> None:
    rows = [(i, f"{3 * i}.5") for i in range(30)]
    assert telling(prepare(table(rows[:29]))) == []
    assert telling(prepare(table(rows))) == ["c"]


def test_the_only_column_may_tell_all(prepare: Prepare) -> None:
    assert telling(prepare(table([(i, f"{3 * i}.5") for i in range(ROWS)]), drop=["x"])) == []


def frames() -> dict[str, tuple[pd.DataFrame, str]]:
    """Return real tables, with the column to predict."""
    names = ("breast_cancer", "wine", "diabetes", "iris")
    sklearns = {n: getattr(sklearn.datasets, f"load_{n}")(as_frame=True).frame for n in names}
    others = {
        name: (getattr(statsmodels.api.datasets, name).load_pandas().data, target)
        for name, target in [("fair", "affairs"), ("star98", "NABOVE"), ("randhie", "mdvis")]
    }
    return {name: (frame, "target") for name, frame in sklearns.items()} | others


def real(prepare: Prepare, frame: pd.DataFrame, target: str) -> Dataset:
    options: dict[str, Any] = {"val_fraction": 0.15, "test_fraction": 0.15, "stratify": True}
    return prepare(frame.to_csv(index=False), target=target, **options)


def test_good_features_of_real_tables_are_no_cause_for_alarm(prepare: Prepare) -> None:
    for name, (frame, target) in frames().items():
        data = real(prepare, frame, target)
        assert (name, data.warnings, data.facts["twins"]) == (name, (), [])
        assert len(data.lines) <= 3


def test_what_restates_a_target_in_real_tables_is_named(prepare: Prepare) -> None:
    """A population and its logarithm; the radius of a cell and its area."""
    anes = statsmodels.api.datasets.anes96.load_pandas().data
    assert telling(real(prepare, anes, "logpopul")) == ["popul"]
    cells = frames()["breast_cancer"][0]
    assert "mean area" in telling(real(prepare, cells, "mean radius"))
