"""Chooses the trackers of a run by its config; imports the library of none before."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dltrain.runs.tracker import Tracker


def trackers(
    folder: Path,
    *,
    info: Mapping[str, Any],
    settings: Mapping[str, Any],
    tensorboard: bool,
    curves: bool,
) -> list[Tracker]:
    """Return the trackers of a run."""
    chosen: list[Tracker] = []
    if tensorboard:
        from dltrain.train.tracking.tensorboard import EventFile

        name, started = info["id"], info["started"]
        chosen.append(EventFile(folder, name=name, settings=settings, started=started))
    if curves:
        from dltrain.train.tracking.live_curves import ProgressBoard

        # Each member of a sweep would draw as often as a run alone.
        chosen.append(ProgressBoard(folder, title=info["id"], live="sweep" not in info))
    return chosen
