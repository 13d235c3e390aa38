"""Trash: removed runs lie in ``.trash`` beside the others until it is emptied."""

from __future__ import annotations

import os
from pathlib import Path

from dltrain.runs.layout import TRASH
from dltrain.runs.run import Run
from dltrain.system import disk


def trash_of(output_dir: Path) -> Path:
    """Return the trash folder of a folder of runs.

    Raises:
        ValueError: If it is a link: what lies elsewhere is nobody's trash.
    """
    if (output_dir / TRASH).is_symlink():
        raise ValueError(f"{output_dir / TRASH}: is a link, and is not followed; remove it")
    return output_dir / TRASH


def throw_away(run: Run) -> Path:
    """Move a run or a sweep to the trash; return its new path.

    Raises:
        ValueError: If it is a sweep's member, which belongs to the others, a link, or in it.
        InUseError: If a process trains it.
        StorageError: If it cannot be moved.
    """
    if run.folder.parent.name == TRASH:
        raise ValueError(f"{run.short}: is in the trash already")
    if run.sweep is not None:
        whole = f"runs rm {run.short.partition('/')[0]} moves the whole of it"
        raise ValueError(f"{run.short}: is a member of a sweep; {whole}")
    return _moved(run, trash_of(run.folder.parent))


def bring_back(run: Run) -> Path:
    """Move a run or a sweep from the trash back; return its new path.

    Raises:
        ValueError: If it is a link.
        StorageError: If it cannot be moved.
    """
    return _moved(run, run.folder.parent.parent)


def _moved(run: Run, folder: Path) -> Path:
    if run.folder.is_symlink():
        raise ValueError(f"{run.folder}: is a link; move what it leads to")
    if (folder / run.folder.name).exists():
        raise ValueError(f"{run.id}: {folder} holds a run of that name already")
    disk.make_folder(folder)
    with disk.locked(run.folder):
        disk.move(run.folder, folder / run.folder.name)
    return folder / run.folder.name


def delete(run: Run) -> None:
    """Delete a run or a sweep for good.

    Raises:
        InUseError: If a process trains it.
        StorageError: If not all of it can be deleted.
    """
    with disk.locked(run.folder):
        disk.remove_tree(run.folder)


def num_bytes(folder: Path) -> int:
    """Return the size of a folder's files, links not followed."""
    total = 0
    for root, _, files in os.walk(folder):
        for name in files:
            total += os.lstat(os.path.join(root, name)).st_size
    return total
