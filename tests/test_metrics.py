"""A metric is a line of a table: one that is added from outside shows up in all that is said."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dltrain import metrics
from dltrain.metrics import CLASSIFICATION, METRICS, REGRESSION, Metric
from tests.conftest import Call
from tests.torture.forks import forked

WORDS = ("data=csv", "data.path=table.csv", "data.target=y", "trainer.epochs=3")

# Higher is better, so a place that takes a metric it does not know for a loss gives itself away.
LINE = """Metric(
    "fit",
    lambda statistics: 1 / (1 + statistics["mean_square"]),
    task=REGRESSION,
    higher_is_better=True,
    headline=True,
)"""
SCRIPT = f"""
from dltrain.metrics import METRICS, REGRESSION, Metric
METRICS.append({LINE})
from dltrain.cli.entry import main
if __name__ == "__main__":
    main()
"""


@pytest.fixture
def fit() -> Iterator[Metric]:
    """Add a metric, as the script does that trains with it."""
    metric: Metric = eval(LINE)
    METRICS.append(metric)
    yield metric
    METRICS.remove(metric)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train a run and a sweep with a metric that the package does not know; return where."""
    folder = tmp_path_factory.mktemp("fit")
    (folder / "script.py").write_text(SCRIPT)
    table = [f"{number % 7},{3 * (number % 7) + number % 3}" for number in range(80)]
    (folder / "table.csv").write_text("\n".join(["x,y", *table]))
    sweep = ("-m", *WORDS, "optimizer.lr=0.3,0.001,0.1", "sweep.metric=val/fit")
    line = [sys.executable, "script.py", *sweep]
    subprocess.run(line, cwd=folder, check=True, capture_output=True)
    assert forked(folder, [*WORDS, "tracking.tensorboard=true"], add).code == 0
    return folder


def add() -> None:
    """Add the metric, in a process that is to train with it."""
    METRICS.append(eval(LINE))


def run_of(folder: Path) -> Path:
    return next(path for path in (folder / "outputs").iterdir() if "_sweep_" not in path.name)


def sweep_of(folder: Path) -> Path:
    return next((folder / "outputs").glob("*_sweep_*"))


