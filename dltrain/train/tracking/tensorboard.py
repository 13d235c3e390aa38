"""A run's event file, as TensorBoard reads it: scalars, hyperparameters, how the run ended.

The records are made in memory with TensorBoard's own code and appended. What they say of epochs is
what ``metrics.csv`` says, digit for digit, so a run that goes on lets the file hold exactly the
epochs it goes on from: no point twice, none lost. Only the time at which each was taken is in this
file alone.

No run describes the experiment it belongs to (``_hparams_/experiment``): of several descriptions
TensorBoard takes any one for all runs, and without one it lists the keys and metrics of all.
"""

from __future__ import annotations

import io
import math
import struct
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.plugins.hparams import metadata
from tensorboard.plugins.hparams.api_pb2 import STATUS_FAILURE, STATUS_SUCCESS, Status
from tensorboard.plugins.hparams.plugin_data_pb2 import (
    HParamsPluginData,
    SessionEndInfo,
    SessionStartInfo,
)
from tensorboard.summary.writer.record_writer import RecordWriter

from dltrain.runs.layout import EVENTS
from dltrain.runs.metrics_file import as_number
from dltrain.runs.run_time import moment
from dltrain.system import disk
from dltrain.system.foreign_files import read_bytes

# An epoch takes about 200 bytes; of a longer file the times are not read back.
MAX_BYTES = 2**30
# A record: the length of its content and a checksum of that, the content, a checksum.
_LENGTH, _CHECKSUM = struct.Struct("<Q"), 4
# A run that was interrupted has not ended: it may go on.
_STATUS = {"done": STATUS_SUCCESS, "diverged": STATUS_FAILURE, "failed": STATUS_FAILURE}


class EventFile:
    """Writes the event file of a run folder while the run goes on."""

    def __init__(
        self, folder: Path, *, name: str, settings: Mapping[str, Any], started: object
    ) -> None:
        self._path = folder / EVENTS
        self._name, self._settings = name, dict(settings)
        self._started = moment(started) or time.time()
        self._waiting: list[bytes] = []

    def begin(self, rows: Iterable[Mapping[str, str]]) -> None:
        """Begin the file with these epochs, dropping later ones of an earlier process."""
        disk.make_folder(self._path.parent)
        disk.remove_temporaries(self._path.parent)
        before = self._before()
        times = _times(before)
        now = time.time()
        epochs = (_epoch(row, times.get(step, now)) for row in rows if (step := _step(row)))
        content = self._head() + b"".join(epochs)
        if not before.startswith(content):
            disk.replace(self._path, content)
        elif len(before) > len(content):  # in place, for who is reading it
            disk.cut(self._path, len(content))

    def epoch(self, row: Mapping[str, str]) -> None:
        """Add one epoch: column -> cell."""
        self._waiting.append(_epoch(row, time.time()))

    def flush(self) -> None:
        """Write the events that wait."""
        if self._waiting:
            content, self._waiting = b"".join(self._waiting), []
            disk.append_bytes(self._path, content)

    def finish(self, status: str, result: Mapping[str, Any]) -> None:
        """Record how the run ended, unless it may go on."""
        now, kept = time.time(), result.get("kept") or {}
        test = {name: value for name, value in kept.items() if name.startswith("test/")}
        step = int(kept.get("step", 0))
        if status in _STATUS:
            if test:
                values = [Summary.Value(tag=k, simple_value=v) for k, v in test.items()]
                event = Event(wall_time=now, step=step, summary=Summary(value=values))
                self._waiting.append(_record(event))
            ended = SessionEndInfo(status=Status.Name(_STATUS[status]), end_time_secs=now)
            data = HParamsPluginData(session_end_info=ended)
            self._waiting.append(_hparams(metadata.SESSION_END_INFO_TAG, data, now))
        self.flush()
        disk.sync(self._path)  # of a run that is done nothing is ever written anew

    def _head(self) -> bytes:
        """Return the bytes before the epochs, which are always the same for a run."""
        version = Event(wall_time=self._started, file_version="brain.Event:2")
        start = SessionStartInfo(group_name=self._name, start_time_secs=self._started)
        for key, value in self._settings.items():
            if isinstance(value, bool):
                start.hparams[key].bool_value = value
            elif isinstance(value, int | float):
                start.hparams[key].number_value = value
            else:
                start.hparams[key].string_value = value
        data = HParamsPluginData(session_start_info=start)
        session = _hparams(metadata.SESSION_START_INFO_TAG, data, self._started)
        return _record(version) + session

    def _before(self) -> bytes:
        """Read what an earlier process wrote; only times are taken from it."""
        try:
            return read_bytes(self._path, limit=MAX_BYTES)
        except ValueError:
            return b""


def _epoch(row: Mapping[str, str], taken: float) -> bytes:
    """Encode the scalars of an epoch."""
    values = [
        Summary.Value(tag=name, simple_value=number)
        for name, cell in row.items()
        if name not in ("epoch", "step") and (number := _number(cell)) is not None
    ]
    return _record(Event(wall_time=taken, step=_step(row), summary=Summary(value=values)))


def _hparams(tag: str, data: HParamsPluginData, taken: float) -> bytes:
    """Encode what the HParams tab reads."""
    data.version = metadata.PLUGIN_DATA_VERSION
    plugin = SummaryMetadata.PluginData(
        plugin_name=metadata.PLUGIN_NAME,
        # Else the settings would stand in another order each time.
        content=data.SerializeToString(deterministic=True),
    )
    value = Summary.Value(
        tag=tag, metadata=SummaryMetadata(plugin_data=plugin), tensor=metadata.NULL_TENSOR
    )
    return _record(Event(wall_time=taken, summary=Summary(value=[value])))


def _record(event: Event) -> bytes:
    buffer = io.BytesIO()
    RecordWriter(buffer).write(event.SerializeToString())
    return buffer.getvalue()


def _times(content: bytes) -> dict[int, float]:
    """Return the time of each step's first scalars, as far as the file can be read."""
    times: dict[int, float] = {}
    position = 0
    while position + _LENGTH.size + _CHECKSUM <= len(content):
        (length,) = _LENGTH.unpack_from(content, position)
        start = position + _LENGTH.size + _CHECKSUM
        if start + length > len(content):
            break
        try:
            event = Event.FromString(content[start : start + length])
        except DecodeError:
            break
        if math.isfinite(event.wall_time):
            times.setdefault(event.step, event.wall_time)
        position = start + length + _CHECKSUM
    return times


def _step(row: Mapping[str, str]) -> int:
    """Return the step of a row; 0 if it has none, for which there is no epoch."""
    text = row.get("step", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _number(cell: str) -> float | None:
    """Read a cell as a number, which TensorBoard shows even where it is not finite."""
    return float(cell) if cell in ("nan", "inf", "-inf") else as_number(cell)
