"""Config and versions of a run, read from its record and compared with today's.

The record may be a stranger's, so it is checked like a command line. No torch is imported.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from dltrain.config.compose import ConfigError
from dltrain.config.kinds import DATA
from dltrain.config.knob import Problem
from dltrain.config.load import COMMAND_LINE, line_of
from dltrain.config.overrides import Overrides
from dltrain.config.resolve import read_value
from dltrain.config.schema import RunConfig
from dltrain.config.validate import run_config
from dltrain.runs.address import command_on
from dltrain.runs.command_line import CommandLine
from dltrain.runs.find import members
from dltrain.runs.identity import LOCATIONS
from dltrain.runs.layout import RECORD
from dltrain.runs.run import Run
from dltrain.system import libraries
from dltrain.system.digests import file_digest, joint_digest
from dltrain.system.environment import DECIDING, versions
from dltrain.system.paths import PACKAGED, problem_with, table_files
from dltrain.system.shell import located
from dltrain.text import clipped, closest

# Where the data lie; what they hold is known by its digest.
DATA_PATHS = tuple(f"data.{name}" for name in LOCATIONS)
# What of a run may change when it goes on: key -> whether its text is taken as typed.
RESETTABLE = {
    "trainer.epochs": False,
    "device.threads": False,
    **dict.fromkeys(DATA_PATHS, True),
    "tracking.tensorboard": False,
    "tracking.curves": False,
}
# What of a sweep's settings may change when it goes on.
_SETTINGS = ("on_error", "workers", "stack_size", "metric", "margin")
SWEEP_SETTINGS = tuple(f"sweep.{name}" for name in _SETTINGS)
# No config has more; what is wrong with each entry would be said, and that takes time.
MAX_ENTRIES, MAX_LENGTH = 1000, 100_000


class ChangedError(ConfigError):
    """A value that decides a run's bits has changed; a line for each difference."""

    def __init__(self, differences: Sequence[str]) -> None:
        advice = "the numbers may differ from then on; --allow-changed goes on all the same"
        super().__init__(differences)
        self.lines = [f"{difference}; {advice}" for difference in differences]


def refuse_changed(differences: Sequence[str]) -> None:
    """Raise a ``ChangedError`` if there are differences."""
    if differences:
        raise ChangedError(differences)


def changes_of(run: Run, overrides: Overrides) -> dict[str, Any]:
    """Read the values that are to change when a run or a sweep goes on: key -> value.

    Raises:
        ValueError: If something else is to change; the line says which command trains another run.
    """
    settable = (*DATA_PATHS, *SWEEP_SETTINGS) if run.is_sweep else tuple(RESETTABLE)
    for entry in overrides.entries:
        if entry.key not in settable:
            what, known = "sweep" if run.is_sweep else "run", ", ".join([*settable, "output_dir"])
            anew = command_on(run, "rerun", more=(str(entry).lstrip("+~"),))
            line = f"{clipped(str(entry))}: a {what} goes on as it was"
            line += f"{closest(entry.key, settable)} (to be set: {known})"
            raise ValueError(f"{line}; {anew} trains it anew with that")
    texts = overrides.texts
    return {key: read_value(t).read(raw=RESETTABLE.get(key, False)) for key, t in texts.items()}


def config_of(
    run: Run, changes: Mapping[str, Any], *, check_files: bool = True, training: bool = False
) -> RunConfig:
    """Return the config of a run; ``check_files`` and ``training`` are as in ``rules.problems``.

    Raises:
        ConfigError: If it is none, a line for each problem; nothing of it is composed or resolved.
    """
    source: Path = run.folder / RECORD
    values: Any = run.part("config")
    if not isinstance(values, dict):
        raise ConfigError([f"{source}: holds no config"])
    if _num_entries(values) > MAX_ENTRIES:
        raise ConfigError([f"{source}: its config holds more than a config does"])
    for key, value in {**_located(run), "output_dir": str(run.folder.parent), **changes}.items():
        changed = _replaced(values, key.split("."), value)
        if changed is None:
            raise ConfigError([f"{key}: the run has no such key ({source})"])
        values = changed
    config, problems = run_config(values, check_files=check_files, training=training)
    if config is None:
        locations = {p.key: COMMAND_LINE if p.key in changes else str(source) for p in problems}
        raise ConfigError([f"{line_of(p, values, locations)}{_advice(p)}" for p in problems])
    return config


