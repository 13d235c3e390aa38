"""What the files of a run folder are called, and how a new folder is named."""

from __future__ import annotations

import datetime
import secrets
from pathlib import Path

from dltrain.system import disk
from dltrain.system.folder_names import label

RECORD, SWEEP_RECORD, MEMBERS, METRICS = "run.json", "sweep.json", "members", "metrics.csv"


LABEL, MAX_LABEL = "label.txt", 200  # bytes


# Letters and digits that cannot be taken for one another.
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def new_folder(output_dir: Path, what: str) -> Path:
    """Claim a folder for a new run: time, what it is, four random characters.

    Args:
        output_dir: Where run folders go; made if it is missing.
        what: Model and data; characters that do not belong into file names become ``-``.

    Raises:
        StorageError: If no folder can be made there.
    """
    while True:
        time = datetime.datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
        suffix = "".join(secrets.choice(_ALPHABET) for _ in range(4))
        folder = output_dir / f"{time}_{label(what)}_{suffix}"
        if disk.make_folder(folder):
            return folder


def short_id(run_id: str) -> str:
    """Return the four characters that usually tell runs apart."""
    return run_id.rpartition("_")[2]
