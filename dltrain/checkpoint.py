"""One training state in one verified file: safetensors with its own digest, no pickle.

The file is readable by every safetensors reader. Its header carries one metadata entry,
``dltrain``: a JSON object with epoch, step, metrics and the sha256 of the whole file, computed
with zeros in the digest's place.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
from torch import Tensor

from dltrain import storage

_BLANK = "0" * 64
SAVE_SECONDS = 1.0
State = tuple[dict[str, Tensor], dict[str, Any]]  # tensors and plain values


class CheckpointError(ValueError):
    """A checkpoint is not what was written; the message names the file and what to do."""


def path_of(folder: Path, epoch: int) -> Path:
    """Return where the checkpoint of an epoch lies."""
    return folder / f"epoch-{epoch:06d}.safetensors"


def save(folder: Path, tensors: Mapping[str, Tensor], meta: Mapping[str, Any]) -> Path:
    """Write a checkpoint durably.

    Args:
        folder: The run's ``checkpoints`` folder, made if it is missing.
        tensors: Parameters and optimizer state by name.
        meta: Must hold ``epoch``; kept as JSON, so plain values only.

    Raises:
        StorageError: If it could not be made durable; older checkpoints are untouched.
    """
    storage.make_folder(folder)
    path = path_of(folder, int(meta["epoch"]))
    text = json.dumps({**meta, "sha256": _BLANK}, sort_keys=True, allow_nan=False)
    contiguous = {name: tensor.contiguous().cpu() for name, tensor in tensors.items()}
    content = safetensors.torch.save(contiguous, metadata={"dltrain": text})
    digest = hashlib.sha256(content).hexdigest()
    storage.replace(path, content.replace(_BLANK.encode(), digest.encode(), 1))
    return path


def prune(folder: Path, *, keep: Collection[int], keep_last: int) -> None:
    """Delete checkpoints, but those of the epochs in ``keep`` and the last few.

    Raises:
        StorageError: If one could not be deleted.
    """
    # By length first: a millionth epoch has one digit more.
    paths = sorted(folder.glob("epoch-*.safetensors"), key=lambda path: (len(path.name), path.name))
    kept = {path_of(folder, epoch) for epoch in keep} | set(paths[-keep_last:])
    for path in paths:
        if path not in kept:
            storage.remove(path)


class Keeper:
    """Keeps one member's states: the last two and the best; at the end, the last and the best.

    A short epoch is not worth a durable write, which would cost more than the epoch itself. So
    states are written at most once a second, and a copy of what is not written yet waits in memory
    until then, or until ``close``.

    Args:
        folder: The run's ``checkpoints`` folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._last: State | None = None  # not written yet, like the best
        self._best: State | None = None
        self._best_epoch = 0
        self._written = -math.inf

    def take(self, tensors: Mapping[str, Tensor], meta: Mapping[str, Any], *, best: bool) -> None:
        """Take the state after an epoch, and whether it is the best so far; write if it is time."""
        self._last = {name: tensor.clone() for name, tensor in tensors.items()}, dict(meta)
        if best:
            self._best, self._best_epoch = self._last, int(meta["epoch"])
        if time.monotonic() - self._written >= SAVE_SECONDS:
            self._write(keep_last=2)

    def close(self) -> None:
        """Write what waits; leave the last and the best."""
        self._write(keep_last=1)

    def _write(self, *, keep_last: int) -> None:
        if self._best is not None and self._best is not self._last:
            save(self._folder, *self._best)
        if self._last is not None:
            save(self._folder, *self._last)
        self._best = self._last = None
        self._written = time.monotonic()
        prune(self._folder, keep=[self._best_epoch], keep_last=keep_last)


def load(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read a checkpoint back: (tensors, meta).

    Raises:
        CheckpointError: If a single bit of it differs from what was written.
    """
    try:
        content = path.read_bytes()
        length = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + length])
        meta = json.loads(header["__metadata__"]["dltrain"])
        digest = str(meta.pop("sha256"))
        blank = content.replace(digest.encode(), _BLANK.encode(), 1)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(f"{path}: is no checkpoint that can be read ({error})") from None
    if len(digest) != 64 or hashlib.sha256(blank).hexdigest() != digest:
        raise CheckpointError(f"{path}: was changed or damaged after it was written (sha256)")
    return safetensors.torch.load(content), meta
