"""Writer of one run folder: config, metrics, timing, log, ``run.json``; files of lines.

``run.py`` reads it back. ``metrics.csv`` holds no clock, so equal runs write equal bytes.
"""

from __future__ import annotations

import datetime
import hashlib
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dltrain.runs import metrics_file
from dltrain.runs.address import command_on
from dltrain.runs.layout import CHECKPOINTS, COEFFICIENTS, LOG, METRICS, ROW_VALUES, TIMING
from dltrain.runs.record import digest, encoded, now, write_info
from dltrain.runs.run import Run
from dltrain.runs.tracker import Tracker
from dltrain.runs.verification import checkpoint_paths
from dltrain.system import disk
from dltrain.text import escaped_lines

FLUSH_SECONDS = 1.0
TIMING_HEADER = "epoch,seconds,examples_per_second"


@dataclass(frozen=True)
class Kept:
    """Content of the files of an earlier process that is kept."""

    metrics: bytes  # ``metrics.csv``, up to the state that training goes on from
    timing: bytes  # ``timing.csv``, likewise


def number(value: float) -> str:
    """Write a number for a CSV file with nine digits, enough to tell float32 numbers apart."""
    return "nan" if math.isnan(value) else f"{value:.9g}"


class Recorder:
    """Writes one run folder while the run goes on.

    Args:
        folder: A folder claimed with ``new_folder``.
        info: The first content of ``run.json``, the run's identity in it; ``finish`` adds the rest.
        documents: Name -> text of the files that say what the run is; ``run.json`` keeps their
            digests.
        columns: Of ``metrics.csv``; a row may leave some out.
        kept: If an earlier process began the folder, what it left that counts; None: begin.
        trackers: What follows the run beside its own files.
    """

    def __init__(
        self,
        folder: Path,
        *,
        info: Mapping[str, Any],
        documents: Mapping[str, str],
        columns: Sequence[str],
        kept: Kept | None = None,
        trackers: Sequence[Tracker] = (),
    ) -> None:
        if kept is not None and kept.metrics.partition(b"\n")[0].decode() != ",".join(columns):
            anew = command_on(Run(folder, dict(info)), "rerun")
            raise ValueError(
                f"{folder / METRICS}: has columns of other metrics than there are now; "
                f"train it anew: {anew}"
            )
        self.folder = folder
        self.finished = False
        contents = {name: encoded(text) for name, text in documents.items()}
        self._info = {**info, "files": {name: digest(text) for name, text in contents.items()}}
        self._columns = list(columns)
        self._trackers = trackers
        self._flushed = time.monotonic()
        self._metrics, self._timing, self._log = (
            Lines(folder / name) for name in (METRICS, TIMING, LOG)
        )
        disk.remove_temporaries(folder)
        if (folder / CHECKPOINTS).is_dir():
            disk.remove_temporaries(folder / CHECKPOINTS)
        self._write()  # first: whatever else is missing, a run that has this can be resumed
        for name, content in contents.items():
            disk.replace(folder / name, content)
        if kept is None:
            clear(folder)
            self._metrics.take(",".join(self._columns))
            self._timing.take(TIMING_HEADER)
        else:
            disk.cut(folder / METRICS, len(kept.metrics))
            disk.replace(folder / TIMING, kept.timing)
            for name in (COEFFICIENTS, ROW_VALUES):  # of weights that are about to change
                disk.remove(folder / name)
            self._metrics.go_on(kept.metrics)
        for tracker in trackers:
            tracker.begin([] if kept is None else metrics_file.parse(kept.metrics))
        self._flush()

    @property
    def id(self) -> str:
        """Name of the folder, which is the run's id."""
        return self.folder.name

    def epoch(self, row: Mapping[str, float], *, seconds: float, examples: int) -> None:
        """Append one epoch to the metrics, the timing and the log, at most a second late."""
        cells = [number(row[name]) if name in row else "" for name in self._columns]
        self._metrics.take(",".join(cells))
        for tracker in self._trackers:
            tracker.epoch(dict(zip(self._columns, cells, strict=True)))
        self._timing.take(f"{row['epoch']:g},{seconds:.6f},{examples / seconds:.1f}")
        self._take_log(
            " ".join(f"{n}={'-' if math.isnan(x) else f'{x:.6g}'}" for n, x in row.items())
        )
        if time.monotonic() - self._flushed >= FLUSH_SECONDS:
            self._flush()

    def recent(self, column: str, *, count: int) -> list[float]:
        """Return the numbers of a column in the last so many epochs."""
        self._flush()
        rows = metrics_file.rows(self.folder / METRICS, first=0, last=count)
        numbers = (metrics_file.as_number(row.get(column)) for row in rows)
        return [number for number in numbers if number is not None]

    def log(self, text: str) -> None:
        """Append to ``train.log``; every line gets the time."""
        self._take_log(text)
        self._flush()

    def mark(self) -> dict[str, Any]:
        """Return the run's identity and the length of ``metrics.csv``, for a checkpoint."""
        return {"run": self._info["identity"], "metrics": self._metrics.mark()}

    def sync(self) -> None:
        """Make the metrics durable before a checkpoint that refers to them is written."""
        self._flush()
        disk.sync(self.folder / METRICS)

    def _take_log(self, text: str) -> None:
        now = datetime.datetime.now().strftime("%Y-%m-%d %H:%M:%S")
        for line in escaped_lines(text):
            self._log.take(f"{now} {line}")

    def _flush(self) -> None:
        """Write the waiting lines; epochs may be too short to do it after each."""
        self._flushed = time.monotonic()
        for lines in (self._metrics, self._timing, self._log):
            lines.flush()
        for tracker in self._trackers:
            tracker.flush()

    def document(self, name: str, content: bytes) -> None:
        """Write a small file at once; ``run.json`` will keep its digest."""
        disk.replace(self.folder / name, content)
        self._info["files"][name] = digest(content)

    def finish(
        self,
        *,
        status: str,
        exit_code: int,
        seconds: float,
        result: Mapping[str, Any],
        products: Mapping[str, int] | None = None,
    ) -> None:
        """Write the last ``run.json``.

        Args:
            status: How the run ended.
            exit_code: Of its process, if it were alone.
            seconds: Training time of the run in this process.
            result: What came out.
            products: How many shapes of matrix products were computed in each way.
        """
        self.log(f"{status}, exit code {exit_code}")
        for tracker in self._trackers:
            tracker.finish(status, result)
        self._info["files"][METRICS] = self._metrics.mark()["sha256"]
        self._info |= {
            "status": status,
            "exit_code": exit_code,
            "finished": now(),
            "seconds": float(self._info["seconds"]) + seconds,
            "result": dict(result),
            "products": dict(products or {}),
        }
        self._write()
        self.finished = True

    def _write(self) -> None:
        write_info(self.folder, self._info)


