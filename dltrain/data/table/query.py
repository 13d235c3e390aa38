"""The rows that a query returns, as a source of a table; see ``source.py``.

A server may return the same rows in another order tomorrow, so rows to learn from are sorted by all
their cells: the splits drawn from them depend on what the rows are and on nothing else.

Letters: n rows of a block.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from dltrain.data.table.databases import BATCH_ROWS, record_batches
from dltrain.data.table.source import HeldRows, check_names, nulled
from dltrain.data.table.typed_cells import as_text, is_category, is_number, is_readable, numbers_of
from dltrain.system.database_urls import without_password
from dltrain.text import clipped

# Columns that name a row in messages.
NAMING = 2


class QueryRows:
    """The rows of a query, held in memory in the order of their cells.

    Args:
        url: The database.
        query: The statement.

    Attributes:
        name: The database, as messages call it.
        header: Names of the columns.
        categories: Columns of texts by type; none of SQLite, where a type says little.
        sha256: Digest of the rows.

    Raises:
        ValueError: If the database refuses it, or there are no rows, or columns have no names of
            their own.
    """

    def __init__(self, url: str, query: str) -> None:
        self.name = without_password(url)
        batches = list(record_batches(url, query))
        self.header = list(batches[0].schema.names)
        check_names(self.header, location=self.name)
        columns = [_joined([batch.column(n) for batch in batches]) for n in range(len(self.header))]
        self._table = _sorted(pa.table(columns, self.header))
        if not len(self._table):
            raise ValueError(f"{self.name}: the query returns no rows; correct data.query")
        texts = {name for name, c in zip(self.header, columns, strict=True) if is_category(c.type)}
        self.categories = set() if url.startswith("sqlite") else texts
        self.sha256 = _digest(self._table)

    def blocks(
        self, columns: Sequence[str], *, missing_values: Sequence[str]
    ) -> Iterator[list[pa.Array]]:
        """Yield the rows: for each block of n rows the cells of the columns, [columns, n]."""
        for batch in self._table.select(list(columns)).to_batches(BATCH_ROWS):
            yield [nulled(cells, missing_values) for cells in batch.columns]

    def location(self, row: int) -> str:
        """Name the database and a row by its first cells: its number is not the database's."""
        cells = [(name, self._table.column(name)[row].as_py()) for name in self.header[:NAMING]]
        named = ", ".join(clipped(f"{name}={cell!r}", most=40) for name, cell in cells)
        return f"{self.name}: the row with {named}"

    def expected_rows(self, read: int) -> int:
        """Return how many rows there are."""
        return len(self._table)


class QueryBlocks:
    """The rows of a query, read once, in the order in which they come: memory does not grow.

    Args:
        url: The database.
        query: The statement.

    Raises:
        ValueError: If the database refuses it, or columns have no names of their own.
    """

    def __init__(self, url: str, query: str) -> None:
        self.name = without_password(url)
        self._batches = record_batches(url, query)
        self.header = list(next(self._batches).schema.names)
        check_names(self.header, location=self.name)

    def __iter__(self) -> Iterator[HeldRows]:
        """Yield the rows once."""
        start = 0
        for batch in self._batches:
            if batch.num_rows:
                # Each cell of SQLite has a type of its own, and so may each block of a column.
                yield HeldRows(self, [nulled(cells, []) for cells in batch.columns], start=start)
                start += batch.num_rows

    def location(self, row: int) -> str:
        """Name the database and a row of the result, counted from 0."""
        return f"{self.name}: row {row + 1:,} of the query"


def _joined(parts: Sequence[pa.Array]) -> pa.ChunkedArray:
    """Join parts of a column, of which each may have a type of its own."""
    kinds = {part.type for part in parts if not pa.types.is_null(part.type)}
    if len(kinds) <= 1:
        kind = next(iter(kinds), pa.string())
        return pa.chunked_array([part.cast(kind) for part in parts], kind)
    if all(map(is_number, kinds)):
        return pa.chunked_array([part.cast(pa.float64(), safe=False) for part in parts])
    return pa.chunked_array([as_text(part) for part in parts], pa.string())


def _sorted(table: pa.Table) -> pa.Table:
    # Nothing is learned from cells of other types; rows that differ in these alone are one row.
    columns = {str(n): column for n, column in enumerate(table.columns) if is_readable(column.type)}
    if not columns or not len(table):
        return table
    order = pc.sort_indices(pa.table(columns), [(name, "ascending") for name in columns])
    return table.take(order).combine_chunks()


def _digest(table: pa.Table) -> str:
    """Return a digest of what can be learned from rows: names, and cells as they are read."""
    digest = hashlib.sha256()
    for name, column in zip(table.column_names, table.columns, strict=True):
        digest.update(f"{name}\n{is_number(column.type)}\n{len(column)}\n".encode())
        for cells in column.chunks if is_readable(column.type) else []:
            if is_number(cells.type):
                digest.update(numbers_of(cells).tobytes())
                continue
            texts = pc.fill_null(as_text(cells), "\0")
            digest.update(pc.binary_length(texts).to_numpy(zero_copy_only=False).tobytes())
            digest.update("".join(texts.to_pylist()).encode(errors="surrogatepass"))
    return digest.hexdigest()
