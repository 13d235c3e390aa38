"""The folder of a sweep: its plan, its record, and a run folder for each member.

plan.jsonl    every member's config, written before the first one starts
sweep.json    its settings, how large its stacks are, how it ended
results.csv   a row per member
members/0000  a run folder like any other
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dltrain.config.overrides import Overrides
from dltrain.config.plain import as_dict
from dltrain.config.schema import SweepConfig
from dltrain.config.validate import instance
from dltrain.runs import run as runs
from dltrain.runs.command_line import CommandLine
from dltrain.runs.layout import (
    LOG,
    LOGS,
    MEMBERS,
    PLAN,
    SWEEP_RECORD,
    member_folder,
    member_name,
    new_folder,
)
from dltrain.runs.metrics_file import as_number
from dltrain.runs.provenance import changed_table
from dltrain.runs.record import FormatError, first_info, now, read_record, sealed_json, write_info
from dltrain.runs.run import Run
from dltrain.runs.run_time import since
from dltrain.sweep.plan import Member, Plan, PlanError
from dltrain.sweep.plan_file import Entry, as_line, read_entries, relocated, restore
from dltrain.system import disk
from dltrain.system.foreign_files import read_bytes
from dltrain.system.shell import command, located
from dltrain.text import escaped, escaped_lines

FINISHED = ("done", "diverged")
_CHANGED = "; members to come would learn from other rows; --allow-changed trains them all the same"
MAX_PLAN_BYTES = 2**30


@dataclass
class SweepFolder:
    """A sweep's folder, being written."""

    path: Path  # where it lies
    info: dict[str, Any] = field(default_factory=dict)  # the content of ``sweep.json``

    @property
    def id(self) -> str:
        """The folder's name, by which the sweep is known."""
        return self.path.name

    @property
    def line(self) -> CommandLine:
        """What was typed for it, as it is to be typed from here; so are its members' configs."""
        return CommandLine.of(self.as_run()).from_here(Overrides())

    def as_run(self, index: int | None = None) -> Run:
        """Return it as what lists read, or one of its members, unread."""
        if index is not None:
            return Run(self.member(index), {})
        return Run(self.path, self.info, is_sweep=True)

    def member(self, index: int) -> Path:
        """Return where a member's run folder lies."""
        return member_folder(self.path, index)

    def log(self, name: str) -> Path:
        """Return where the output of a child process goes."""
        return self.path / LOGS / f"{name}.log"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the sweep's lock."""
        with disk.locked(self.path):
            yield

    def write(self, **changes: Any) -> None:
        """Change entries of ``sweep.json``."""
        self.info |= changes
        disk.replace(self.path / SWEEP_RECORD, sealed_json(self.info))

    def list_file(self, name: str, content: bytes | None) -> None:
        """Let the next ``write`` keep the digest of a file, or none of it from now on."""
        files = {key: text for key, text in _mapping(self.info.get("files")).items() if key != name}
        changed = {} if content is None else {name: hashlib.sha256(content).hexdigest()}
        self.info["files"] = files | changed

    def run(self, index: int) -> Run | None:
        """Read a member's record back, or return None if it has none that can be read.

        Raises:
            FormatError: If another dltrain wrote it, which is no reason to write over it.
        """
        try:
            return runs.read(self.member(index))
        except FormatError:
            raise
        except ValueError:
            return None

    def record_failure(self, member: Member, reason: str, details: str) -> None:
        """Write into a member's own folder why it failed; its process could not."""
        folder = self.member(member.index)
        disk.make_folder(folder)
        run = self.run(member.index)
        info = dict(run.info) if run is not None else self._first_info(member)
        info |= {
            "seconds": _worked(info, run),
            "status": "failed",
            "exit_code": 1,
            "finished": now(),
            "result": {"message": reason},
        }
        trace = escaped_lines(details) if details else []
        lines = [*trace, escaped(f"failed: {reason}")]
        disk.append(folder / LOG, lines)
        write_info(folder, info)

    def _first_info(self, member: Member) -> dict[str, Any]:
        config = as_dict(member.config)
        return first_info(
            **self.line.alone(member.overrides).record(),
            id=f"{self.id}/{member_name(member.index)}",
            seed=member.config.seed,
            data={"name": member.config.data.name},
            model={"name": member.config.model.kind},
            config=config,
            sweep={"id": self.id, "member": member.index},
        )


