"""The folder of a sweep: its plan, its record, and a run folder for each member.

plan.jsonl    every member's config, written before the first one starts
sweep.json    what the sweep was told, how large its stacks are, how it ended
results.csv   a row per member
members/0000  a run folder like any other
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dltrain import recorder, runs, storage
from dltrain.check import instance
from dltrain.escapes import escaped, escaped_lines
from dltrain.field_names import as_number
from dltrain.origin import changed_table
from dltrain.reading import read_bytes, read_record
from dltrain.recorder import first_info, now, sealed_json
from dltrain.run_time import since
from dltrain.runs import Run
from dltrain.schema import SweepConfig, as_dict
from dltrain.sweep.plan import Member, Plan, PlanError, as_line, restore

FINISHED = ("done", "diverged")
MAX_PLAN_BYTES = 2**30


@dataclass
class SweepFolder:
    """A sweep's folder, being written.

    Attributes:
        path: Where it lies.
        info: The content of ``sweep.json``.
        begun: When this process began to work on it, by its monotonic clock.
    """

    path: Path
    info: dict[str, Any] = field(default_factory=dict)
    begun: float = field(default_factory=time.monotonic, compare=False)

    @property
    def id(self) -> str:
        """The folder's name, by which the sweep is known."""
        return self.path.name

    def member(self, index: int) -> Path:
        """Return where a member's run folder lies."""
        return self.path / "members" / f"{index:04d}"

    def log(self, name: str) -> Path:
        """Return where a child process may complain."""
        return self.path / "logs" / f"{name}.log"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the sweep's lock.

        Raises:
            InUseError: If another process trains it.
        """
        with storage.locked(self.path):
            yield

    def write(self, **changes: Any) -> None:
        """Change entries of ``sweep.json``."""
        self.info |= changes
        storage.replace(self.path / "sweep.json", sealed_json(self.info))

    @property
    def seconds(self) -> float:
        """How long the sweep has been worked on, by earlier processes and by this one."""
        return float(self.info["seconds"]) + time.monotonic() - self.begun

    def list_file(self, name: str, content: bytes | None) -> None:
        """Let the next ``write`` keep the digest of a file, or none of it from now on."""
        files = {key: text for key, text in _mapping(self.info.get("files")).items() if key != name}
        own = {} if content is None else {name: hashlib.sha256(content).hexdigest()}
        self.info["files"] = files | own

    def run(self, index: int) -> Run | None:
        """Read a member's record back, or return None if it has none that can be read."""
        try:
            return runs.read(self.member(index))
        except ValueError:
            return None

    def record_failure(self, member: Member, reason: str, details: str) -> None:
        """Write into a member's own folder why it failed; its process could not."""
        folder = self.member(member.index)
        storage.make_folder(folder)
        run = self.run(member.index)
        info = dict(run.info) if run is not None else self._first_info(member)
        info |= {
            "seconds": _worked(info, run),
            "status": "failed",
            "exit_code": 1,
            "finished": now(),
            "result": {"message": reason},
        }
        told = escaped_lines(details) if details else []
        lines = [*told, escaped(f"failed: {reason}")]
        storage.append(folder / "train.log", lines)
        recorder.write_info(folder, info)

    def _first_info(self, member: Member) -> dict[str, Any]:
        config = as_dict(member.config)
        return first_info(
            command=member.words,
            overrides=member.words,
            id=f"{self.id}/{member.index:04d}",
            seed=member.config.seed,
            data={"name": member.config.data.name},
            model={"name": member.config.model.kind},
            config=config,
            sweep={"id": self.id, "member": member.index},
        )


def _worked(info: Mapping[str, Any], run: Run | None) -> float:
    """Return how long a member was worked on whose process has just ended, however it did."""
    before = as_number(info.get("seconds")) or 0.0
    return before + since(run) if run is not None and info.get("status") == "running" else before


def begin(output_dir: Path, plan: Plan, *, words: Sequence[str]) -> SweepFolder:
    """Claim a folder for a new sweep and freeze its plan there.

    Args:
        output_dir: Where run folders go.
        plan: What is to be trained.
        words: All words after ``dltrain``.
    """
    folder = SweepFolder(recorder.new_folder(output_dir, "sweep"))
    lines = "".join(f"{as_line(member)}\n" for member in plan.members).encode()
    storage.make_folder(folder.path / "members")
    storage.replace(folder.path / "plan.jsonl", lines)
    facts = [group.facts for group in plan.groups]
    models = [plan.members[group.members[0]].config.model.kind for group in plan.groups]
    folder.write(
        **first_info(
            id=folder.id,
            command=words,
            overrides=[word for word in words if "=" in word],
            told=as_dict(plan.told),
            metric=plan.metric,
            varying=plan.varying,
            members=len(plan.members),
            groups=[list(group.members) for group in plan.groups],
            sha256=[own.sha256 for own in facts],
            files={"plan.jsonl": hashlib.sha256(lines).hexdigest()},
            stack_sizes=[None] * len(plan.groups),
            data={
                "name": ", ".join(dict.fromkeys(own.name for own in facts)),
                "source": ", ".join(dict.fromkeys(own.source for own in facts)),
            },
            model={"name": ", ".join(dict.fromkeys(models))},
        )
    )
    return folder


def reopen(path: Path) -> tuple[SweepFolder, Plan]:
    """Read a sweep's plan back.

    Raises:
        PlanError: If the folder is not what was written, or its data has changed since.
    """
    info = read_record(path / "sweep.json")
    told, problems = instance(_mapping(info.get("told")), SweepConfig, "sweep")
    if told is None:
        raise PlanError([f"{path / 'sweep.json'}: {p.key}: {p.message}" for p in problems])
    content = read_bytes(path / "plan.jsonl", limit=MAX_PLAN_BYTES)
    if _mapping(info.get("files")).get("plan.jsonl") != hashlib.sha256(content).hexdigest():
        raise PlanError([f"{path / 'plan.jsonl'}: was changed or damaged after it was written"])
    known = _entries(info.get("sha256"))
    lines = content.decode(errors="replace").splitlines()
    plan = restore(lines, told, vet=functools.partial(_vet, known=known))
    count = len(plan.groups)
    sizes, sha256 = _entries(info.get("stack_sizes")), _entries(info.get("sha256"))
    fits = info.get("groups") == [list(group.members) for group in plan.groups]
    sized = all(size is None or (type(size) is int and size > 0) for size in sizes)
    if not fits or not sized or len(sizes) != count or len(sha256) != count:
        raise PlanError([f"{path / 'sweep.json'}: does not belong to the plan.jsonl beside it"])
    for group, before in zip(plan.groups, sha256, strict=True):
        if group.facts.sha256 != before:
            text = "its content changed since the sweep was planned; start a new sweep"
            raise PlanError([f"data={group.facts.name}: {text}"])
    return SweepFolder(path, info), plan


def _vet(members: Sequence[Member], *, known: Sequence[object]) -> None:
    """Refuse tables that are not those that the sweep was planned with.

    Raises:
        PlanError: A line for each.
    """
    tables = {repr(member.config.data): member.config.data for member in members}
    changed = [line for data in tables.values() for line in changed_table(data, known)]
    if changed:
        raise PlanError(list(dict.fromkeys(changed)))


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _entries(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
