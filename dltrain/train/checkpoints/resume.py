"""Resume points: the latest intact states that a training can go on from.

A state that is damaged, or counts on something that is, is passed over for the one before it, and
in the end for the start: from each of them the training comes to the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dltrain.runs import run
from dltrain.runs.layout import CHECKPOINTS, METRICS, TIMING
from dltrain.runs.record import now
from dltrain.runs.recorder import TIMING_HEADER, Kept
from dltrain.runs.run_time import seconds_of
from dltrain.system.foreign_files import read_bytes, read_start
from dltrain.train.checkpoints import checkpoint_file
from dltrain.train.checkpoints.checkpoint_file import CheckpointError
from dltrain.train.checkpoints.saver import State, misfit, size_limit
from dltrain.train.steps import Steps

MAX_TIMING_BYTES = 2**30


@dataclass(frozen=True)
class RunFolder:
    """A run folder and the identity of the run that should lie in it."""

    path: Path
    identity: str


@dataclass(frozen=True)
class ResumePoint:
    """A state to go on from, and the content of the run's files up to it."""

    state: State
    kept: Kept


def resumable(
    steps: Steps, folders: Sequence[RunFolder]
) -> tuple[list[ResumePoint | None], dict[Path, str]]:
    """Find the states that members which train together can go on from.

    Returns:
        What was found, for each member: its last state if it had come to its end, else that of the
        last step of which all have one, or None to begin anew. And what is unusable: path -> why.
    """
    unusable: dict[Path, str] = {}
    usable = [list(_usable(steps, folder, unusable)) for folder in folders]
    points = [
        states[0] if states and states[0].state.outcome.status == "done" else None
        for states in usable
    ]
    going_on = [index for index, point in enumerate(points) if point is None]
    steps_of = [{one.state.step for one in usable[index]} for index in going_on]
    common = set.intersection(*steps_of) if steps_of else set()
    for index in going_on if common else ():
        points[index] = next(one for one in usable[index] if one.state.step == max(common))
    return points, unusable


def _usable(steps: Steps, folder: RunFolder, unusable: dict[Path, str]) -> Iterator[ResumePoint]:
    """Yield the usable resume points of a run folder, the latest first."""
    for path in checkpoint_file.paths(folder.path / CHECKPOINTS):
        try:
            yield _read(steps, folder, path)
        except ValueError as error:
            unusable[path] = str(error)


def _read(steps: Steps, folder: RunFolder, path: Path) -> ResumePoint:
    """Read one state and the files that belong to it."""
    state = State.load(path, limit=size_limit(steps))
    if state.meta.get("run") != folder.identity:
        raise CheckpointError(f"{path}: is of another run")
    reason = misfit(steps, state)
    if reason:
        raise CheckpointError(f"{path}: does not fit this run: {reason}")
    best_path = checkpoint_file.path_of(path.parent, {"epoch": state.best_epoch})
    if state.best_epoch and best_path != path:
        _, meta = checkpoint_file.load(best_path, limit=size_limit(steps))
        if meta.get("run") != folder.identity:
            raise CheckpointError(f"{path}: the best epoch it speaks of is of another run")
    return ResumePoint(
        state, Kept(_metrics(folder.path, state.meta), _timing(folder.path, state.meta))
    )


def _metrics(folder: Path, meta: Mapping[str, Any]) -> bytes:
    """Return the part of ``metrics.csv`` that was there when a state was taken."""
    path, mark = folder / METRICS, meta.get("metrics")
    mark = mark if isinstance(mark, dict) else {}
    size = mark.get("bytes")
    # Whatever a forger writes there, no row of a metrics.csv is so long.
    if not isinstance(size, int) or not 0 < size <= 1000 * (meta["epoch"] + 1):
        raise ValueError(f"{path}: is not what epoch {meta['epoch']} left")
    content = read_start(path, size)
    whole = content.count(b"\n") == meta["epoch"] + 1 and len(content) == size
    if not whole or hashlib.sha256(content).hexdigest() != mark.get("sha256"):
        raise ValueError(f"{path}: is not what epoch {meta['epoch']} left")
    return content


def _timing(folder: Path, meta: Mapping[str, Any]) -> bytes:
    """Return what ``timing.csv`` says of the epochs up to a state; no result depends on it."""
    try:
        content = read_bytes(folder / TIMING, limit=MAX_TIMING_BYTES)
        lines = content.decode(errors="replace").splitlines()
    except ValueError:
        lines = []
    known = {str(epoch) for epoch in range(1, meta["epoch"] + 1)}
    lines = [line for line in lines if line.partition(",")[0] in known]
    return "".join(f"{line}\n" for line in [TIMING_HEADER, *lines]).encode()


def history(folder: Path, meta: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what a run's record says of its beginning, and that it is gone on with.

    That is nothing where the folder has no record.
    """
    try:
        before = run.read(folder)
    except ValueError:
        return {}
    resumed = before.info.get("resumed")
    entry = {
        "at": now(),
        "epoch": 0 if meta is None else meta["epoch"],
        "step": 0 if meta is None else meta["step"],
        # What it was trained with, and on, until then.
        "versions": before.info.get("versions"),
        "sha256": before.part("data", "sha256"),
    }
    # A finished run that is trained on keeps its result until it has another.
    kept = {"result": before.info.get("result")} if before.status == "done" else {}
    return kept | {
        "started": before.info.get("started"),
        "seconds": seconds_of(before) or 0.0,
        "resumed": [*(resumed if isinstance(resumed, list) else []), entry],
    }