def _worked(info: Mapping[str, Any], run: Run | None) -> float:
    """Return how long a member was trained whose process has just ended, however it did."""
    before = as_number(info.get("seconds")) or 0.0
    return before + since(run) if run is not None and info.get("status") == "running" else before


def begin(output_dir: Path, plan: Plan, *, line: CommandLine) -> SweepFolder:
    """Claim a folder for a new sweep and freeze its plan there."""
    folder = SweepFolder(new_folder(output_dir, "sweep"))
    lines = "".join(f"{as_line(member)}\n" for member in plan.members).encode()
    disk.make_folder(folder.path / MEMBERS)
    disk.replace(folder.path / PLAN, lines)
    summaries = [group.workload.data for group in plan.groups]
    models = [plan.members[group.members[0]].config.model.kind for group in plan.groups]
    folder.write(
        **first_info(
            id=folder.id,
            **line.record(),
            settings=as_dict(plan.settings),
            metric=plan.metric,
            margin=plan.settings.margin,
            varying=plan.varying,
            members=len(plan.members),
            groups=[list(group.members) for group in plan.groups],
            sha256=[summary.sha256 for summary in summaries],
            files={PLAN: hashlib.sha256(lines).hexdigest()},
            data={
                "name": ", ".join(dict.fromkeys(summary.name for summary in summaries)),
                "source": ", ".join(dict.fromkeys(summary.source for summary in summaries)),
            },
            model={"name": ", ".join(dict.fromkeys(models))},
        )
    )
    return folder


def reopen(
    path: Path, *, moved: Mapping[str, str] | None = None, allow_changed: bool = False
) -> tuple[SweepFolder, Plan]:
    """Read a sweep's plan back; ``moved`` holds ``data.path`` or ``data.root`` of its data now.

    Raises:
        PlanError: If the folder is not what was written, or its data has changed since.
    """
    info = read_record(path / SWEEP_RECORD)
    before, cwd = _mapping(info.get("moved")), str(info.get("moved_in"))
    moved = {**{key: located(str(text), cwd) for key, text in before.items()}, **(moved or {})}
    settings, problems = instance(_mapping(info.get("settings")), SweepConfig, "sweep")
    if settings is None:
        raise PlanError([f"{path / SWEEP_RECORD}: {p.key}: {p.message}" for p in problems])
    known = None if allow_changed else _entries(info.get("sha256"))
    sweep = Run(path, info, is_sweep=True)
    entries = relocated(planned(sweep), moved, cwd=CommandLine.of(sweep).cwd)
    plan = restore(entries, settings, vet=functools.partial(_vet, known=known))
    count = len(plan.groups)
    sha256 = _entries(info.get("sha256"))
    fits = info.get("groups") == [list(group.members) for group in plan.groups]
    if not fits or len(sha256) != count:
        raise PlanError([f"{path / SWEEP_RECORD}: does not belong to the {PLAN} beside it"])
    for group, before in zip(plan.groups, sha256, strict=True):
        if group.workload.data.sha256 != before and not allow_changed:
            raise PlanError([f"data={group.workload.data.name}: its content changed{_CHANGED}"])
    today = [group.workload.data.sha256 for group in plan.groups]
    changes = {"moved": moved, "moved_in": os.getcwd(), "sha256": today}
    return SweepFolder(path, info | changes), plan


def planned(sweep: Run) -> list[Entry]:
    """Read what was planned for each member, in order.

    Raises:
        PlanError: If the plan is gone, or not what was written.
    """
    path = sweep.folder / PLAN
    try:
        content = read_bytes(path, limit=MAX_PLAN_BYTES)
        if sweep.part("files", PLAN) != hashlib.sha256(content).hexdigest():
            raise ValueError(f"{path}: was changed or damaged after it was written")
    except ValueError as error:
        line = CommandLine.of(sweep).from_here(Overrides.of({"sweep.skip_done": True}))
        anew = command(*line.words)
        advice = f"nothing is trained without the plan; {anew} takes over what is finished"
        raise PlanError([f"{error}; {advice}"]) from None
    return list(read_entries(content.decode(errors="replace").splitlines()))


def _vet(members: Sequence[Member], *, known: Sequence[object] | None) -> None:
    """Refuse tables that are not those that the sweep was planned with."""
    tables = {repr(member.config.data): member.config.data for member in members}
    changed = [line for data in tables.values() for line in changed_table(data, known)]
    if changed:
        raise PlanError([f"{line}{_CHANGED}" for line in dict.fromkeys(changed)])


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _entries(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
