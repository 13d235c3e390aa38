"""Growth over rows: generated data and CSV files; seconds to read, to train, peak memory.

python -m tests.benchmarks.rows WORD ...        reads and trains an epoch; prints JSON
python -m tests.benchmarks.rows pandas FILE     reads with pandas' pyarrow engine alone
"""

from __future__ import annotations

import dataclasses
import importlib.util
import itertools
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from dltrain.runs.layout import new_folder
from tests.benchmarks.case import GROWTH_ROUNDS, Case, Settings
from tests.benchmarks.process import PEAK_UNIT, measured
from tests.benchmarks.table import Row, at_most, times_floor
from tests.benchmarks.task import BATCH

SYNTHETIC = (10**3, 10**4, 10**5, 10**6, 10**7)
CSV = (10**3, 10**4, 10**5, 10**6)
CSV_FULL = (10**7,)
FEATURES, COLUMNS = 8, 30
ONCE = 10**7  # from so many rows on, once
TARGET_ROWS = 10**6  # of which speed.md speaks
BLOCK = 1000  # different rows of a CSV file
# A small file of the same columns, read first: importing what reads is start-up.
WARM, WARM_ROWS = Path("warm.csv"), 100

Figures = Mapping[str, float]


def synthetic(settings: Settings) -> Iterator[Row]:
    """Measure linear regression on generated rows of 8 features, a process per size and round."""
    weights = ",".join(str(i + 1) for i in range(FEATURES))
    for count in SYNTHETIC:
        words = [f"data.w=[{weights}]", f"data.num_train={count}", "data.num_val=1000"]
        line = _line([*words, *_training(settings)])
        found = [_figures(line) for _ in range(_rounds(settings, count))]
        yield from _rows(f"growth: synthetic rows {count:,}", found)


def csv(settings: Settings) -> Iterator[Row]:
    """Measure linear regression on CSV files of 30 columns, reading beside pandas' fastest."""
    sizes = CSV + (CSV_FULL if settings.full else ())
    for count in sizes:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "table.csv")
            write_csv(file, count)
            words = ["data=csv", f"data.path={file}", "data.target=x0", *_training(settings)]
            found, pandas = [], []
            for _ in range(_rounds(settings, count)):
                found.append(_figures(_line(words)))
                if importlib.util.find_spec("pyarrow"):
                    pandas.append(_figures(_line(["pandas", str(file)]))["read"])
        yield from _csv_rows(f"growth: CSV rows {count:,}", count, found, pandas)


def _csv_rows(
    case: str, count: int, found: Sequence[Figures], pandas: Sequence[float]
) -> Iterator[Row]:
    is_target = count == TARGET_ROWS
    read = [one["read"] for one in found]
    inside = f"read_csv alone, {COLUMNS} columns; ours: read and prepare"
    if pandas:
        target = times_floor(1.3) if is_target else None
        yield Row(case, "pandas, pyarrow engine", inside, "s to read", read, pandas, target)
    else:
        note = "not installed: pyarrow; ours alone is in the next row"
        yield Row(case, "pandas, pyarrow engine", inside, "s to read", note=note)
    # Without pandas' figure, ours to read is in no row yet.
    yield from itertools.islice(_rows(case, found), 1 if pandas else 0, None)
    matrix = 4 * COLUMNS * count
    times = [(one["read_peak"] - one["before"]) / matrix for one in found]
    target = at_most(3, "matrices") if is_target else None
    inside = "most memory while reading, less before it, over the float32 matrix"
    yield Row(case, "", inside, "x float32 matrix", times, target=target)


def _rows(case: str, found: Sequence[Figures]) -> Iterator[Row]:
    inside = "loading torch apart; batch 256"
    yield Row(case, "", "read and prepare", "s to read", [one["read"] for one in found])
    yield Row(case, "", inside, "s per epoch", [one["train"] for one in found])
    peak = [one["peak"] / 1e6 for one in found]
    yield Row(case, "", "the whole process, torch included", "MB at its peak", peak)


def _training(settings: Settings) -> list[str]:
    return ["model=linear", "trainer.epochs=1", f"trainer.batch_size={BATCH}", *settings.words]


def _rounds(settings: Settings, count: int) -> int:
    return 1 if count >= ONCE else min(settings.rounds, GROWTH_ROUNDS)


def _line(words: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "tests.benchmarks.rows", *words]


def _figures(line: Sequence[str]) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        found = measured(line, folder=folder)
    figures: dict[str, float] = json.loads(found.output.splitlines()[-1])
    return figures | {"peak": found.peak}


def write_csv(file: Path, count: int) -> None:
    """Write a table of numbers, x0 ... x29, [count, 30], with six digits each.

    A thousand different rows are repeated; a reader of numbers takes no notice.
    """
    block = np.random.default_rng(0).standard_normal((min(BLOCK, count), COLUMNS))
    lines = "".join(",".join(f"{value:.6g}" for value in row) + "\n" for row in block)
    with open(file, "w", encoding="utf-8") as out:
        out.write(",".join(f"x{i}" for i in range(COLUMNS)) + "\n")
        for _ in range(count // len(block)):
            out.write(lines)


def _peak() -> int:
    """Return the most memory this process has held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * PEAK_UNIT


def _timed(call: Callable[[], object]) -> tuple[float, object]:
    started = time.perf_counter()
    result = call()
    return time.perf_counter() - started, result


def _read_and_train(words: Sequence[str]) -> Figures:
    from dltrain.config.data_schema import CsvConfig
    from dltrain.config.load import load
    from dltrain.runs.command_line import CommandLine
    from dltrain.train import build
    from dltrain.train.job import Job

    config = load(words)
    if isinstance(config.data, CsvConfig):
        write_csv(WARM, WARM_ROWS)
        build.dataset(
            dataclasses.replace(config, data=dataclasses.replace(config.data, path=str(WARM)))
        )
    before = _peak()
    read, data = _timed(lambda: build.dataset(config))
    read_peak = _peak()
    from dltrain.data.dataset import Dataset
    from dltrain.train.session import Training
    from tests.benchmarks.rounds import Silent

    assert isinstance(data, Dataset)
    training = Training(
        [Job(CommandLine.parse(words), config, data, build.layer_plans(config, data))]
    )
    training.record([new_folder(Path.cwd(), "bench")])
    train, _ = _timed(lambda: training.run(Silent()))
    return {"before": before, "read": read, "read_peak": read_peak, "train": train}


def _read_with_pandas(file: str) -> Figures:
    import pandas as pd

    write_csv(WARM, WARM_ROWS)
    pd.read_csv(WARM, engine="pyarrow")
    return {"read": _timed(lambda: pd.read_csv(file, engine="pyarrow"))[0]}


def main() -> None:
    """Measure once in this process and print JSON."""
    if sys.argv[1] == "pandas":
        figures = _read_with_pandas(sys.argv[2])
    else:
        figures = _read_and_train(sys.argv[1:])
    print(json.dumps(figures))


CASES = [
    Case(
        "growth: rows, synthetic",
        f"10^3 to 10^7 rows x {FEATURES} features: read, train, peak memory",
        synthetic,
    ),
    Case(
        "growth: rows, CSV",
        f"10^3 to 10^6 rows x {COLUMNS} columns (10^7 with --full), reading against pandas",
        csv,
    ),
]

if __name__ == "__main__":
    main()
