"""A checkpoint file: one training state in safetensors with its own digest, no pickle.

The file is readable by every safetensors reader. Its header carries one metadata entry,
``dltrain``: a JSON object with epoch, step, what the member has come to, how far ``metrics.csv``
was, and the sha256 of the whole file, computed with zeros in the digest's place.
"""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

from dltrain.runs.layout import checkpoint_name
from dltrain.runs.verification import BLANK, MAX_HEADER_BYTES, checkpoint_paths, is_intact, sealed
from dltrain.system import disk
from dltrain.system.foreign_files import plain_file, read_bytes

SAVE_SECONDS = 1.0
# Within an epoch: what a kill may cost.
UNDERWAY_SECONDS = 60.0
# No state of a model that dltrain trains is larger: 2^30 numbers of 8 bytes, three times (Adam).
MAX_BYTES = 2**35
Meta = dict[str, Any]  # what goes with a state: plain values, ``epoch`` and ``step`` among them
# The checkpoints of a folder, the latest first.
paths = checkpoint_paths


class CheckpointError(ValueError):
    """A checkpoint is not what was written; the message names the file and what to do."""


def path_of(folder: Path, meta: Mapping[str, Any]) -> Path:
    """Return the path of a state: ``epoch-000003``, and ``-step-00000700`` if it is underway."""
    return folder / checkpoint_name(meta["epoch"], meta["step"] if meta.get("underway") else None)


def save(folder: Path, tensors: Mapping[str, Tensor], meta: Mapping[str, Any]) -> Path:
    """Write a checkpoint durably; ``meta`` holds ``epoch``, and plain values only.

    Raises:
        StorageError: If it could not be made durable; older checkpoints are untouched.
    """
    disk.make_folder(folder)
    path = path_of(folder, meta)
    # Sorted, but for what is within: the order of a row's columns is the order of results.csv.
    ordered = dict(sorted({**meta, "sha256": BLANK}.items()))
    text = json.dumps(ordered, allow_nan=False)
    contiguous = {name: tensor.contiguous().cpu() for name, tensor in tensors.items()}
    disk.replace(path, sealed(safetensors.torch.save(contiguous, metadata={"dltrain": text})))
    return path


def shapes(path: Path) -> tuple[dict[str, tuple[str, list[int]]], Meta]:
    """Read the header of a checkpoint without its tensors: ({name: (type, shape)}, meta).

    So whoever knows what it should hold need not make room for what it does hold.

    Raises:
        CheckpointError: If it says nothing that can be read.
    """
    try:
        with plain_file(path) as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length) if length <= MAX_HEADER_BYTES else b"")
        meta = json.loads(header.pop("__metadata__")["dltrain"])
        tensors = {name: (entry["dtype"], entry["shape"]) for name, entry in header.items()}
        if not isinstance(meta, dict):
            raise TypeError("no metadata")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _unreadable(path, error) from None
    return tensors, meta


def load(path: Path, *, limit: int = MAX_BYTES) -> tuple[dict[str, Tensor], Meta]:
    """Read a checkpoint of at most ``limit`` bytes back: (tensors, meta).

    Raises:
        CheckpointError: If a single bit of it differs from what was written.
    """
    try:
        content = read_bytes(path, limit=limit)
        length = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + length])
        meta = json.loads(header["__metadata__"]["dltrain"])
        digest = meta.pop("sha256")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _unreadable(path, error) from None
    if not is_intact(content, digest):
        raise CheckpointError(f"{path}: was changed or damaged after it was written (sha256)")
    try:
        return safetensors.torch.load(content), meta
    # Sealed, and yet no such file, or of numbers that torch has no name for: a forgery.
    except (safetensors.SafetensorError, KeyError) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> CheckpointError:
    reason = str(error).removeprefix(f"{path}: ")
    return CheckpointError(f"{path}: is no checkpoint that can be read ({reason})")


def prune(folder: Path, *, keep: Collection[Path], keep_last: int) -> None:
    """Delete all checkpoints but those in ``keep`` and the last few."""
    existing = paths(folder)
    for path in existing[keep_last:]:  # the later first, since it may count on the one before
        if path not in keep:
            disk.remove(path)