def clear(folder: Path) -> None:
    """Delete an earlier training's files in a run folder; its log and ``.unused`` files stay."""
    for path in checkpoint_paths(folder / CHECKPOINTS):
        disk.remove(path)
    for name in (METRICS, TIMING, COEFFICIENTS, ROW_VALUES):
        disk.remove(folder / name)


# How long a file was, and the digest of that: {"bytes": ..., "sha256": ...}.
Mark = dict[str, Any]


class Lines:
    """A text file that grows by whole lines; they may wait a moment before they are written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting: list[str] = []
        self._digest = hashlib.sha256()
        self._size = 0

    def take(self, line: str) -> None:
        """Add a line."""
        self._waiting.append(line)
        content = f"{line}\n".encode(errors="backslashreplace")
        self._digest.update(content)
        self._size += len(content)

    def flush(self) -> None:
        """Write the waiting lines; a line that may have been written is not written again."""
        if self._waiting:
            lines, self._waiting = self._waiting, []
            disk.append(self._path, lines)

    def mark(self) -> Mark:
        """Return the length of the file with all lines taken, and its digest."""
        return {"bytes": self._size, "sha256": self._digest.hexdigest()}

    def go_on(self, content: bytes) -> None:
        """Continue after this content, which the file holds."""
        self._digest.update(content)
        self._size = len(content)
