"""Files of the same columns, read one after the other as if they were one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dltrain.data.table.source import RowSource
from dltrain.system.digests import joint_digest


class SeveralFiles:
    """Sources whose rows make one table: a source in turn.

    Args:
        files: At least one, by what it is to the data set, such as ``path``, or ``path[0]`` for the
            first of several; all have the columns of the first, in any order.

    Attributes:
        name: The first file, as messages call it.
        header: Names of the columns, as in the first file.
        categories: Columns that are texts by their type in one of them.

    Raises:
        ValueError: If a file lacks a column, or has one more.
    """

    def __init__(self, files: dict[str, RowSource]) -> None:
        self._roles, self._files = list(files), list(files.values())
        first = self._files[0]
        self.name, self.header = first.name, first.header
        self.categories = {name for file in self._files for name in file.categories}
        self._counts = [0] * len(files)  # rows of each file, once they have been read
        self._current = 0
        for file in self._files[1:]:
            self._compare(file)

    def _compare(self, file: RowSource) -> None:
        first = self._files[0]
        for has, lacks in ((first, file), (file, first)):
            strange = next((name for name in has.header if name not in lacks.header), None)
            if strange is not None:
                raise ValueError(
                    f"{lacks.name}: has no column {strange!r}, as {has.name} has; "
                    "all files of a table need the same columns"
                )

    @property
    def digests(self) -> dict[str, str]:
        """Digest of each file's content, once its rows have been read."""
        return {role: file.sha256 for role, file in zip(self._roles, self._files, strict=True)}

    @property
    def sha256(self) -> str:
        """One digest for all of them; that of a single file is its own."""
        return joint_digest(self.digests)

    def blocks(
        self, columns: Sequence[str], *, missing_values: Sequence[str]
    ) -> Iterator[Sequence[pa.Array]]:
        """Read the rows of all files, as each of them does.

        Raises:
            ValueError: If the rows are no table, or a file but the first has none.
        """
        for number, file in enumerate(self._files):
            count, self._current = 0, number
            for block in file.blocks(columns, missing_values=missing_values):
                count += len(block[0])
                yield block
            if number and not count:
                raise ValueError(f"{file.name}: has a header but no rows")
            self._counts[number] = count

    def location(self, row: int) -> str:
        """Name the file and a row, counted from 0 over all of them."""
        number = int(np.searchsorted(np.cumsum(self._counts), row, side="right"))
        return self._files[number].location(row - sum(self._counts[:number]))

    def expected_rows(self, read: int) -> int:
        """Guess how many rows there are: as many in a file to come as in those read so far."""
        before = sum(self._counts[: self._current])
        known = before + self._files[self._current].expected_rows(read - before)
        return known * len(self._files) // (self._current + 1)

    def are_of(self, role: str, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Tell which rows are of the files that have a role, such as ``path``, [N]."""
        has_role = [each.partition("[")[0] == role for each in self._roles]
        number = np.searchsorted(np.cumsum(self._counts), rows, side="right")
        return np.array(has_role)[number]
