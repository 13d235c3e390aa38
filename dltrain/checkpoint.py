"""One training state in one verified file: safetensors with its own digest, no pickle.

The file is readable by every safetensors reader. Its header carries one metadata entry,
``dltrain``: a JSON object with epoch, step, metrics and the sha256 of the whole file, computed
with zeros in the digest's place.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
from torch import Tensor

from dltrain import storage

_BLANK = "0" * 64
KEEP_LAST = 2


class CheckpointError(ValueError):
    """A checkpoint is not what was written; the message names the file and what to do."""


def path_of(folder: Path, epoch: int) -> Path:
    """Return where the checkpoint of an epoch lies."""
    return folder / f"epoch-{epoch:06d}.safetensors"


def save(
    folder: Path, tensors: Mapping[str, Tensor], meta: Mapping[str, Any], *, best_epoch: int
) -> Path:
    """Write a checkpoint durably, then delete all but the last two and the best.

    Args:
        folder: The run's ``checkpoints`` folder, made if it is missing.
        tensors: Parameters and optimizer state by name.
        meta: Must hold ``epoch``; kept as JSON, so plain values only.
        best_epoch: Its checkpoint is kept however old.

    Raises:
        StorageError: If it could not be made durable; older checkpoints are untouched.
    """
    storage.make_folder(folder)
    epoch = int(meta["epoch"])
    text = json.dumps({**meta, "sha256": _BLANK}, sort_keys=True, allow_nan=False)
    contiguous = {name: tensor.contiguous().cpu() for name, tensor in tensors.items()}
    content = safetensors.torch.save(contiguous, metadata={"dltrain": text})
    assert content.count(_BLANK.encode()) >= 1
    digest = hashlib.sha256(content).hexdigest()
    storage.replace(path_of(folder, epoch), content.replace(_BLANK.encode(), digest.encode(), 1))
    kept = [path_of(folder, best_epoch), *sorted(folder.glob("epoch-*.safetensors"))[-KEEP_LAST:]]
    for path in folder.glob("epoch-*.safetensors"):
        if path not in kept:
            storage.remove(path)
    return path_of(folder, epoch)


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
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(f"{path}: is no checkpoint that can be read ({error})") from None
    blank = content.replace(digest.encode(), _BLANK.encode(), 1)
    if len(digest) != 64 or hashlib.sha256(blank).hexdigest() != digest:
        raise CheckpointError(f"{path}: was changed or damaged after it was written (sha256)")
    return safetensors.torch.load(content), meta
