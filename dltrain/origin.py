"""What a run was told and trained with, read back from its record and compared with today.

The record may be a stranger's, so it is checked like a command line. No torch is imported.
"""

from __future__ import annotations

import copy
import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dltrain.check import run_config
from dltrain.compose import ConfigError
from dltrain.environment import DECIDING, versions
from dltrain.paths import expanded, problem_with
from dltrain.runs import RECORD, Run
from dltrain.schema import CsvConfig, RunConfig

PACKAGED = "package:"


class ChangedError(ValueError):
    """What decides a run's bits is not what it was; a line for each difference."""

    def __init__(self, differences: Sequence[str]) -> None:
        advice = "the numbers may differ from then on; --allow-changed goes on all the same"
        self.lines = [f"{difference}; {advice}" for difference in differences]
        super().__init__("\n".join(self.lines))


def refuse_changed(differences: Sequence[str]) -> None:
    """Raise a ``ChangedError`` if there are differences."""
    if differences:
        raise ChangedError(differences)


def config_of(run: Run, changes: Mapping[str, Any]) -> RunConfig:
    """Return the config of a run.

    Args:
        run: As its record tells it.
        changes: Dotted key -> the value that is to hold instead.

    Raises:
        ConfigError: If it is none, a line for each problem; nothing of it is composed or resolved.
    """
    source: Path = run.folder / RECORD
    values: Any = run.part("config")
    if not isinstance(values, dict):
        raise ConfigError([f"{source}: holds no config"])
    values = copy.deepcopy(values)
    for key, value in {"output_dir": str(run.folder.parent), **changes}.items():
        *path, name = key.split(".")
        node = values
        for part in path:
            node = node.get(part) if isinstance(node, dict) else None
        if not isinstance(node, dict) or name not in node:
            raise ConfigError([f"{key}: the run has no such key ({source})"])
        node[name] = value
    config, problems = run_config(values)
    if config is None:
        raise ConfigError(
            [
                f"{p.key} ({'command line' if p.key in changes else source}): {p.message}"
                for p in problems
            ]
        )
    return config


def changed_versions(run: Run, *, cpu: str | None = None) -> list[str]:
    """Say which of what decides a run's bits is not today what it was then.

    Args:
        run: As its record tells it.
        cpu: The processor's instructions that torch uses; None: not known yet.
    """
    then, now = run.part("versions"), versions()
    then = then if isinstance(then, dict) else {}
    pairs = [(name, then.get(name), now[name]) for name in DECIDING]
    if cpu is not None:
        pairs.append(("cpu", run.part("cpu"), cpu))
    return [f"{name} was {old} and is {new}" for name, old, new in pairs if old != new]


def changed_data(run: Run, config: RunConfig, *, allow_changed: bool) -> list[str]:
    """Say what is wrong with the file a run learned from; it is hashed, and not understood.

    The path may come from the record, and that from a stranger: a file of other content than the
    record says is not read any further, unless that is allowed.
    """
    data = config.data
    if not isinstance(data, CsvConfig) or data.path is None or data.path.startswith(PACKAGED):
        return []
    path = expanded(data.path)
    complaint = problem_with(path)
    if complaint or not path.is_file():
        reason = complaint or "no such file"
        return [f"data.path={data.path}: {reason}; say where it lies now: data.path=FILE"]
    try:
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return [f"data.path={data.path}: {error.strerror}"]
    if digest != run.part("data", "sha256") and not allow_changed:
        return [f"data.path={data.path}: its content changed since the run began"]
    return []


def device_of(run: Run) -> str | None:
    """Return the kind of device a run was trained on, ``cpu`` or ``cuda``."""
    found = re.match(r"(cpu|cuda)(?::\d+)?\Z", str(run.part("device")), re.ASCII)
    return found[1] if found else None


def threads_of(run: Run) -> int | None:
    """Return how many threads it was trained with, which decides the last bits."""
    threads = run.part("threads")
    return threads if type(threads) is int and 1 <= threads <= 1024 else None
