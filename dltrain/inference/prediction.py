"""Predictions for new rows, computed and written in bounded memory.

Letters: n rows of a block, B rows of a part, H height, W width, C classes.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dltrain.data.dataset import EVALUATION_ROWS
from dltrain.data.images.form import Edges
from dltrain.data.images.idx import image_parts
from dltrain.data.input_stream import InputStream
from dltrain.data.table.formats import RowBlocks
from dltrain.data.table.new_rows import OtherRows
from dltrain.inference.evaluation import predict
from dltrain.inference.picture_rows import PictureRows
from dltrain.inference.row_writers import RowWriter
from dltrain.inference.saved_model import Trained

PREDICTION, PROBABILITY = "prediction", "probability_"


class Predictor:
    """Predicts rows and writes them, what went in beside what came out.

    Args:
        trained: The model.
        writer: Takes the rows, part by part.
    """

    def __init__(self, trained: Trained, writer: RowWriter) -> None:
        self.rows = 0  # how many have been predicted
        self.notes: list[str] = []  # what the user should know of them, in sentences
        self._trained, self._writer = trained, writer
        self._names = pa.array(trained.data.class_names, pa.string())
        self._columns = _computed_columns(trained)

    def table(self, blocks: RowBlocks) -> None:
        """Predict the rows of a table: its columns, then the predictions.

        Raises:
            ValueError: If it does not have what the run learned from.
        """
        data = self._trained.data
        others = OtherRows(data, blocks.header, name=blocks.name, dtype=self._trained.dtype)
        taken = [name for name in self._columns.names if name in blocks.header]
        if taken:
            raise ValueError(
                f"{blocks.name}: has a column {taken[0]!r} already, as predictions will have; "
                "rename it"
            )
        every = iter(blocks)
        first = list(itertools.islice(every, 1))
        types = [cells.type for rows in first for cells in rows.columns]
        types = types or [pa.string()] * len(blocks.header)
        self._begin(dict(zip(blocks.header, types, strict=True)))
        for rows in itertools.chain(first, every):
            passed = self._writer.ready(rows.columns)
            for part in others.parts(rows):
                length = part.stop - part.start
                self._rows([column.slice(part.start, length) for column in passed], part.inputs)
        self.notes += others.notes()

    def images(self, source: InputStream) -> None:
        """Predict the images of an IDX file: the row, then the predictions.

        Raises:
            ValueError: If it holds no images of the size the run learned from.
        """
        shape = self._trained.data.image_shape
        assert shape is not None
        self._begin({"row": pa.int64()})
        edges = Edges(self._trained.data)
        for inputs in image_parts(source, shape=shape, rows=EVALUATION_ROWS):
            numbers = np.arange(self.rows, self.rows + len(inputs))
            self._rows(self._writer.ready([pa.array(numbers, pa.int64())]), inputs)
            edges.look(inputs)
        self.notes += filter(None, [edges.note()])

    def pictures(self, files: Sequence[Path | InputStream]) -> None:
        """Predict PNG and JPEG files: the file, then the predictions; others are noted.

        Raises:
            ValueError: If none of them can be predicted.
        """
        names = [file.name if isinstance(file, InputStream) else str(file) for file in files]
        rows = PictureRows(self._trained.data)
        for numbers, inputs in rows.parts(files):
            if not self.rows:  # now that there is one to be predicted
                self._begin({"file": pa.string()})
            texts = [names[n].encode(errors="backslashreplace").decode() for n in numbers]
            self._rows(self._writer.ready([pa.array(texts, pa.string())]), inputs)
        self.notes += rows.notes()

    def _begin(self, passed: dict[str, pa.DataType]) -> None:
        self._writer.begin(pa.schema([*pa.schema(passed), *self._columns]))

    def _rows(self, passed: list[pa.Array], inputs: npt.NDArray[np.generic]) -> None:
        """Write a part of B rows: the columns passed on, then the predictions."""
        predictions, probabilities = predict(self._trained.outputs(inputs), self._trained.data)
        if probabilities is None:
            # In the digits that the model computes with; more would be made up.
            with np.errstate(over="ignore"):  # of a logarithm: beyond the type is inf
                computed = [pa.array(predictions.astype(self._trained.dtype))]
        else:
            columns = (pa.array(each) for each in np.ascontiguousarray(probabilities.T))
            computed = [self._names.take(pa.array(predictions)), *columns]
        self._writer.write(passed, computed)
        self.rows += len(inputs)


def _computed_columns(trained: Trained) -> pa.Schema:
    """Name the columns that are computed, and none of them like a column of the run's own."""
    data, dtype = trained.data, pa.type_for_alias(trained.dtype)
    names = [PREDICTION, *(f"{PROBABILITY}{name}" for name in data.class_names)]
    types = [pa.string(), *[pa.float32()] * len(data.class_names)] if data.class_names else [dtype]
    known = {data.target_name, *(column.name for column in data.columns), *data.feature_names}
    while known & set(names):
        names = [f"dltrain_{name}" for name in names]
    return pa.schema(list(zip(names, types, strict=True)))
