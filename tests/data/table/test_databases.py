"""What databases answer: batches of the types that tables know, and nothing but reading."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dltrain.data.table.databases import record_batches
from dltrain.data.table.typed_cells import as_text
from tests.data.table.databases import PASSWORD, fill

ROWS = "(1, 2.5, 'a', NULL), (2, NULL, 'b', 4.25), (NULL, 0.5, NULL, 5)"
TABLE = (
    "CREATE TABLE t (id INTEGER, x DOUBLE PRECISION, s VARCHAR(9), n NUMERIC(10, 2))",
    f"INSERT INTO t VALUES {ROWS}",
)


def answer(url: str, query: str) -> pa.Table:
    batches = list(record_batches(url, query))
    filled = [batch for batch in batches if batch.num_rows] or batches
    return pa.Table.from_batches(filled)


def refusal(url: str, query: str) -> str:
    with pytest.raises(ValueError, match=r".") as caught:
        answer(url, query)
    told = str(caught.value)
    assert "\n" not in told
    assert told.startswith(f"{url}: ")
    return told


def test_rows_are_what_was_put_in(database: str) -> None:
    fill(database, TABLE)
    table = answer(database, "SELECT * FROM t ORDER BY x")
    assert table.column_names == ["id", "x", "s", "n"]
    found = {name: table.column(name).to_pylist() for name in table.column_names}
    numbers = {name: [x if x is None else float(x) for x in found[name]] for name in "xn"}
    by_id = {found["id"][row]: row for row in range(3)}
    assert set(by_id) == {None, 1, 2}
    assert [numbers["x"][by_id[key]] for key in (1, 2, None)] == [2.5, None, 0.5]
    assert [numbers["n"][by_id[key]] for key in (1, 2, None)] == [None, 4.25, 5.0]
    assert [found["s"][by_id[key]] for key in (1, 2, None)] == ["a", "b", None]


def test_the_first_batch_tells_columns_of_no_rows_too(database: str) -> None:
    fill(database, TABLE)
    first, *more = record_batches(database, "SELECT id, s FROM t WHERE id > 9")
    assert first.schema.names == ["id", "s"]
    assert sum(batch.num_rows for batch in (first, *more)) == 0


WRITES = [
    "INSERT INTO t (id) VALUES (9)",
    "UPDATE t SET id = 9",
    "DELETE FROM t",
    "DROP TABLE t",
    "CREATE TABLE u (id INTEGER)",
    "SELECT 1 AS a; DELETE FROM t",
    "DELETE FROM t; SELECT 1 AS a",
]


@pytest.mark.parametrize("statement", WRITES)
def test_what_would_write_is_refused_and_changes_nothing(statement: str, database: str) -> None:
    fill(database, TABLE)
    refusal(database, statement)
    assert answer(database, "SELECT id FROM t").num_rows == 3
    with pytest.raises(ValueError, match=r"u|U"):
        answer(database, "SELECT * FROM u")


@pytest.mark.parametrize("statement", [*WRITES[:5], "PRAGMA user_version = 9"])
def test_sqlite_says_that_queries_only_read(statement: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    fill(url, TABLE)
    assert "the query does more than read tables, as SELECT does" in refusal(url, statement)
    assert "only reads" not in refusal(url, "SELECT nope FROM t")


@pytest.mark.parametrize("query", ["", "SELEC 1", "SELECT nope FROM t", "SELECT * FROM nowhere"])
def test_what_is_no_query_is_refused_in_one_line(query: str, database: str) -> None:
    fill(database, TABLE)
    assert refusal(database, query).endswith("; correct data.url or data.query")


def test_a_query_reaches_no_other_files(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n")
    lite, duck = f"sqlite:///{tmp_path}/a.db", f"duckdb:///{tmp_path}/a.duckdb"
    for url in (lite, duck):
        fill(url, TABLE)
    refusal(lite, f"ATTACH DATABASE '{tmp_path}/new.db' AS new")
    refusal(duck, f"ATTACH DATABASE '{tmp_path}/new.db' AS new")
    refusal(duck, f"SELECT * FROM read_csv('{tmp_path}/secret.csv')")
    refusal(duck, f"COPY t TO '{tmp_path}/new.db'")
    refusal(duck, "SET enable_external_access = true")
    assert not (tmp_path / "new.db").exists()


def test_what_else_a_query_would_do_is_told(tmp_path: Path) -> None:
    fill(url := f"sqlite:///{tmp_path}/a.db", TABLE)
    told = "the query does more than read tables, as SELECT does; correct data.url or data.query"
    assert refusal(url, "DELETE FROM t") == f"{url}: {told}"


@pytest.mark.parametrize(("scheme", "other"), [("sqlite", "duckdb"), ("duckdb", "sqlite")])
def test_a_database_of_another_kind_is_told(scheme: str, other: str, tmp_path: Path) -> None:
    fill(f"{other}:///{tmp_path}/a.db", TABLE)
    told = refusal(f"{scheme}:///{tmp_path}/a.db", "SELECT 1 AS a")
    assert f"is a database of another kind, whose address is {other}:///FILE" in told


@pytest.mark.parametrize("scheme", ["sqlite", "duckdb"])
def test_what_is_no_database_is_refused(scheme: str, tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database" * 100)
    refusal(f"{scheme}:///{tmp_path}/text.db", "SELECT 1 AS a")
    refusal(f"{scheme}:///{tmp_path}/nowhere.db", "SELECT 1 AS a")
    assert not (tmp_path / "nowhere.db").exists()


def test_each_cell_of_sqlite_has_a_type_of_its_own(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    values = "(1, 1, 'x', x'00', NULL), (2, 2.5, 3, 'y', NULL)"
    fill(url, ["CREATE TABLE t (a, b, c, d, e)", f"INSERT INTO t VALUES {values}"])
    table = answer(url, "SELECT * FROM t")
    assert [str(kind) for kind in table.schema.types] == [
        *("int64", "double", "string", "binary", "null")
    ]
    assert table.column("b").to_pylist() == [1.0, 2.5]
    assert table.column("c").to_pylist() == ["x", "3"]


def test_a_number_of_sqlite_has_one_text_whatever_stands_beside_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    fill(url, ["CREATE TABLE t (k)", "INSERT INTO t VALUES (1), (2.0), ('3'), (NULL), (2.5), ('')"])
    mixed = answer(url, "SELECT k FROM t").column("k")
    assert mixed.to_pylist() == ["1", "2", "3", None, "2.5", ""]
    alone = answer(url, "SELECT k FROM t WHERE typeof(k) = 'real'").column("k")
    assert as_text(alone.combine_chunks()).to_pylist() == ["2", "2.5"]


def test_types_of_postgresql_become_those_of_tables(postgresql: str) -> None:
    query = (
        "SELECT 1::smallint AS a, 2::bigint AS b, 1.5::real AS c, 12.50::numeric AS d, "
        "'NaN'::numeric AS e, true AS f, DATE '2024-02-29' AS g, "
        "TIMESTAMPTZ '2024-02-29 12:00:00Z' AS h, 'x'::char(3) AS i, sum(3::bigint) AS j"
    )
    table = answer(postgresql, query)
    values: dict[str, Any] = table.to_pylist()[0]
    assert [values[name] for name in "abcd"] == [1, 2, 1.5, 12.5]
    assert values["e"] != values["e"]
    assert values["f"] is True
    assert values["g"] == datetime.date(2024, 2, 29)
    assert values["h"] == datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.UTC)
    assert (values["i"], values["j"]) == ("x  ", 3.0)


def test_a_password_comes_from_the_environment_and_is_never_told(
    postgresql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    role = f"DO $$ BEGIN CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'; EXCEPTION WHEN "
    fill(postgresql, [f"{role}duplicate_object THEN NULL; END $$"])
    url = postgresql.replace("tester", "reader")
    monkeypatch.delenv("PGPASSWORD", raising=False)
    assert "password" in refusal(url, "SELECT 1 AS a")
    monkeypatch.setenv("PGPASSWORD", "a wrong one")
    assert "a wrong one" not in refusal(url, "SELECT 1 AS a")
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    assert answer(url, "SELECT 1 AS a").num_rows == 1
    monkeypatch.delenv("PGPASSWORD")
    typed = url.replace("reader@", "reader:wr0ng@")
    with pytest.raises(ValueError, match="password authentication failed") as caught:
        answer(typed, "SELECT 1 AS a")
    assert "wr0ng" not in str(caught.value)


def test_a_server_that_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    assert "No such file" in refusal(f"postgresql:///x?host={tmp_path}", "SELECT 1 AS a")
