"""CSV files of the same columns, read one after the other as if they were one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dltrain.data.table.csv_file import CsvFile


class SeveralFiles:
    """CSV files whose rows make one table.

    Args:
        files: At least one, by the knob that names it; all have the columns of the first, in any
            order.

    Attributes:
        header: Names of the columns, as in the first file.
        block_bytes: How much is read at once; no row may be longer.

    Raises:
        ValueError: If a file lacks a column, or has one more.
    """

    def __init__(self, files: Mapping[str, CsvFile]) -> None:
        self._knobs, self._files = list(files), list(files.values())
        self.header = self._files[0].header
        self.block_bytes = self._files[0].block_bytes
        self._counts = [0] * len(files)  # rows of each file, once they have been read
        for file in self._files[1:]:
            self._compare(file)

    def _compare(self, file: CsvFile) -> None:
        first = self._files[0]
        for has, lacks in ((first, file), (file, first)):
            strange = next((name for name in has.header if name not in lacks.header), None)
            if strange is not None:
                raise ValueError(
                    f"{lacks.name}:1: has no column {strange!r}, as {has.name} has; "
                    "all files of a table need the same columns"
                )

    @property
    def digests(self) -> dict[str, str]:
        """Digest of each file's bytes, by knob, once its rows have been read."""
        return {knob: file.sha256 for knob, file in zip(self._knobs, self._files, strict=True)}

    def size(self) -> int:
        """Return the number of their bytes."""
        return sum(file.size() for file in self._files)

    def blocks(
        self, columns: Sequence[str], *, missing_values: Sequence[str]
    ) -> Iterator[list[pa.StringArray]]:
        """Read the rows of all files, as ``CsvFile.blocks`` does those of one.

        Raises:
            ValueError: If the rows are no table, or a file but the first has none.
        """
        for number, file in enumerate(self._files):
            count, file.block_bytes = 0, self.block_bytes
            for block in file.blocks(columns, missing_values=missing_values):
                count += len(block[0])
                yield block
            if number and not count:
                raise ValueError(f"{file.name}: has a header but no rows")
            self._counts[number] = count

    def location(self, row: int) -> str:
        """Name the file and the line on which a row, counted from 0, begins or ends."""
        number = int(np.searchsorted(np.cumsum(self._counts), row, side="right"))
        return self._files[number].location(row - sum(self._counts[:number]))

    def are_of(self, knob: str, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Tell which rows are of the file that a knob names, [N]; none if it names none."""
        if knob not in self._knobs:
            return np.zeros(len(rows), dtype=bool)
        number = self._knobs.index(knob)
        start = sum(self._counts[:number])
        return (start <= rows) & (rows < start + self._counts[number])
