"""One training state in one verified file: safetensors with its own digest, no pickle.

The file is readable by every safetensors reader. Its header carries one metadata entry,
``dltrain``: a JSON object with epoch, step, metrics and the sha256 of the whole file, computed
with zeros in the digest's place.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

from dltrain import storage

_BLANK = "0" * 64
SAVE_SECONDS = 1.0
Meta = dict[str, Any]  # what goes with a state: plain values, ``epoch`` among them


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
    """Keeps M members' states: the last two and the best; at the end, the last and the best.

    A short epoch is not worth a durable write, which would cost more than the epoch itself. So
    states are written at most once a second, and not so often that writing takes more than a
    twentieth of the time; what is not written yet waits in memory until then, or until ``close``.

    Args:
        folders: Each member's ``checkpoints`` folder; None: a member whose states are not kept.
    """

    def __init__(self, folders: Sequence[Path | None]) -> None:
        self._folders = list(folders)
        self._last: dict[str, Tensor] = {}  # [M, ...] each, like the best
        self._best: dict[str, Tensor] = {}
        self._metas: list[Meta | None] = [None] * len(folders)  # of what is not written yet
        self._best_metas: list[Meta | None] = [None] * len(folders)
        self._best_epochs = [0] * len(folders)
        self._next = -math.inf

    def take(
        self,
        tensors: Mapping[str, Tensor],
        metas: Sequence[Meta | None],
        *,
        best: Sequence[bool],
    ) -> None:
        """Take the states after an epoch; write if it is time.

        Args:
            tensors: [M, ...] each, the live ones.
            metas: What goes with each member's state; None: it has stopped, and its state stays.
            best: Whether the state is the member's best so far.
        """
        taken = [meta is not None for meta in metas]
        improved = [better and own for better, own in zip(best, taken, strict=True)]
        self._last = _merged(tensors, self._last, taken)
        # If all improve, the two can share their memory: neither is ever written into.
        self._best = self._last if all(improved) else _merged(self._last, self._best, improved)
        for member, meta in enumerate(metas):
            if meta is not None:
                self._metas[member] = meta
            if meta is not None and improved[member]:
                self._best_metas[member] = meta
                self._best_epochs[member] = int(meta["epoch"])
        if time.monotonic() >= self._next:
            self._write(keep_last=2)

    def close(self) -> None:
        """Write what waits; leave the last and the best."""
        self._write(keep_last=1)

    def _write(self, *, keep_last: int) -> None:
        started = time.monotonic()
        storage.side_by_side(
            functools.partial(self._write_member, keep_last=keep_last), range(len(self._folders))
        )
        ended = time.monotonic()
        self._next = ended + max(SAVE_SECONDS, 20 * (ended - started))

    def _write_member(self, member: int, *, keep_last: int) -> None:
        folder = self._folders[member]
        if folder is None:
            return
        last, best = self._metas[member], self._best_metas[member]
        if best is not None and best is not last:
            save(folder, {n: t[member] for n, t in self._best.items()}, best)
        if last is not None:
            save(folder, {n: t[member] for n, t in self._last.items()}, last)
        prune(folder, keep=[self._best_epochs[member]], keep_last=keep_last)
        self._metas[member] = self._best_metas[member] = None


def _merged(
    new: Mapping[str, Tensor], old: Mapping[str, Tensor], taken: Sequence[bool]
) -> dict[str, Tensor]:
    """Copy the new states [M, ...] of the members taken; the others keep the old ones."""
    if all(taken) or not old:
        return {name: tensor.clone() for name, tensor in new.items()}
    if not any(taken):
        return dict(old)
    chosen = torch.tensor(taken)
    return {
        name: torch.where(chosen.to(t.device).view(-1, *[1] * (t.dim() - 1)), t, old[name])
        for name, t in new.items()
    }


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
