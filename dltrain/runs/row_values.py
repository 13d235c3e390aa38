"""``val_rows.npy``: what each validation row contributes to the metric that chooses.

Of an accuracy it is a bit for each row, right or wrong; of all else a number for each of at most
``MOST`` rows, evenly spaced, whose mean over all rows is the metric. With it two runs that were
judged by the same rows can be compared row by row.

Letters: N rows.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt

from dltrain.runs.layout import ROW_VALUES
from dltrain.runs.run import Run
from dltrain.system.foreign_files import read_bytes

MOST = 4096
# Of a file: as many bits as there can be rows, or as many numbers as are kept.
MAX_BYTES = 2**24

Floats = npt.NDArray[np.float32]


def as_file(values: npt.NDArray[np.floating]) -> bytes:
    """Write the contributions [N] of all rows as a file."""
    file = io.BytesIO()
    if np.isin(values, (0, 1)).all():
        np.save(file, np.packbits(values.astype(bool)))
    else:
        chosen = np.linspace(0, len(values) - 1, min(len(values), MOST)).round().astype(int)
        np.save(file, values[chosen].astype(np.float32))
    return file.getvalue()


def row_values(run: Run, metric: str) -> Floats | None:
    """Read the contributions of a run's validation rows to a metric.

    Returns:
        [N] or fewer; None if the run has none of that metric.
    """
    path = run.folder / ROW_VALUES
    if run.part("metric") != metric or not path.is_file():
        return None
    try:
        array: Any = np.load(io.BytesIO(read_bytes(path, limit=MAX_BYTES)), allow_pickle=False)
    except (ValueError, EOFError, OSError):  # `runs show` says what is wrong with it
        return None
    count = run.part("data", "rows", "val")
    if not isinstance(array, np.ndarray) or array.ndim != 1 or not isinstance(count, int):
        return None
    if array.dtype == np.uint8 and 0 < count <= 8 * len(array):
        return np.unpackbits(array, count=count).astype(np.float32)
    fits = array.dtype == np.float32 and len(array) == min(count, MOST)
    return array if fits and np.isfinite(array).all() else None
