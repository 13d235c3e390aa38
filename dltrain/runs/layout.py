"""Names of the files and folders of a run folder, and its ``FORMAT``.

No other module spells these names out.
"""

from __future__ import annotations

import datetime
import os
import re
import secrets
from pathlib import Path

from dltrain.system import disk
from dltrain.system.paths import label

# Of the shape of a run folder and a sweep's, as records say; one of another is not read.
FORMAT = 1

# Of a run.
RECORD, CONFIG, PREPARATION = "run.json", "config.yaml", "preparation.json"
METRICS, TIMING, LOG, COEFFICIENTS = "metrics.csv", "timing.csv", "train.log", "coefficients.csv"
ROW_VALUES = "val_rows.npy"
CHECKPOINTS, CURVES = "checkpoints", "plots/curves.png"
EVENTS = "tensorboard/events.out.tfevents.dltrain"
LABEL, MAX_LABEL = "label.txt", 200  # bytes
# Of a sweep, whose members are run folders.
SWEEP_RECORD, PLAN, RESULTS = "sweep.json", "plan.jsonl", "results.csv"
MEMBERS, LOGS = "members", "logs"
# What a record may list with its digest: no name is taken from what a stranger wrote.
LISTED = (CONFIG, PREPARATION, METRICS, COEFFICIENTS, ROW_VALUES, PLAN, RESULTS)
# What a run writes is a file, what it makes is a folder.
FILES = (".json", ".jsonl", ".yaml", ".csv", ".log", ".safetensors", ".npy", ".png", ".dltrain")
FOLDERS = (CHECKPOINTS, MEMBERS, LOGS, *map(os.path.dirname, (CURVES, EVENTS)))
# Of the folder that runs lie in.
TRASH, PLOTS, REPORTS = ".trash", "plots", "reports"

CHECKPOINT = re.compile(r"epoch-(\d{6,9})(?:-step-(\d{8,12}))?\.safetensors", re.ASCII)

# Letters and digits that cannot be taken for one another.
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def new_folder(output_dir: Path, what: str) -> Path:
    """Create a folder for a new run: time, name, four random characters.

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


def checkpoint_name(epoch: int, step: int | None = None) -> str:
    """Name the file of a state: after whole epochs, or so many steps in all, within the next."""
    underway = "" if step is None else f"-step-{step:08d}"
    return f"epoch-{epoch:06d}{underway}.safetensors"


def member_name(index: int) -> str:
    """Return the name of a sweep's member folder."""
    return f"{index:04d}"


def member_folder(sweep: Path, index: int) -> Path:
    """Return the path of a sweep's member."""
    return sweep / MEMBERS / member_name(index)
