"""Queries of databases as Arrow's record batches: SQLite, DuckDB and PostgreSQL, read only.

SQLite is asked through Python's own driver, and its cells are what they look like, as in a text
file; the others know the types of their columns. Packages are imported when they are called.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pyarrow as pa

from dltrain.data.table.typed_cells import as_text
from dltrain.system.database_urls import database_file, without_password

BATCH_ROWS = 1 << 16
# What a query may do in SQLite: read. All else, such as attaching a file, would write.
_READING = (
    *(sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ),
    *(sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE),
)
# What files begin with, from which byte on.
_MARKS = {"sqlite": (0, b"SQLite format 3\0"), "duckdb": (8, b"DUCK")}
# What a query may not do in DuckDB: read or write other files, or allow itself to.
_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,
    "lock_configuration": True,
}


def record_batches(url: str, query: str) -> Iterator[pa.RecordBatch]:
    """Ask a database once; yield at least one batch, which has no rows if the result has none.

    Args:
        url: As in ``database_urls.FORMS``.
        query: One statement that returns rows.

    Raises:
        ValueError: If there is no such database, it does not answer, or refuses the query.
    """
    ask = {"sqlite": _sqlite, "duckdb": _duckdb, "postgresql": _postgresql}
    try:
        yield from ask[url.partition(":")[0]](url, query)
    except _RefusedError as error:
        reason = without_password(" ".join(str(error).split("\n\n")[0].split())).rstrip(".")
        raise ValueError(
            f"{without_password(url)}: {reason}; correct data.url or data.query"
        ) from None


class _RefusedError(Exception):
    """What a driver says is wrong."""


@contextlib.contextmanager
def _refusing(*errors: type[Exception]) -> Iterator[None]:
    try:
        yield
    except (*errors, pa.ArrowException, OSError) as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_AUTH:
            raise _RefusedError("the query does more than read tables, as SELECT does") from None
        raise _RefusedError(str(error)) from None


def _check_kind(url: str) -> None:
    """Refuse a file of the other kind, of which the drivers say something else."""
    path, scheme = database_file(url), url.partition(":")[0]
    assert path is not None
    with open(path, "rb") as file:
        start = file.read(16)
    for kind, (first, mark) in _MARKS.items():
        if kind != scheme and start.startswith(mark, first):
            raise _RefusedError(f"is a database of another kind, whose address is {kind}:///FILE")


def _sqlite(url: str, query: str) -> Iterator[pa.RecordBatch]:
    address = f"file:{quote(str(database_file(url)))}?mode=ro"
    with (
        _refusing(sqlite3.Error, sqlite3.Warning),
        contextlib.closing(sqlite3.connect(address, uri=True)) as connection,
    ):
        _check_kind(url)
        connection.execute("SELECT 1 FROM sqlite_master")  # any file can be opened
        connection.set_authorizer(_allowed)
        cursor = connection.execute(query)
        if cursor.description is None:
            raise _RefusedError("the query returns no rows")
        names = [entry[0] for entry in cursor.description]
        yield pa.record_batch([pa.nulls(0)] * len(names), names)
        while rows := cursor.fetchmany(BATCH_ROWS):
            yield pa.record_batch(list(map(_cells, zip(*rows, strict=True))), names)


def _allowed(action: int, *rest: str | None) -> int:
    return sqlite3.SQLITE_OK if action in _READING else sqlite3.SQLITE_DENY


def _cells(column: tuple[Any, ...]) -> pa.Array:
    """Find the one type that holds some cells of SQLite, of which each has its own."""
    kinds = {type(cell) for cell in column} - {type(None)}
    if kinds <= {int, float} and len(kinds) == 2:
        return pa.array([None if cell is None else float(cell) for cell in column], pa.float64())
    if bytes in kinds and len(kinds) > 1:
        return pa.array([None if c is None else str(c).encode() for c in column], pa.binary())
    if str in kinds and len(kinds) > 1:
        # The same text as where all cells are numbers, so that 2.0 is one category with 2.
        numbers = [cell if isinstance(cell, float) else None for cell in column]
        texts = as_text(pa.array(numbers, pa.float64())).to_pylist()
        rest = [None if cell is None else str(cell) for cell in column]
        return pa.array([text or cell for text, cell in zip(texts, rest, strict=True)], pa.string())
    return pa.array(column)


def _duckdb(url: str, query: str) -> Iterator[pa.RecordBatch]:
    import duckdb

    path = str(database_file(url))
    with _refusing(OSError):
        _check_kind(url)
    with (
        _refusing(duckdb.Error),
        contextlib.closing(duckdb.connect(path, read_only=True, config=_SETTINGS)) as connection,
    ):
        statements = connection.extract_statements(query)
        if len(statements) != 1:
            raise _RefusedError(f"the query is {len(statements)} statements, not one")
        relation = connection.sql(query)
        if relation is None:
            raise _RefusedError("the query returns no rows")
        yield from _batches(relation.to_arrow_reader(BATCH_ROWS))


def _postgresql(url: str, query: str) -> Iterator[pa.RecordBatch]:
    from adbc_driver_manager import Error
    from adbc_driver_postgresql import dbapi

    with _refusing(Error), dbapi.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        cursor.execute(query)
        yield from _batches(cursor.fetch_record_batch())


def _batches(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    yield _plain(pa.RecordBatch.from_pylist([], schema=reader.schema))
    yield from map(_plain, reader)


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Turn types of a database's own into those that tables know."""
    return pa.record_batch(list(map(_plain_column, batch.columns)), batch.schema.names)


def _plain_column(cells: pa.Array) -> pa.Array:
    kind = cells.type
    if pa.types.is_dictionary(kind):
        return cells.cast(kind.value_type)
    if isinstance(kind, pa.BaseExtensionType) and pa.types.is_string(kind.storage_type):
        # PostgreSQL's numbers of any precision come as text that says so.
        numeric = getattr(kind, "type_name", "") == "numeric"
        return cells.storage.cast(pa.float64()) if numeric else cells.storage
    return cells