def _located(run: Run) -> dict[str, str]:
    """Return the paths of a run's data, if relative ones mean something else from here."""
    cwd = CommandLine.of(run).cwd
    paths = {key: run.part("config", *key.split(".")) for key in DATA_PATHS}
    return {key: located(text, cwd) for key, text in paths.items() if isinstance(text, str)}


def _advice(problem: Problem) -> str:
    """Return advice on data that have moved."""
    moved = problem.key in DATA_PATHS
    return f"; say where it lies now: {problem.key}=..." if moved else ""


def _num_entries(node: object) -> int:
    """Count the entries of all mappings within a node; a list that is too long counts as many."""
    if isinstance(node, dict):
        return len(node) + sum(map(_num_entries, node.values()))
    if not isinstance(node, list):
        return 0
    if len(node) > MAX_LENGTH:
        return MAX_ENTRIES + 1
    return sum(_num_entries(inner) for inner in node if isinstance(inner, dict | list))


def _replaced(node: object, path: Sequence[str], value: object) -> dict[str, Any] | None:
    """Return a mapping with another value at a path, or None if there is no such path."""
    if not isinstance(node, dict) or path[0] not in node:
        return None
    if len(path) == 1:
        return {**node, path[0]: value}
    inner = _replaced(node[path[0]], path[1:], value)
    return None if inner is None else {**node, path[0]: inner}


def changed_versions(run: Run, *, cpu: str | None = None) -> list[str]:
    """List the versions that decide a run's bits and have changed.

    Of the processor nothing is said without ``cpu``, the instructions that torch uses.
    """
    then, now = run.mapping("versions"), versions()
    pairs = [(name, then.get(name), now[name]) for name in DECIDING]
    if cpu is not None:
        pairs.append(("cpu", run.part("cpu"), cpu))
    return [f"{name} was {old} and is {new}" for name, old, new in pairs if old != new]


def changed_data(run: Run, config: RunConfig, *, allow_changed: bool) -> list[str]:
    """List what is wrong with a run's data file; it is hashed, not parsed.

    The path may come from the record, and that from a stranger: a file of other content than the
    record says is not read any further, unless that is allowed.
    """
    return changed_table(config.data, None if allow_changed else [run.part("data", "sha256")])


def changed_table(data: Any, known: Collection[object] | None) -> list[str]:
    """Tell whether a table that a record names has changed, without parsing it.

    Args:
        data: The config of what may be a table.
        known: Digests of which the table's should be one; None: any will do.

    Raises:
        ConfigError: If it cannot be read, or is no table.
    """
    if not DATA[data.kind].table or data.url is not None:
        return []  # what a query returns is known once it is asked
    texts = {knob: getattr(data, knob, None) for knob in LOCATIONS}
    named = {knob: text for knob, text in texts.items() if text is not None}
    if all(text.startswith(PACKAGED) for text in named.values()):
        return []
    digests: dict[str, str] = {}
    for knob, text in named.items():
        files = table_files(knob, text) or {knob: Path(text)}
        digests |= {role: _digest(f"data.{knob}", path) for role, path in files.items()}
    if known is not None and joint_digest(digests) not in known:
        keys = " or ".join(f"data.{knob}={text}" for knob, text in named.items())
        return [f"{keys}: its content changed since the run began"]
    return []


def _digest(key: str, path: Path) -> str:
    """Hash a file of a table that a key names."""
    problem = problem_with(path)
    if problem or not path.is_file():
        reason = problem or "no such file"
        raise ConfigError([f"{key}={path}: {reason}; say where it lies now: {key}=FILE"])
    try:
        return file_digest(path)
    except OSError as error:
        raise ConfigError([f"{key}={path}: {error.strerror}"]) from None


def settle_libraries(run: Run) -> None:
    """Tell libraries what a run's record asks of them, before they are loaded to read it back.

    Raises:
        ValueError: If they are loaded already, and were told otherwise.
    """
    trained = next(iter(members(run)), run) if run.is_sweep else run
    libraries.settle(portable=trained.part("config", "device", "portable") is True)


def device_of(run: Run) -> str | None:
    """Return the kind of device a run was trained on, ``cpu`` or ``cuda``."""
    match = re.match(r"(cpu|cuda)(?::\d+)?\Z", str(run.part("device")), re.ASCII)
    return match[1] if match else None
