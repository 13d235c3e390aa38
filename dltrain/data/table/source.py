"""Where the rows of a table come from: the protocol that every source of them answers.

``Table`` reads any source, in training and at prediction, whether it is CSV text
(``csv_file.CsvFile``), a typed file (``typed_file.TypedFile``), or several of them read as one
(``several_files.SeveralFiles``). A source of another kind, such as a query, answers the same
questions and yields its cells as Arrow's own types; what they become is said in ``typed_cells``.

Letters: n rows of a block.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc


class Reread(ValueError):  # noqa: N818  # it is no error: who reads begins anew
    """The source has changed how it reads: ask it for its blocks once more, from the start."""


class NamedRows(Protocol):
    """Rows that messages can name, even where they are read only once."""

    @property
    def name(self) -> str:
        """What messages call it."""

    @property
    def header(self) -> list[str]:
        """Names of the columns: all different, none but the first blank (``check_names``)."""

    def location(self, row: int) -> str:
        """Name the source and a row of it, counted from 0, as in ``t.csv:2``."""


class RowSource(NamedRows, Protocol):
    """Rows that can be read as often as needed, always the same ones in the same order."""

    @property
    def categories(self) -> Collection[str]:
        """Columns whose cells are texts by their type, and so are no numbers, however they look."""

    @property
    def sha256(self) -> str:
        """Digest of its content, once all its rows have been read; until then empty."""

    def blocks(
        self, columns: Sequence[str], *, missing_values: Sequence[str]
    ) -> Iterator[Sequence[pa.Array]]:
        """Read all rows: for each block of n rows the cells of some columns, [columns, n].

        Args:
            columns: Those to convert, of the header.
            missing_values: Texts that become null (``nulled``).

        Raises:
            ValueError: If the rows are no table; the message names the row.
            Reread: If it is to be asked anew.
        """

    def expected_rows(self, read: int) -> int:
        """Guess how many rows there are, from how many have been read; too many costs little."""


class HeldRows:
    """Some consecutive rows of a source that lie in memory: a source in turn.

    Args:
        source: Where they come from.
        columns: The cells of each column, [n]; nothing in them is null for its text alone.
        start: Number of the first one in the source.

    Attributes:
        name: What messages call it.
        header: Names of the columns.
        columns: Their cells, [n] each.
        categories: None; what training made of a column decides, and texts may be numbers there.
        sha256: Empty; they are a part.
    """

    def __init__(self, source: NamedRows, columns: Sequence[pa.Array], *, start: int) -> None:
        self.name, self.header, self.categories = source.name, source.header, frozenset[str]()
        self.sha256 = ""
        self.columns = columns
        self._source, self._start = source, start

    def __len__(self) -> int:
        return len(self.columns[0])

    def blocks(
        self, columns: Sequence[str], *, missing_values: Sequence[str]
    ) -> Iterator[list[pa.Array]]:
        """Return the cells of some columns in one block."""
        held = (self.columns[self.header.index(column)] for column in columns)
        yield [nulled(cells, missing_values) for cells in held]

    def location(self, row: int) -> str:
        """Name the source and a row of these, counted from 0."""
        return self._source.location(self._start + row)

    def expected_rows(self, read: int) -> int:
        """Return how many rows there are."""
        return len(self)


class SourceBlocks:
    """The rows of a source, some at a time, as ``OtherRows`` prepares them.

    Attributes:
        name: What messages call it.
        header: Names of the columns.
    """

    def __init__(self, source: RowSource) -> None:
        self.name, self.header = source.name, source.header
        self._source = source

    def __iter__(self) -> Iterator[HeldRows]:
        """Yield the rows once."""
        start = 0
        for block in self._source.blocks(self.header, missing_values=[]):
            yield HeldRows(self._source, block, start=start)
            start += len(block[0])


def nulled(cells: pa.Array, missing_values: Sequence[str]) -> pa.Array:
    """Make null what is a text that means missing; cells that are no texts stay as they are."""
    if pa.types.is_null(cells.type):
        return cells.cast(pa.string())
    kind = cells.type
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    if not missing_values or not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return cells
    texts = cells.cast(pa.string())
    missing = pc.is_in(texts, pa.array(missing_values, pa.string()))
    return pc.if_else(missing, pa.scalar(None, pa.string()), texts)


def check_names(header: Sequence[str], *, location: str) -> None:
    """Raise ValueError if a column but the first has no name, or two have one name.

    Args:
        header: Names of the columns.
        location: Where they stand, as messages call it.
    """
    seen: set[str] = set()
    for number, column in enumerate(header, start=1):
        # The first is what pandas and R write in front of the rows; it is not learned from.
        if not column.strip() and (number > 1 or len(header) == 1):
            raise ValueError(
                f"{location}: column {number} has no name; give it one (if it only numbers "
                "the rows, name it and leave it out with data.drop)"
            )
        if column in seen:
            raise ValueError(f"{location}: two columns are called {column!r}; rename one of them")
        seen.add(column)
