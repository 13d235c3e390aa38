"""Files that hold typed columns, read in blocks: Parquet, and Arrow's own format (Feather).

Letters: n rows of a block.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from dltrain.data.table.source import check_names, nulled
from dltrain.data.table.typed_cells import is_category
from dltrain.system.digests import digesting

# Small blocks stay in the cache and cost little memory; those of wide tables have fewer rows.
BLOCK_CELLS, LEAST_ROWS = 1 << 19, 1 << 8
BUFFER = 1 << 16  # bytes of a column read at once, in place of all that lie together
PARQUET, ARROW = b"PAR1", b"ARROW1"


class TypedFile:
    """A Parquet or Arrow file.

    Args:
        name: The file, as messages call it.
        path: Where it lies.

    Attributes:
        header: Names of the columns.
        categories: Columns of texts by type.
        sha256: Digest of its bytes, once its rows have been read.

    Raises:
        ValueError: If it is not intact, or its columns have no names of their own.
        OSError: If it cannot be opened.
    """

    def __init__(self, name: str, path: Path) -> None:
        self.name, self.sha256 = name, ""
        self._path = path
        with open(path, "rb") as file:
            self._is_parquet = file.read(len(PARQUET)) == PARQUET
        with self._intact():
            schema, self._rows = self._schema()
        self.header = list(schema.names)
        check_names(self.header, location=name)
        self.categories = {field.name for field in schema if is_category(field.type)}

    def blocks(
        self, columns: Sequence[str], *, missing_values: Sequence[str]
    ) -> Iterator[list[pa.Array]]:
        """Read the rows: for each block of n rows the cells of the columns, [columns, n].

        Raises:
            ValueError: If it is not intact.
        """
        with digesting(None if self.sha256 else self._path) as digest:
            with self._intact():
                for batch in self._batches(columns):
                    cells = [batch.column(name) for name in columns]
                    yield [nulled(each, missing_values) for each in cells]
            self.sha256 = digest() or self.sha256

    def location(self, row: int) -> str:
        """Name the file and a row, counted from 0; it is called by its number from 1."""
        return f"{self.name}: row {row + 1:,}"

    def expected_rows(self, read: int) -> int:
        """Return how many rows the file says it has."""
        return self._rows

    def _schema(self) -> tuple[pa.Schema, int]:
        """Return its columns and how many rows it has."""
        if self._is_parquet:
            with pyarrow.parquet.ParquetFile(self._path) as file:
                return file.schema_arrow, file.metadata.num_rows
        with pa.ipc.open_file(pa.OSFile(str(self._path))) as file:
            return file.schema, file.stats.num_messages

    def _batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        rows = max(BLOCK_CELLS // len(self.header), LEAST_ROWS)
        if self._is_parquet:
            with pyarrow.parquet.ParquetFile(
                self._path, buffer_size=BUFFER, pre_buffer=False
            ) as file:
                yield from file.iter_batches(rows, columns=list(columns), use_threads=False)
            return
        fields = [self.header.index(column) for column in columns]
        options = pa.ipc.IpcReadOptions(included_fields=fields)
        with pa.ipc.open_file(pa.OSFile(str(self._path)), options=options) as file:
            for number in range(file.num_record_batches):
                batch = file.get_batch(number)
                for start in range(0, batch.num_rows, rows):
                    yield batch.slice(start, rows)

    @contextlib.contextmanager
    def _intact(self) -> Iterator[None]:
        try:
            yield
        except (pa.ArrowException, OSError) as error:
            kind = "Parquet" if self._is_parquet else "Arrow"
            reason = str(error).splitlines()[0].rstrip(".")
            raise ValueError(
                f"{self.name}: is no intact {kind} file ({reason}); write it anew"
            ) from None
