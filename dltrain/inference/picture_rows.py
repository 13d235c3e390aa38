"""Pictures of files as the rows that a model takes, and what is to be said of them.

What cannot be used is left out and named: one photo of another size in a folder stops nothing.

Letters: B rows of a part, I in_features.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dltrain.data.dataset import EVALUATION_ROWS, Dataset
from dltrain.data.images.form import Edges
from dltrain.data.images.picture_files import (
    Picture,
    PictureError,
    digest_of,
    read_picture,
    side_by_side,
)
from dltrain.data.input_stream import InputStream
from dltrain.text import counted

MAX_BYTES = 2**26  # of a picture that comes as a stream
# Numbers of a part: large pictures come some at a time.
PART_NUMBERS = 1 << 26
SHOWN = 3  # reasons to leave out files, and names for each: every photo may have its own size


class PictureRows:
    """Reads pictures like those a run learned from.

    Args:
        data: How the run prepared its images; a data set without rows will do.
    """

    def __init__(self, data: Dataset) -> None:
        assert data.image_shape is not None
        self._shape, self._resizes = data.image_shape, data.resizes
        self._files = self._rows = self._colourful = self._transparent = 0
        self._left_out: dict[str, list[str]] = {}  # why -> names
        self._edges = Edges(data)
        self._digests: list[str] = []

    @property
    def sha256(self) -> str:
        """A digest of all that was read."""
        return digest_of(self._digests)

    def parts(
        self, files: Sequence[Path | InputStream]
    ) -> Iterator[tuple[list[int], npt.NDArray[np.uint8]]]:
        """Yield rows [B, I], and for each which of the files it is of, counted from 0.

        Raises:
            ValueError: If none of the files can be used.
        """
        at_once = min(EVALUATION_ROWS, max(PART_NUMBERS // math.prod(self._shape), 1))
        for start in range(0, len(files), at_once):
            some = files[start : start + at_once]
            part = list(side_by_side(self._read, some))
            self._files += len(part)
            for each in part:
                if isinstance(each, PictureError):
                    self._left_out.setdefault(each.reason, []).append(each.name)
            read = {start + n: each for n, each in enumerate(part) if isinstance(each, Picture)}
            if read:
                rows = np.stack([picture.row for picture in read.values()])
                self._count(list(read.values()), rows)
                yield list(read), rows
        if not self._rows:
            raise ValueError(self._reasons())

    def _read(self, file: Path | InputStream) -> Picture | PictureError:
        content = file.read(MAX_BYTES) if isinstance(file, InputStream) else file
        try:
            return read_picture(content, name=_name(file), shape=self._shape, resize=self._resizes)
        except PictureError as error:  # told with the others
            return error

    def _count(self, pictures: Sequence[Picture], rows: npt.NDArray[np.uint8]) -> None:
        self._rows += len(rows)
        self._edges.look(rows)
        for picture in pictures:
            self._digests.append(picture.sha256)
            self._colourful += picture.colourful
            self._transparent += picture.transparent

    def notes(self) -> list[str]:
        """Say what became of the pictures, in sentences."""
        found = []
        if self._left_out:
            count = f"{sum(map(len, self._left_out.values())):,} of {counted(self._files, 'file')}"
            found.append(f"{count} left out: {self._reasons()}")
        changes = {"what is transparent was put on white": self._transparent}
        if len(self._shape) == 2:
            changes["colour was turned into grey"] = self._colourful
        found += [f"{what} in {n:,} of {self._rows:,} files" for what, n in changes.items() if n]
        return [*found, *filter(None, [self._edges.note()])]

    def _reasons(self) -> str:
        """Name files that are left out, by reason."""
        said = []
        for reason, names in [*self._left_out.items()][:SHOWN]:
            more = f" (and {counted(len(names) - SHOWN, 'other')})" if len(names) > SHOWN else ""
            said.append(f"{', '.join(names[:SHOWN])}{more}: {reason}")
        if rest := sum(map(len, [*self._left_out.values()][SHOWN:])):
            said.append(f"and {rest:,} more for other reasons")
        return "; ".join(said)


def _name(file: Path | InputStream) -> str:
    return file.name if isinstance(file, InputStream) else str(file)
