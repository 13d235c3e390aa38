from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

from dltrain.data.table import typed_file
from dltrain.data.table.table import Table
from dltrain.data.table.typed_file import TypedFile

Write = Callable[[pa.Table, Path], object]
WRITERS: list[Write] = [pyarrow.parquet.write_table, pyarrow.feather.write_feather]
writers = pytest.mark.parametrize("write", WRITERS)
ROWS = {"a": [1, 2, None, 4, 5], "b.c": ["x", "y", "x", None, "NA"], "d": [True] * 5}


def opened(write: Write, rows: dict[str, object], folder: Path) -> TypedFile:
    write(pa.table(rows), folder / "t")
    return TypedFile("t", folder / "t")


@writers
def test_typed_columns_are_a_table(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typed_file, "BLOCK_CELLS", 6)
    monkeypatch.setattr(typed_file, "LEAST_ROWS", 2)
    file = opened(write, ROWS, tmp_path)
    table = Table("t", file, delimiter=",", missing_values=["NA"])
    assert table.header == ["a", "b.c", "d"]
    numbers = table.numbers("a")
    assert numbers is not None
    assert numbers[[0, 1, 3, 4]].tolist() == [1, 2, 4, 5]
    assert table.missing("a").tolist() == [False, False, True, False, False]
    assert table.texts("b.c").tolist() == ["x", "y", "x", "", ""]
    assert table.texts("a").tolist() == ["1", "2", "", "4", "5"]
    assert table.is_boolean("d")
    assert table.at(3, "a") == "t: row 4: column 'a'"


@writers
def test_the_digest_is_that_of_the_file(write: Write, tmp_path: Path) -> None:
    import hashlib

    file = opened(write, ROWS, tmp_path)
    assert file.sha256 == ""
    list(file.blocks(["a"], missing_values=[]))
    assert file.sha256 == hashlib.sha256((tmp_path / "t").read_bytes()).hexdigest()


@writers
def test_texts_are_categories_even_if_they_look_like_numbers(write: Write, tmp_path: Path) -> None:
    rows = {"n": [1, 2], "text": ["1", "2"], "level": pa.array(["1", "2"]).dictionary_encode()}
    assert opened(write, rows, tmp_path).categories == {"text", "level"}


@writers
def test_infinity_is_refused_with_its_row_and_nan_is_missing(write: Write, tmp_path: Path) -> None:
    file = opened(write, {"a": [1.0, float("nan"), float("inf")]}, tmp_path)
    table = Table("t", file, delimiter=",", missing_values=[])
    assert table.missing("a").tolist() == [False, True, False]
    with pytest.raises(ValueError, match=r"^t: row 3: column 'a': 'inf' is not finite"):
        table.numbers("a")


@writers
def test_lists_are_refused_by_name_unless_they_are_left_out(write: Write, tmp_path: Path) -> None:
    file = opened(write, {"a": [1, 2], "b": [[1], None]}, tmp_path)
    with pytest.raises(ValueError, match=r"'b' holds list<.*leave it out with 'data.drop=\[b\]'"):
        Table("t", file, delimiter=",", missing_values=[])
    table = Table("t", file, delimiter=",", missing_values=[], unused=["b"])
    assert table.missing("b").tolist() == [False, True]


@writers
@pytest.mark.parametrize("kept", [20, -20])
def test_half_a_file_is_refused_in_one_line(write: Write, kept: int, tmp_path: Path) -> None:
    write(pa.table(ROWS), tmp_path / "t")
    (tmp_path / "t").write_bytes((tmp_path / "t").read_bytes()[:kept])
    with pytest.raises(ValueError, match=r"^t: is no intact (Parquet|Arrow) file") as caught:
        TypedFile("t", tmp_path / "t")
    assert "\n" not in str(caught.value)
