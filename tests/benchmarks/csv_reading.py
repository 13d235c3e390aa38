"""Tables: dltrain reads and prepares CSV, and Parquet; pandas' pyarrow engine only reads the CSV.

    python -m tests.benchmarks.csv_reading [ROUNDS]

Every time is of a fresh process that has imported what it needs; the file lies in the page cache.
Peaks of memory are over what the imports took, and in multiples of the float32 inputs.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import NamedTuple

ROWS, COLUMNS = 1_000_000, 30  # the last column is the target

OURS = """
import pyarrow.compute, pyarrow.csv  # what dltrain.data.table.dataset imports when it is called
import dltrain.data.table.dataset
from dltrain.train import build
from dltrain.config.load import load
config = load(["data=csv", f"data.path={path}", "data.target=y"], fitting=False)
def call():
    return build.dataset(config)
"""
DRAWN = """
import dltrain.data.synthetic
from dltrain.train import build
from dltrain.config.load import load
words = ["data=synthetic", "data.w=[1,2,3,4,5,6,7,8]", "data.num_train=2000000"]
config = load(words, fitting=False)
def call():
    return build.dataset(config)
"""
THEIRS = """
import pandas, pyarrow.csv, pyarrow.compute, pyarrow.dataset
def call():
    return pandas.read_csv(path, engine="pyarrow")
"""
MEASURED = """
import json, re, sys, time
path = sys.argv[1]
{setup}
def memory(kind):
    # Not getrusage's peak, which begins with that of the parent process.
    return int(re.search(kind + r":\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024
before, started = memory("VmRSS"), time.perf_counter()
result = call()
seconds = time.perf_counter() - started
print(json.dumps([seconds, memory("VmHWM") - before, memory("VmRSS") - before]))
"""


class Cost(NamedTuple):
    """What a call took, and the memory it still holds."""

    seconds: float
    peak_bytes: int
    held_bytes: int


def write_table(path: Path, *, rows: int = ROWS, columns: int = COLUMNS) -> None:
    """Write a CSV file of normal numbers at full precision; the last column is called y."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.csv

    draw = np.random.default_rng(0)
    names = [*(f"x{index}" for index in range(columns - 1)), "y"]
    schema = pa.schema([(name, pa.float64()) for name in names])
    with pyarrow.csv.CSVWriter(path, schema) as writer:
        for start in range(0, rows, 100_000):
            numbers = draw.standard_normal((columns, min(100_000, rows - start)))
            writer.write_table(pa.table(dict(zip(names, numbers, strict=True)), schema=schema))


def measured(path: Path, setup: str) -> Cost:
    """Run a call in a process of its own."""
    line = [sys.executable, "-c", MEASURED.format(setup=setup), str(path)]
    result = subprocess.run(line, capture_output=True, text=True, check=True)
    return Cost(*json.loads(result.stdout))


def as_parquet(path: Path) -> Path:
    """Write a CSV file's table as Parquet beside it, as pyarrow does unless told otherwise."""
    import pyarrow.csv
    import pyarrow.parquet

    target = path.with_suffix(".parquet")
    pyarrow.parquet.write_table(pyarrow.csv.read_csv(path), target)
    return target


def rounds(path: Path, count: int) -> list[tuple[Cost, Cost, Cost]]:
    """Measure CSV, pandas and Parquet in turn, after a round that is not counted."""
    typed = as_parquet(path)
    calls = ((path, OURS), (path, THEIRS), (typed, OURS))
    found = [[measured(*call) for call in calls] for _ in range(count + 1)]
    return [(ours, theirs, parquet) for ours, theirs, parquet in found[1:]]


def main(count: int = 5) -> None:
    """Print the ratios."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "numbers.csv"
        write_table(path)
        megabytes = path.stat().st_size / 1e6
        found = rounds(path, count)
    matrix = ROWS * (COLUMNS - 1) * 4
    ratios = sorted(ours.seconds / theirs.seconds for ours, theirs, _ in found)
    faster = sorted(ours.seconds / parquet.seconds for ours, _, parquet in found)
    print(f"{ROWS:,} rows x {COLUMNS} columns of numbers, {megabytes:.0f} MB; {count} rounds")
    for name, costs in zip(("dltrain", "pandas", "Parquet"), zip(*found, strict=True), strict=True):
        seconds = median(cost.seconds for cost in costs)
        peaks = sorted(cost.peak_bytes / matrix for cost in costs)
        held = median(cost.held_bytes / matrix for cost in costs)
        memory = f"peak {median(peaks):.2f}x (to {peaks[-1]:.2f}x), then {held:.2f}x of the inputs"
        print(f"{name:8} {seconds:.2f} s  {memory}")
    print(f"ratio    {median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")
    print(f"Parquet  {median(faster):.2f}x as fast ({faster[0]:.2f} to {faster[-1]:.2f})")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
