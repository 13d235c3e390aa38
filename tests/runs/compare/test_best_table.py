"""The table of a sweep: its rows, its columns, and how many digits its figures have."""

from __future__ import annotations

import pytest

from dltrain.runs.compare.best_table import Column, best_table, chosen_by
from dltrain.runs.compare.comparison import Comparison
from dltrain.runs.compare.digits import decimals, sd_decimals, written
from dltrain.runs.compare.results import Result

METRIC = "val/accuracy"


def comparison(rows: list[tuple[dict[str, str], float, float]], metric: str = METRIC) -> Comparison:
    """Make a sweep of members: setting, accuracy on validation and on test rows."""
    results = []
    for index, (setting, val, test) in enumerate(rows):
        metrics = {"val/accuracy": val, "test/accuracy": test, "val/f1": val / 2}
        value = metrics[metric]
        results.append(Result(index, setting, (), "done", value=value, epoch=2, metrics=metrics))
    return Comparison(metric, list(rows[0][0]), results, planned=len(results))


REPEATED = [
    ({"optimizer.lr": "0.1", "seed": "0"}, 0.912, 0.70),
    ({"optimizer.lr": "0.1", "seed": "1"}, 0.934, 0.74),
    ({"optimizer.lr": "0.3", "seed": "0"}, 0.5, 0.95),
    ({"optimizer.lr": "0.3", "seed": "1"}, 0.75, 0.97),
]


def by_name(columns: list[Column]) -> dict[str, Column]:
    return {column.name: column for column in columns}


def test_a_setting_has_a_row_with_its_means_on_validation_and_test_rows() -> None:
    columns = by_name(best_table(comparison(REPEATED)))
    assert list(columns) == [
        *("optimizer.lr", "mean val/accuracy", "sd", "n", "verdict"),
        *("mean test/accuracy", "sd test/accuracy"),
    ]
    assert columns["optimizer.lr"].values == ["0.1", "0.3"]
    assert columns["mean val/accuracy"].values == pytest.approx([0.923, 0.625])
    assert columns["mean test/accuracy"].values == pytest.approx([0.72, 0.96])
    assert columns["n"].values == [2, 2]
    assert columns["verdict"].values[0] == "best mean"


def test_a_setting_alone_has_no_verdict() -> None:
    alone = [row for row in REPEATED if row[0]["optimizer.lr"] == "0.1"]
    assert "verdict" not in by_name(best_table(comparison(alone)))
    assert by_name(best_table(comparison(alone), asked="verdict"))["verdict"].values == [""]


def test_figures_of_a_column_have_two_digits_of_the_best_settings_deviation() -> None:
    columns = by_name(best_table(comparison(REPEATED)))
    assert columns["mean val/accuracy"].texts == ["0.923", "0.625"]
    assert columns["sd"].texts == ["0.016", "0.177"]
    assert columns["mean test/accuracy"].texts == ["0.720", "0.960"]
    equal = [({"lr": "1", "seed": str(seed)}, 0.5, 0.4) for seed in (0, 1)]
    columns = by_name(best_table(comparison(equal)))
    assert (columns["mean val/accuracy"].texts, columns["sd"].texts) == (["0.5000"], ["0.0000"])


def test_without_repeats_a_member_has_a_row_and_nothing_is_judged() -> None:
    rows = [({"lr": str(n)}, 0.5 + n / 7, 0.4 + n / 10) for n in range(3)]
    columns = by_name(best_table(comparison(rows)))
    assert list(columns) == ["member", "lr", "val/accuracy", "epoch", "test/accuracy"]
    assert columns["member"].values == [2, 1, 0]
    assert columns["val/accuracy"].texts == ["0.7857", "0.6429", "0.5000"]


def test_columns_are_asked_for_by_key_kind_or_metric() -> None:
    found = best_table(comparison(REPEATED), asked="lr, mean,sd,val/f1,sd val/f1,mean")
    assert [column.name for column in found] == [
        *("optimizer.lr", "mean val/accuracy", "sd", "mean val/f1", "sd val/f1")
    ]
    assert by_name(found)["mean val/f1"].values == pytest.approx([0.4615, 0.3125])
    with pytest.raises(ValueError, match=r"--columns=verdic: .*; did you mean verdict"):
        best_table(comparison(REPEATED), asked="verdic")


def test_a_metric_that_some_member_lacks_has_no_mean() -> None:
    shown = comparison(REPEATED)
    del shown.results[3].metrics["test/accuracy"]
    column = by_name(best_table(shown))["mean test/accuracy"]
    assert (column.values, column.texts) == ((pytest.approx(0.72), None), ["0.720", "-"])


def test_only_a_choice_by_test_rows_is_said_to_be_one() -> None:
    said = "chosen by test rows: these figures are no estimate for new rows"
    assert (chosen_by("test/accuracy"), chosen_by("val/accuracy")) == (said, "")
    names = [column.name for column in best_table(comparison(REPEATED, "test/accuracy"))]
    assert names == ["optimizer.lr", "mean test/accuracy", "sd", "n", "verdict"]


@pytest.mark.parametrize(
    ("deviations", "means", "places"),
    [
        ([0.0099, 9.0], [0.5], 4),
        ([0.0995], [0.5], 2),
        ([None, 0.0, 12.0], [0.5], 0),
        ([None, None], [0.5, 0.25], 4),
        ([1234.0], [30_000.0], 0),
        ([1e-30], [0.5], 8),
    ],
)
def test_decimals_follow_the_first_deviation(
    deviations: list[float | None], means: list[float], places: int
) -> None:
    assert sd_decimals(deviations, otherwise=means) == places


def test_figures_that_span_too_much_for_one_place_are_written_one_by_one() -> None:
    assert decimals([0.001, 5000.0]) is None
    assert written(0.0012346, None) == "0.001235"
    assert written(float("nan"), 3) == written(None, 3) == "-"
