from __future__ import annotations

import pyarrow as pa
import pytest

from dltrain.data.table.csv_file import CsvFile
from dltrain.data.table.reading import Reading
from dltrain.data.table.source import HeldRows, SourceBlocks, check_names, nulled
from dltrain.data.table.table import Table


def test_rows_of_any_source_are_a_table_in_parts() -> None:
    source = CsvFile("t.csv", b"a,b\n1,x\n,NA\n3,y\n", reading=Reading(delimiter=","))
    [rows] = SourceBlocks(source)
    assert rows.columns == [pa.array(["1", "", "3"]), pa.array(["x", "NA", "y"])]
    table = Table("t.csv", rows, delimiter=",", missing_values=["", "NA"])
    assert table.missing("a").tolist() == table.missing("b").tolist() == [False, True, False]
    assert table.at(2, "a") == "t.csv:4: column 'a'"


def test_held_rows_know_where_they_begin() -> None:
    source = CsvFile("t.csv", b"a\n1\n2\n3\n", reading=Reading(delimiter=","))
    rows = HeldRows(source, [pa.array([2, 3])], start=1)
    assert (len(rows), rows.location(0), rows.columns) == (2, "t.csv:3", [pa.array([2, 3])])


@pytest.mark.parametrize(
    ("cells", "left"),
    [
        (pa.array(["NA", "a", None]), [None, "a", None]),
        (pa.array(["NA", "a"], pa.large_string()), [None, "a"]),
        (pa.array(["NA", "a", "NA"]).dictionary_encode(), [None, "a", None]),
        (pa.array([1, 2]), [1, 2]),
        (pa.nulls(1), [None]),
    ],
)
def test_texts_that_mean_missing_become_null_in_every_type(
    cells: pa.Array, left: list[object]
) -> None:
    assert nulled(cells, ["NA"]).to_pylist() == left


def test_names_must_differ_and_be_seen() -> None:
    check_names(["a", "b"], location="t.csv:1")
    with pytest.raises(ValueError, match=r"^t\.csv:1: two columns are called 'a'; rename one"):
        check_names(["a", "b", "a"], location="t.csv:1")
    with pytest.raises(ValueError, match=r"^t\.csv:1: column 2 has no name; give it one"):
        check_names(["a", " "], location="t.csv:1")
