"""Many run folders, as real runs leave them."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from dltrain.runs.layout import new_folder
from dltrain.runs.record import write_info
from tests.benchmarks.rounds import training


def run_folders(folder: Path, count: int) -> None:
    """Train one small run for real and copy it under names of its own; fill up to ``count``.

    Files that no name stands in are linked, which listing cannot tell from a copy.
    """
    folder.mkdir(parents=True, exist_ok=True)
    there = sorted(folder.iterdir())
    if not there:
        training([["trainer.epochs=1", "device=cpu"]], folder)()
        there = sorted(folder.iterdir())
    info = json.loads((there[0] / "run.json").read_text())
    for _ in range(count - len(there)):
        copy = new_folder(folder, "linear-synthetic")
        shutil.copytree(there[0], copy, copy_function=os.link, dirs_exist_ok=True)
        (copy / "run.json").unlink()
        write_info(copy, info | {"id": copy.name})
