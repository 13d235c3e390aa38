"""Measure what dltrain makes of real tables when it is told nothing but file and target.

    python -m tests.benchmarks.untold [--only TEXT] [--splits N] [--output FOLDER]

``dltrain -m data=csv data.path=FILE data.target=COLUMN data.seed=range(N)`` is compared with
scikit-learn's default linear model (``LinearRegression`` or ``LogisticRegression``) and default
``MLPRegressor`` or ``MLPClassifier``, whose data are prepared alike: standardised, imputed and
one-hot encoded by the training rows, a regression's target standardised. All three have the same
training rows and are judged on the same test rows; the validation rows choose an epoch here, and
scikit-learn takes no notice of them. Accuracies are compared in points, rmse in per cent.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.real_tables import REAL_TABLES, RealTable

COLUMNS = ("table", "rows", "metric", "dltrain", "linear", "mlp", "worse %", "se %", "diverged")


@dataclass(frozen=True)
class Scores:
    """Test scores of one table, a number per split."""

    table: RealTable
    rows: int  # of the whole table
    metric: str  # accuracy or rmse
    ours: Sequence[float]
    linear: Sequence[float]
    mlp: Sequence[float]
    diverged: int  # of our runs

    @property
    def shortfalls(self) -> list[float]:
        """How much worse than the better of the two, of each split: points, or per cent of rmse.

        Which one is the better is decided by the means.
        """
        sign = 1 if self.metric == "rmse" else -1
        best = min(self.linear, self.mlp, key=lambda scores: sign * statistics.mean(scores))
        unit = statistics.mean(best) if self.metric == "rmse" else 1
        pairs = zip(self.ours, best, strict=True)
        return [100 * sign * (ours - theirs) / unit for ours, theirs in pairs]

    @property
    def shortfall(self) -> float:
        """The mean of ``shortfalls``; less than 0 if ours is better."""
        return statistics.mean(self.shortfalls)

    def cells(self) -> list[str]:
        """Return a text per column."""
        error = statistics.stdev(self.shortfalls) / len(self.ours) ** 0.5
        means = [statistics.mean(scores) for scores in (self.ours, self.linear, self.mlp)]
        return [
            self.table.name,
            f"{self.rows:,}",
            self.metric,
            *(f"{mean:.4g}" for mean in means),
            f"{self.shortfall:.1f}",
            f"{error:.1f}",
            str(self.diverged),
        ]


def measured(table: RealTable, *, splits: int, words: Sequence[str] = ()) -> Scores:
    """Train on so many splits of a table, and let scikit-learn do the same.

    Args:
        table: What to learn.
        splits: How many; ``data.seed`` is 0, 1, ...
        words: More to tell dltrain; none is the point of it.

    Raises:
        ImportError: If its package is not installed.
    """
    with tempfile.TemporaryDirectory() as folder:
        frame = table.frame()
        frame.to_csv(Path(folder, "table.csv"), index=False)
        line = ["data=csv", "data.path=table.csv", f'data.target="{table.target}"', *words]
        seeds = f"data.seed=range({splits})" if splits > 1 else "data.seed=0,"
        command = [sys.executable, "-m", "dltrain", "-m", *line, seeds]
        subprocess.run(command, cwd=folder, capture_output=True, check=False)
        records = [
            json.loads(file.read_text(encoding="utf-8"))
            for file in sorted(Path(folder).glob("outputs/*/members/*/run.json"))
        ]
        assert len(records) == splits, f"{table.name}: {len(records)} of {splits} runs"
        theirs = [_theirs(record["config"], folder) for record in records]
    metric = "rmse" if "test/rmse" in records[0]["result"]["kept"] else "accuracy"
    return Scores(
        table,
        rows=len(frame),
        metric=metric,
        ours=[_score(record, metric) for record in records],
        linear=[linear for linear, _ in theirs],
        mlp=[mlp for _, mlp in theirs],
        diverged=sum(record["status"] != "done" for record in records),
    )


def _score(record: Mapping[str, Any], metric: str) -> float:
    score: float = record["result"]["kept"].get(f"test/{metric}", float("nan"))
    return score


def _theirs(config: Mapping[str, Any], folder: str) -> tuple[float, float]:
    """Return the scores of scikit-learn's linear model and of its MLP on a run's rows."""
    import numpy as np
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    from dltrain.config.load import load
    from dltrain.train import build

    words = ["data=csv", f"data.path={folder}/table.csv", f"data.seed={config['data']['seed']}"]
    data = build.dataset(load([*words, f'data.target="{config["data"]["target"]}"']))
    train, test = data.splits["train"], data.splits["test"]
    targets = train.targets.ravel()
    regression = not data.class_names
    models = (LinearRegression, MLPRegressor) if regression else (LogisticRegression, MLPClassifier)
    scores = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not converged, which is its default
        for model in (models[0](), models[1](random_state=config["data"]["seed"])):
            predicted = model.fit(train.inputs.astype("float64"), targets).predict(test.inputs)
            wrong = predicted - test.targets.ravel()
            unit = float(data.target_scale.deviation[0])
            score = unit * np.sqrt(np.mean(wrong**2)) if regression else np.mean(wrong == 0)
            scores.append(float(score))
    return scores[0], scores[1]


def _all(only: str, splits: int) -> Iterator[list[str]]:
    for table in (table for table in REAL_TABLES if only in table.name):
        try:
            yield measured(table, splits=splits).cells()
        except ImportError as error:
            yield [table.name, f"not installed: {error.name}", *[""] * (len(COLUMNS) - 2)]


def main() -> int:
    """Print a row per table, and keep them as CSV."""
    parser = argparse.ArgumentParser("python -m tests.benchmarks.untold", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--only", default="", metavar="TEXT", help="a part of a table's name")
    parser.add_argument("--splits", type=int, default=5, help="of each table (%(default)s)")
    parser.add_argument("--output", type=Path, default=Path("outputs/benchmarks"), metavar="FOLDER")
    arguments = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    arguments.output.mkdir(parents=True, exist_ok=True)
    with open(arguments.output / "untold.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for cells in _all(arguments.only, arguments.splits):
            print(f"{cells[0]:<28}" + "".join(f"{cell:>10}" for cell in cells[1:]), flush=True)
            writer.writerow(cells)
            file.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