def read(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def test_a_run_records_a_metric_that_was_added_after_each_epoch_and_test(trained: Path) -> None:
    rows = read(run_of(trained) / "metrics.csv")
    names = ["loss", "rmse", "r2", "fit"]
    columns = [f"{split}/{name}" for split in ("train", "val") for name in names]
    assert list(rows[0]) == ["epoch", "step", "lr", *columns]
    assert len({row["val/fit"] for row in rows}) == 3
    record = json.loads((run_of(trained) / "run.json").read_text())
    assert "test/fit" in record["result"]["kept"]


def test_tensorboard_shows_a_metric_that_was_added(trained: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(run_of(trained) / "tensorboard")).Reload()
    shown = [event.value for event in events.Scalars("val/fit")]
    assert shown == pytest.approx(
        [float(r["val/fit"]) for r in read(run_of(trained) / "metrics.csv")]
    )


def test_a_sweep_is_sorted_by_a_metric_that_was_added_the_right_way_round(trained: Path) -> None:
    rows = read(sweep_of(trained) / "results.csv")
    values = {row["member"]: float(row["val/fit"]) for row in rows if row["val/fit"]}
    assert len(values) == 3
    record = json.loads((sweep_of(trained) / "sweep.json").read_text())
    best = max(values, key=lambda member: values[member])
    assert min(values.values()) < max(values.values())
    assert record["result"]["best"]["member"] == int(best)


def test_lists_show_and_sort_by_a_metric_that_was_added(
    trained: Path, fit: Metric, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(trained)
    sweep = sweep_of(trained).name
    listed = call("runs", "ls", sweep, "--columns", "val/fit", "--sort", "val/fit", "--csv")
    values = [float(line) for line in listed.out.splitlines()[1:]]
    assert (listed.code, len(values)) == (0, 3)
    assert values == sorted(values, reverse=True)
    shown = call("runs", "show", run_of(trained).name).out
    assert "test/fit" in shown
    assert re.search(r"^ *fit\b", shown, re.MULTILINE)  # the title of its curve
    assert "val/fit" in call("runs", "compare", sweep).out


def test_a_metric_without_a_headline_gets_no_curve(
    trained: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(trained)
    shown = call("runs", "show", run_of(trained).name).out
    assert "test/fit" in shown
    assert not re.search(r"^ *fit\b", shown, re.MULTILINE)


def test_pictures_have_axes_for_a_metric_that_was_added(
    trained: Path, fit: Metric, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(trained)
    for name, kind, label in [
        (run_of(trained).name, "curves", "val/fit"),
        (sweep_of(trained).name, "keys", "val/fit"),
    ]:
        drawn = call("runs", "plot", name, "--kind", kind, "--output", f"{kind}.svg")
        assert drawn.code == 0, drawn.err
        assert label in Path(f"{kind}.svg").read_text()


def test_a_report_draws_a_metric_that_was_added_and_offers_factors_only_downwards(
    trained: Path, fit: Metric, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(trained)
    made = call("report", run_of(trained).name, "--output", "page.html")
    assert made.code == 0, made.err
    page = Path("page.html").read_text()
    assert '"metrics":["loss","rmse","fit"]' in page
    assert '"can_be_log":["loss","rmse"]' in page
    assert '"test/rmse"' in page


def test_a_metric_belongs_to_its_task(fit: Metric) -> None:
    rows = {"train": 8, "val": 0, "test": 2}
    assert metrics.names_of(REGRESSION, rows=rows)[-1] == "test/fit"
    assert metrics.names_of(CLASSIFICATION, rows=rows) == [
        *("train/loss", "train/accuracy", "test/loss", "test/accuracy")
    ]


def test_what_is_known_every_epoch_is_computed_apart_from_what_is_not() -> None:
    sums = {"loss": 0.5, "mean_square": 4.0, "variance": 8.0, "unit": 3.0}
    assert metrics.computed(REGRESSION, sums) == {"loss": 0.5, "rmse": 6.0, "r2": 0.5}
    scores = {"mae": 1.0, "median_absolute_error": 0.5, "mape": 0.25, "unit": 3.0}
    expected = {"mae": 3.0, "median_absolute_error": 1.5, "mape": 0.25}
    assert metrics.computed(REGRESSION, scores, every_epoch=False) == expected


def test_a_result_is_quoted_by_what_is_known_of_it_in_a_word(fit: Metric) -> None:
    assert metrics.leading(CLASSIFICATION, num_classes=10) == ["accuracy"]
    assert metrics.leading(CLASSIFICATION, num_classes=2) == ["accuracy", "auc"]
    assert metrics.leading(REGRESSION, num_classes=0) == ["rmse", "r2", "fit"]


def test_what_chooses_is_the_tasks_metric_or_else_the_loss() -> None:
    rows = {"train": 8, "val": 2, "test": 0}
    for task, metric in ((CLASSIFICATION, "val/accuracy"), (REGRESSION, "val/loss")):
        assert metrics.choosing(task, rows=rows, balanced=True) == metric
        assert metrics.choosing(task, rows=rows, balanced=False) == "val/loss"
    assert metrics.choosing(REGRESSION, rows={"train": 8}, balanced=True) == "train/loss"
    assert metrics.choosing(REGRESSION, rows=rows, balanced=True, wanted="r2") == "val/r2"


def test_of_epochs_with_equal_metrics_that_of_lower_loss_is_the_better() -> None:
    first, later = {"val/accuracy": 0.9, "val/loss": 0.47}, {"val/accuracy": 0.9, "val/loss": 0.12}
    assert metrics.better(later, first, metric="val/accuracy")
    assert not metrics.better(first, later, metric="val/accuracy")
    assert not metrics.better(first, first, metric="val/accuracy")
    assert metrics.better({"val/accuracy": 0.91, "val/loss": 9.0}, first, metric="val/accuracy")


def test_people_speak_of_the_headlines_first_and_of_the_loss_last() -> None:
    telling = metrics.most_telling()
    assert (telling[:3], telling[-1]) == (["accuracy", "rmse", "r2"], "loss")
    assert metrics.with_curves(["train/r2", "train/rmse", "train/loss"]) == ["loss", "rmse"]


def test_of_a_metric_that_is_not_in_the_table_nothing_is_known() -> None:
    stranger = metrics.metric_of("best/val/bleu")
    assert (stranger.name, stranger.higher_is_better, stranger.headline) == ("bleu", False, False)
    assert metrics.higher_is_better("best/val/accuracy")