class Keeper:
    """Keeps M members' states: the last two and their bests; at the end, the last and the best.

    States wait in memory until ``write``. A short epoch is not worth a durable write, which would
    cost more than the epoch itself: ``is_due`` says when it is time, at most once a second, and
    not so often that writing takes more than a twentieth of the time.

    Args:
        folders: Each member's ``checkpoints`` folder; None: a member whose states are not kept.
        bests: The best epochs of members that go on, whose checkpoints are there already.
    """

    def __init__(
        self, folders: Sequence[Path | None], *, bests: Sequence[int] | None = None
    ) -> None:
        self._folders = list(folders)
        self._last: dict[str, Tensor] = {}  # [M, ...] each, like the best
        self._best: dict[str, Tensor] = {}
        self._metas: list[Meta | None] = [None] * len(folders)  # of what is not written yet
        self._best_metas: list[Meta | None] = [None] * len(folders)
        self._best_epochs = list(bests or [0] * len(folders))
        self._has_best = [False] * len(folders)  # whether it was taken here, not by another process
        # Those that the last two states on disk speak of, without which they are worth nothing.
        self._spoken_of = [(epoch, epoch) for epoch in self._best_epochs]
        self._written, self._is_first = time.monotonic(), True
        self._pause = SAVE_SECONDS

    def take(
        self, tensors: Mapping[str, Tensor], metas: Sequence[Meta | None], *, best: Sequence[bool]
    ) -> None:
        """Take the members' states.

        Args:
            tensors: [M, ...] each, the live ones.
            metas: What goes with each member's state; None: it has stopped, and its last state
                was written when it did.
            best: Whether the state is the member's best so far.
        """
        improved = [is_best and meta is not None for is_best, meta in zip(best, metas, strict=True)]
        self._last = {name: tensor.clone() for name, tensor in tensors.items()}
        if all(improved):  # the two can share their memory: neither is ever written into
            self._best = self._last
        elif any(improved):
            self._best = _merged(self._last, self._best, improved)
        for member, meta in enumerate(metas):
            if meta is not None:
                self._metas[member] = meta
            if meta is not None and improved[member]:
                self._best_metas[member] = meta
                self._best_epochs[member] = int(meta["epoch"])
                self._has_best[member] = True

    def reached_by(self, member: int, *, limit: int) -> dict[str, Tensor]:
        """Return a member's best state: what was taken here, or a file of at most limit bytes."""
        folder = self._folders[member]
        if self._has_best[member] or folder is None:
            return {name: tensor[member] for name, tensor in self._best.items()}
        tensors, _ = load(path_of(folder, {"epoch": self._best_epochs[member]}), limit=limit)
        return tensors

    def is_due(self, *, underway: bool = False) -> bool:
        """Tell whether it is time to write: after an epoch, or, more seldom, within one."""
        if underway:
            return time.monotonic() >= self._written + max(self._pause, UNDERWAY_SECONDS)
        return self._is_first or time.monotonic() >= self._written + self._pause

    def write(self, members: Sequence[int] | None = None, *, ended: bool = False) -> None:
        """Write waiting states, all members' if none are named; in the end keep last and best."""
        if members is not None and not members:
            return
        started = time.monotonic()
        disk.side_by_side(
            functools.partial(self._write_member, keep_last=1 if ended else 2),
            range(len(self._folders)) if members is None else members,
        )
        self._written, self._is_first = time.monotonic(), False
        self._pause = max(SAVE_SECONDS, 20 * (self._written - started))

    def _write_member(self, member: int, *, keep_last: int) -> None:
        folder = self._folders[member]
        if folder is None:
            return
        last, best = self._metas[member], self._best_metas[member]
        # The best first: a state is worth something only beside the best that it speaks of.
        if best is not None and best is not last:
            save(folder, {n: t[member] for n, t in self._best.items()}, best)
        if last is not None:
            save(folder, {n: t[member] for n, t in self._last.items()}, last)
            self._spoken_of[member] = self._spoken_of[member][1], self._best_epochs[member]
        bests = self._spoken_of[member][-keep_last:]
        keep = [path_of(folder, {"epoch": epoch}) for epoch in bests]
        prune(folder, keep=keep, keep_last=keep_last)
        self._metas[member] = self._best_metas[member] = None


def _merged(
    new: Mapping[str, Tensor], old: Mapping[str, Tensor], improved: Sequence[bool]
) -> dict[str, Tensor]:
    """Take the new states [M, ...] of the members that improved, the old ones of the others."""
    if not old:
        return dict(new)
    chosen = torch.tensor(improved)
    return {
        name: torch.where(chosen.to(t.device).view(-1, *[1] * (t.dim() - 1)), t, old[name])
        for name, t in new.items()
    }
