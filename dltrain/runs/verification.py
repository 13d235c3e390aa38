"""Digests and verification of run folders: whether files are still what the run wrote. No torch.

``run.json`` lists digests of the files beside it, a checkpoint carries its own. They guard against
accidents: whoever rewrites a file on purpose can rewrite its digest with it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from dltrain.runs.layout import (
    CHECKPOINT,
    CHECKPOINTS,
    FILES,
    FOLDERS,
    LISTED,
    METRICS,
    checkpoint_name,
)
from dltrain.system.foreign_files import plain_file

# What may be hashed while someone waits for it: under a second.
PATIENCE_BYTES = 2**28
MAX_HEADER_BYTES = 2**24
_CHUNK = 2**20


def checkpoint_paths(folder: Path) -> list[Path]:
    """List a folder's checkpoints, the latest first."""
    if folder.is_symlink() or not folder.is_dir():
        return []
    matches = [(m, path) for path in folder.iterdir() if (m := CHECKPOINT.fullmatch(path.name))]
    matches.sort(key=lambda pair: (int(pair[0][1]), int(pair[0][2] or 0)), reverse=True)
    return [path for _, path in matches]


def has_results(folder: Path, info: Mapping[str, Any]) -> bool:
    """Whether a finished run still has its metrics and its last state.

    A record that lists no metrics, as none of ours does, says nothing of them.
    """
    result, files = info.get("result"), info.get("files")
    final = result.get("final") if isinstance(result, dict) else None
    epoch = final.get("epoch") if isinstance(final, dict) else None
    if not isinstance(files, dict) or METRICS not in files or not isinstance(epoch, int | float):
        return True
    if not 0 <= epoch < 10**9:
        return False
    state = folder / CHECKPOINTS / checkpoint_name(round(epoch))
    return os.path.isfile(folder / METRICS) and os.path.isfile(state)


def file_problems(folder: Path, files: object) -> Iterator[str]:
    """Yield which files of a run folder, or a sweep's, are not as they were written."""
    listed = files if isinstance(files, dict) else {}
    patience = PATIENCE_BYTES
    expected = [(folder / name, listed[name]) for name in LISTED if name in listed]
    checkpoints = folder / CHECKPOINTS
    if checkpoints.is_symlink():
        yield f"{CHECKPOINTS}: is a link, which is not followed"
    checkpoint_files = [(path, None) for path in checkpoint_paths(checkpoints)]
    for path, digest in [*expected, *checkpoint_files]:
        name = path.relative_to(folder)
        try:
            with plain_file(path) as file:
                patience -= os.fstat(file.fileno()).st_size
                if patience < 0:
                    yield f"{name}: is too large to be checked here, as is what comes after it"
                    return
                intact = is_sealed(file) if digest is None else _digest(file) == digest
        except ValueError as error:
            yield f"{name}: {str(error).removeprefix(f'{path}: ')}"
            continue
        if not intact:
            yield f"{name}: was changed or damaged after it was written"


def is_sealed(file: IO[bytes]) -> bool:
    """Tell whether a checkpoint, read from its start, is byte for byte what was written."""
    head = file.read(8)
    length = int.from_bytes(head, "little")
    if length > MAX_HEADER_BYTES:
        return False
    head += file.read(length)
    try:
        meta: Any = json.loads(json.loads(head[8:])["__metadata__"]["dltrain"])
        digest = meta["sha256"].encode("ascii")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False
    if len(digest) != len(BLANK):
        return False
    start = head.replace(digest, BLANK.encode(), 1)
    return _digest(file, start) == str(digest, "ascii")


def _digest(file: IO[bytes], start: bytes = b"") -> str:
    digest = hashlib.sha256(start)
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def refuse_links(folder: Path) -> None:
    """Refuse a run folder with links, or with folders where files belong or files where folders do.

    Raises:
        ValueError: If anything in it is neither a plain file nor a folder, or one where a run
            writes the other.
    """
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        try:
            entries = list(os.scandir(current))
        except OSError as error:
            raise ValueError(f"{current}: {error.strerror}") from None
        for entry in entries:
            is_folder = entry.is_dir(follow_symlinks=False)
            is_file = entry.is_file(follow_symlinks=False) and entry.name not in FOLDERS
            if is_folder and not entry.name.endswith(FILES):
                waiting.append(Path(entry.path))
            elif not is_file:
                what = "file" if entry.name not in FOLDERS else "folder"
                raise ValueError(
                    f"{entry.path}: is no plain {what}; move it away to go on with this run"
                )


# What stands in the digest's place while it is computed.
BLANK = "0" * 64


def sealed(content: bytes) -> bytes:
    """Put the digest of the whole in the place of the first ``BLANK``.

    Example:
        >>> content = sealed(b"digest: " + BLANK.encode())
        >>> is_intact(content, content[8:].decode())
        True
    """
    digest = hashlib.sha256(content).hexdigest()
    return content.replace(BLANK.encode(), digest.encode(), 1)


def is_intact(content: bytes, digest: object) -> bool:
    """Tell whether this content was sealed with this digest and has not changed since."""
    if not isinstance(digest, str) or len(digest) != 64 or not digest.isascii():
        return False
    blank = content.replace(digest.encode(), BLANK.encode(), 1)
    return hashlib.sha256(blank).hexdigest() == digest
