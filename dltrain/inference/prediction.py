"""Predictions for new rows, written as CSV in bounded memory.

Letters: n rows of a block, B rows of a part, H height, W width, C classes.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dltrain.data.dataset import EVALUATION_ROWS
from dltrain.data.images.idx import image_parts
from dltrain.data.images.picture_files import read_picture
from dltrain.data.input_stream import InputStream
from dltrain.data.table.csv_stream import CsvBlocks
from dltrain.data.table.csv_writer import as_cells, as_rows, joined
from dltrain.data.table.new_rows import OtherRows
from dltrain.inference.evaluation import predict
from dltrain.inference.saved_model import Trained

PREDICTION, PROBABILITY = "prediction", "probability_"
MAX_BYTES = 2**26  # of a picture that comes as a stream
Write = Callable[[bytes], object]


class Predictor:
    """Writes predictions as CSV.

    Args:
        trained: The model.
        write: Takes the text, part by part.
    """

    def __init__(self, trained: Trained, write: Write) -> None:
        self.rows = 0  # how many have been predicted
        self.notes: list[str] = []  # what the user should know of them, in sentences
        self._trained, self._write = trained, write
        self._delimiter = trained.data.reading["delimiter"]
        names = pa.array(trained.data.class_names, pa.string())
        self._names = self._cells(names) if len(names) else None

    def table(self, source: InputStream) -> None:
        """Predict the rows of a CSV file: its columns, then the predictions.

        Raises:
            ValueError: If it does not have what the run learned from.
        """
        data = self._trained.data
        blocks = CsvBlocks(source.name, source, delimiter=self._delimiter)
        others = OtherRows(data, blocks.header, name=source.name, dtype=self._trained.dtype)
        taken = [name for name in self._columns if name in blocks.header]
        if taken:
            raise ValueError(
                f"{source.name}: has a column {taken[0]!r} already, as predictions will have; "
                "rename it"
            )
        self._head(blocks.header)
        for rows in blocks:
            passed = joined(list(map(self._cells, rows.texts)), delimiter=self._delimiter)
            for part in others.parts(rows):
                passed_rows = passed.slice(part.start, part.stop - part.start)
                self._rows(passed_rows, part.inputs)
        self.notes += others.notes()

    def images(self, source: InputStream) -> None:
        """Predict the images of an IDX file: the row, then the predictions.

        Raises:
            ValueError: If it holds no images of the size the run learned from.
        """
        shape = self._trained.data.image_shape
        assert shape is not None
        self._head(["row"])
        for inputs in image_parts(source, shape=shape, rows=EVALUATION_ROWS):
            numbers = np.arange(self.rows, self.rows + len(inputs))
            self._rows(pa.array(numbers).cast(pa.string()), inputs)

    def pictures(self, files: Iterable[Path | InputStream]) -> None:
        """Predict PNG and JPEG files: the file, then the predictions.

        Raises:
            ValueError: If one of them is none, or of another size.
        """
        self._head(["file"])
        colourful = 0
        for names, inputs, colours in self._picture_parts(files):
            self._rows(self._cells(pa.array(names, pa.string())), inputs)
            colourful += colours
        if colourful:
            self.notes.append(
                f"colour was turned into grey in {colourful:,} of {self.rows:,} files"
            )

    def _picture_parts(
        self, files: Iterable[Path | InputStream]
    ) -> Iterator[tuple[list[str], npt.NDArray[np.uint8], int]]:
        shape = self._trained.data.image_shape
        assert shape is not None
        names: list[str] = []
        pictures: list[npt.NDArray[np.uint8]] = []
        colours = 0
        for file in files:
            name = file.name if isinstance(file, InputStream) else str(file)
            held = io.BytesIO(file.read(MAX_BYTES)) if isinstance(file, InputStream) else file
            picture, colourful = read_picture(held, name=name, shape=shape)
            names.append(name.encode(errors="backslashreplace").decode())
            pictures.append(picture)
            colours += colourful
            if len(names) == EVALUATION_ROWS:
                yield names, np.stack(pictures), colours
                names, pictures, colours = [], [], 0
        if names:
            yield names, np.stack(pictures), colours

    @property
    def _columns(self) -> list[str]:
        return [PREDICTION, *(f"{PROBABILITY}{name}" for name in self._trained.data.class_names)]

    def _head(self, columns: Sequence[str]) -> None:
        names = pa.array([*columns, *self._columns], pa.string())
        cells = self._cells(names)
        self._write(
            as_rows([cells[i : i + 1] for i in range(len(cells))], delimiter=self._delimiter)
        )

    def _rows(self, passed: pa.StringArray, inputs: npt.NDArray[np.generic]) -> None:
        """Write a part of B rows: the columns passed on, then the predictions."""
        predictions, probabilities = predict(self._trained.outputs(inputs), self._trained.data)
        if probabilities is None or self._names is None:
            # In the digits that the model computes with; more would be made up.
            cells = [pa.array(predictions.astype(self._trained.dtype)).cast(pa.string())]
        else:
            columns = (pa.array(each) for each in np.ascontiguousarray(probabilities.T))
            cells = [self._names.take(pa.array(predictions))]
            cells += [column.cast(pa.string()) for column in columns]
        self._write(as_rows([passed, *cells], delimiter=self._delimiter))
        self.rows += len(inputs)

    def _cells(self, texts: pa.StringArray) -> pa.StringArray:
        return as_cells(texts, delimiter=self._delimiter)
