"""``plan.jsonl``: the plan of a sweep, a line of JSON per member.

It may be a stranger's: each line is checked like a command line.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dltrain.config.overrides import Overrides
from dltrain.config.plain import as_dict
from dltrain.config.schema import SweepConfig
from dltrain.config.validate import run_config
from dltrain.runs.identity import LOCATIONS
from dltrain.runs.layout import PLAN
from dltrain.runs.provenance import DATA_PATHS
from dltrain.sweep.plan import Member, Plan, PlanError, groups_of
from dltrain.system.paths import PACKAGED, expanded
from dltrain.system.shell import located
from dltrain.text import clipped


@dataclass(frozen=True)
class Entry:
    """A line of the plan."""

    index: int  # the member's number, from 0
    overrides: Overrides  # what to type to train it alone
    setting: Mapping[str, str]  # what tells it from the others: key -> text
    config: Mapping[str, Any]  # in plain values that nobody has checked


def as_line(member: Member) -> str:
    """Write a member as one line of JSON."""
    entry = {
        "member": member.index,
        "words": member.overrides.words,
        "setting": dict(member.setting),
        "config": as_dict(member.config),
    }
    return json.dumps(entry, allow_nan=False)


def read_entries(lines: Iterable[str]) -> Iterator[Entry]:
    """Read the lines of a plan, in order.

    Raises:
        PlanError: If one is not what ``as_line`` writes.
    """
    for number, line in enumerate(lines, start=1):
        try:
            entry = json.loads(line)
            overrides = Overrides.parse(map(str, entry["words"]))
            setting = {str(key): str(text) for key, text in entry["setting"].items()}
            read = Entry(int(entry["member"]), overrides, setting, dict(entry["config"]))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise PlanError([f"{PLAN}:{number}: is no member of a plan ({error!r})"]) from None
        if read.index != number - 1:
            raise PlanError([f"{PLAN}:{number}: has number {read.index}, not {number - 1}"])
        yield read


def restore(
    entries: Iterable[Entry], settings: SweepConfig, *, vet: Callable[[Sequence[Member]], None]
) -> Plan:
    """Rebuild a plan from its file; ``vet`` refuses data that must not be looked at.

    Raises:
        PlanError: If it is not a plan, or its data cannot be had any more.
    """
    members: list[Member] = []
    for entry in entries:
        try:
            run, problems = run_config(entry.config)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            reason = f"is no member of a plan ({error!r})"
            raise PlanError([f"{PLAN}:{entry.index + 1}: {reason}"]) from None
        if run is None:
            location = f"{PLAN}:{entry.index + 1}"
            lines = [f"{location}: {p.key}{_value(entry, p.key)}: {p.message}" for p in problems]
            moved = [p.key for p in problems if p.key in DATA_PATHS]
            advice = [f"say where the data lie now: {key}=..." for key in dict.fromkeys(moved)]
            raise PlanError(["; ".join([line, *advice]) for line in lines])
        members.append(Member(entry.index, entry.overrides, entry.setting, run))
    if not members:
        raise PlanError([f"{PLAN}: holds no members"])
    vet(members)
    return Plan(tuple(members), groups_of(members, download=False), settings)


def relocated(
    entries: Sequence[Entry], moved: Mapping[str, str], *, cwd: str | None
) -> list[Entry]:
    """Let entries find their data: where they are said to lie now, or where they were.

    Args:
        entries: Of a plan.
        moved: ``data.path``, ``data.root`` and their like, as they are set anew; a folder in place
            of a table holds the tables under their old names.
        cwd: The folder that relative paths were typed in.

    Raises:
        PlanError: If one file is named, and members learn from several, or none has such a key.
    """
    for name in moved:
        key = name.partition(".")[2]
        if not moved[name]:
            raise PlanError([f"{name}: must not be empty; say where the data lie now"])
        old = {str(path) for e in entries if (path := _data(e).get(key)) and not _packaged(path)}
        if not old:
            raise PlanError([f"{name}={moved[name]}: no member of the sweep has such a key"])
        if len(old) > 1 and not os.path.isdir(expanded(moved[name])):
            some = ", ".join(sorted(old)[:3])
            advice = "give the folder that holds them all"
            raise PlanError(
                [f"{name}={moved[name]}: members learn from {len(old):,} files ({some}); {advice}"]
            )
    return [_relocated(entry, moved, cwd) for entry in entries]


def _relocated(entry: Entry, moved: Mapping[str, str], cwd: str | None) -> Entry:
    data = dict(_data(entry))
    for key in LOCATIONS:
        text = data.get(key)
        if not isinstance(text, str) or _packaged(text):  # it lies where it always does
            continue
        now = moved.get(f"data.{key}")
        if now is None:
            data[key] = located(text, cwd)
        elif key != "root" and os.path.isdir(expanded(now)):
            data[key] = _within(now, text)
        else:
            data[key] = now
    if data == _data(entry):
        return entry
    return Entry(entry.index, entry.overrides, entry.setting, {**entry.config, "data": data})


def _within(folder: str, path: str) -> str:
    """Find a file in the folder that holds it now: by as many of its last names as lead to one."""
    parts = os.path.normpath(path).split(os.sep)
    for start in range(len(parts)):
        file = os.path.join(folder, *(part for part in parts[start:] if part != os.pardir))
        if os.path.isfile(expanded(file)):
            return file
    return os.path.join(folder, parts[-1])


def _value(entry: Entry, key: str) -> str:
    """Write the value of a key of the data, behind it; nothing of another key."""
    value = _data(entry).get(key.removeprefix("data.")) if key.startswith("data.") else None
    return f"={clipped(value)}" if isinstance(value, str) else ""


def _data(entry: Entry) -> Mapping[str, Any]:
    data = entry.config.get("data")
    return data if isinstance(data, dict) else {}


def _packaged(path: object) -> bool:
    return isinstance(path, str) and path.startswith(PACKAGED)
