"""``metrics.csv`` read back, of any length and of anybody's."""

from __future__ import annotations

import itertools
import math
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dltrain.runs import metrics_file
from dltrain.runs.metrics_file import as_number, num_rows, rows, sample, table

HEADER = "epoch,val/loss"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metrics.csv"


def written(path: Path, count: int) -> None:
    lines = "".join(f"{epoch},{1 / epoch:.9g}\n" for epoch in range(1, count + 1))
    path.write_text(f"{HEADER}\n{lines}")


def epochs(found: list[dict[str, str]]) -> list[int]:
    return [int(row["epoch"]) for row in found]


def test_without_a_file_there_are_no_rows(path: Path) -> None:
    assert (num_rows(path), rows(path), sample(path, most=9), table(path)) == (
        0,
        [],
        [],
        (b"", b""),
    )


@pytest.mark.parametrize("most", [10, 100, 1000])
def test_a_sample_is_even_and_has_the_first_and_the_last(path: Path, most: int) -> None:
    written(path, 5000)
    found = epochs(sample(path, most=most))
    assert most / 2 < len(found) <= most
    assert (found[0], found[-1]) == (1, 5000)
    steps = [b - a for a, b in itertools.pairwise(found)]
    assert max(steps[1:-1]) <= 2 * 5000 / most
    assert min(steps) >= 1


def test_a_sample_prefers_epochs_that_were_validated(path: Path) -> None:
    lines = (f"{e},{1 / e if e % 97 == 0 else ''}\n" for e in range(1, 12_001))
    path.write_text(f"{HEADER}\n{''.join(lines)}")
    found = sample(path, most=1000)
    assert sum(bool(row["val/loss"]) for row in found) == 12_000 // 97
    assert sample(path, most=100)[-1]["epoch"] == "12000"  # which was not


def test_a_sample_prefers_what_tells_most_even_where_a_column_is_always_empty(path: Path) -> None:
    lines = (f"{e},,{1 / e if e % 10 == 0 else ''}\n" for e in range(1, 25_001))
    path.write_text(f"epoch,lr,val/loss\n{''.join(lines)}")
    found = sample(path, most=1000)
    assert 900 < len(found) <= 1000
    assert all(row["val/loss"] for row in found[1:])
    assert found[-1]["epoch"] == "25000"


def test_a_sample_of_long_rows_is_not_longer_than_it_may_be(path: Path) -> None:
    path.write_text(HEADER + "\n" + f"1,{'0' * 5000}\n" + "2,1\n" * 400)
    assert 2 <= len(sample(path, most=100)) <= 100
    with open(path, "ab") as file:
        file.write(b"3," + b"0" * 2 * metrics_file.MAX_ROW + b"1\n")
    with pytest.raises(ValueError, match="longer rows"):
        sample(path, most=100)


def test_of_a_file_that_is_too_large_for_memory_a_sample_can_be_asked(path: Path) -> None:
    written(path, 3000)
    size = path.stat().st_size
    with pytest.raises(ValueError, match=f"is larger than {size - 1} bytes"):
        sample(path, most=100, limit=size - 1)
    assert sample(path, most=100, limit=size)[-1]["epoch"] == "3000"


@pytest.mark.parametrize(
    ("value", "number"),
    [("0.5", 0.5), ("1e3", 1000.0), (3, 3), (0.25, 0.25), ("-0", 0.0)],
)
def test_cells_and_what_records_hold_are_numbers(value: object, number: float) -> None:
    assert as_number(value) == number


@pytest.mark.parametrize(
    "value", ["", "x", "nan", "inf", math.nan, math.inf, 10**400, True, None, [1], {}, b"1"]
)
def test_what_is_no_finite_number_is_none(value: object) -> None:
    assert as_number(value) is None


def test_a_sample_of_few_is_all_of_them(path: Path) -> None:
    written(path, 7)
    assert epochs(sample(path, most=7)) == list(range(1, 8)) == epochs(rows(path))


@given(st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b"")), max_size=60))
def test_any_lines_are_sampled_without_trouble(lines: list[bytes]) -> None:
    body = b"".join(line + b"\n" for line in lines)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "metrics.csv")
        file.write_bytes(HEADER.encode() + b"\n" + body)
        found = sample(file, most=10)
        assert len(found) == len(lines) if len(lines) <= 10 else 1 <= len(found) <= 10
        assert num_rows(file) == len(lines)


def test_a_torn_last_line_is_left_out(path: Path) -> None:
    path.write_text(f"{HEADER}\n1,0.5\n2,0.")
    assert epochs(rows(path)) == epochs(sample(path, most=5)) == [1]
    assert num_rows(path) == 1


def test_what_is_longer_than_any_is_not_counted(path: Path) -> None:
    with open(path, "wb") as file:
        file.truncate(metrics_file.MAX_BYTES + 1)
    with pytest.raises(ValueError, match="is larger than"):
        num_rows(path)
