"""The plan of a sweep: every member composed, checked and numbered before the first one starts.

No torch is imported. A plan that is kept (``plan.jsonl``) is what is trained, whatever becomes of
the config files meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dltrain.config.compose import ConfigError, Sources
from dltrain.config.knob import knobs
from dltrain.config.load import compose_run
from dltrain.config.overrides import Overrides
from dltrain.config.plain import as_dict, flat, shown
from dltrain.config.resolve import resolve
from dltrain.config.rules import device_problem
from dltrain.config.schema import RunConfig, SweepConfig
from dltrain.data.dataset import Dataset, DataSummary
from dltrain.metrics import final_names
from dltrain.runs.command_line import CommandLine
from dltrain.runs.identity import result_identity
from dltrain.sweep.grid import expand
from dltrain.text import closest
from dltrain.train import build
from dltrain.train.cost import Workload
from dltrain.train.job import chosen_metric

# How many problems of a plan are shown; a thousand members may share one.
MAX_LINES = 20


class PlanError(ConfigError):
    """A sweep that cannot be planned; one line per problem."""

    def __init__(self, lines: Sequence[str]) -> None:
        unique = list(dict.fromkeys(lines))
        more = [f"and {len(unique) - MAX_LINES} problems more"] * (len(unique) > MAX_LINES)
        super().__init__(lines)
        self.lines = [*unique[:MAX_LINES], *more]


@dataclass(frozen=True)
class Member:
    """One run of a sweep."""

    index: int  # its number, from 0
    overrides: Overrides  # what to type to train it alone
    setting: Mapping[str, str]  # what tells it from the others: key -> text
    config: RunConfig  # composed and checked


@dataclass(frozen=True)
class Group:
    """Members that differ in numbers only, and so can be trained together."""

    members: tuple[int, ...]  # their numbers, in order
    workload: Workload  # the data all of them learn from, and the largest model among them
    metric: str  # what chooses their best epochs, and between them

    @property
    def metrics(self) -> list[str]:
        """Names of the numbers that its members end with."""
        return final_names(self.workload.data.task, rows=self.workload.data.rows)


@dataclass(frozen=True)
class Plan:
    """A sweep's composed and checked members, in groups."""

    members: tuple[Member, ...]  # in order of their numbers
    groups: tuple[Group, ...]  # in order of their first members
    settings: SweepConfig  # of the sweep itself
    duplicates: int = 0  # how many members were left out because an equal one was there

    @property
    def varying(self) -> list[str]:
        """Keys whose values differ between members."""
        return list(self.members[0].setting)

    @property
    def metric(self) -> str:
        """Metric that results are sorted by; one without a split is of the rows that choose."""
        asked, usual = self.settings.metric, self.groups[0].metric
        if asked and "/" not in asked:
            return f"{usual.partition('/')[0]}/{asked}"
        return asked or usual


def make_plan(overrides: Overrides, sources: Sources, *, base: Sequence[Overrides] = ()) -> Plan:
    """Compose and check every member of a sweep; with ``base``, as overrides change those.

    Raises:
        PlanError: With one line for each problem found.
    """
    typed, settings, lines = expand(overrides, sources, base=base)
    # A plan that cannot be made need not be composed to its end.
    few = typed[:MAX_LINES] if lines else typed
    composed = [(each, *compose_run(resolve(each, sources.groups), sources)) for each in few]
    lines += [line for _, _, problems in composed for line in problems]
    if lines or settings is None:
        raise PlanError(lines)
    pairs = [(each, run) for each, run, _ in composed if run is not None]
    without_gpu = [line for _, run in pairs for line in device_problem(run)]
    if without_gpu:
        raise PlanError(without_gpu)
    if len({run.device.portable for _, run in pairs}) > 1:
        raise PlanError(["device.portable: one sweep has one value, not true and false"])
    folders = {run.output_dir for _, run in pairs}
    if len(folders) > 1:
        some = ", ".join(sorted(folders)[:3])
        raise PlanError([f"output_dir: one sweep has one folder, not {len(folders):,} ({some})"])
    unique: dict[str, tuple[Overrides, RunConfig]] = {}
    for each, run in pairs:
        unique.setdefault(result_identity(as_dict(run)), (each, run))
    kept = list(unique.values())
    members = _numbered(kept)
    plan = Plan(members, groups_of(members), settings, duplicates=len(pairs) - len(kept))
    problems = metric_problems(plan)
    if problems:
        raise PlanError(problems)
    return plan


def _numbered(kept: Sequence[tuple[Overrides, RunConfig]]) -> tuple[Member, ...]:
    texts = [overrides.texts for overrides, _ in kept]
    keys = dict.fromkeys(key for text in texts for key in text)
    varying = [key for key in keys if len({text.get(key) for text in texts}) > 1]
    return tuple(
        Member(index, overrides, {key: text.get(key, "-") for key in varying}, run)
        for index, ((overrides, run), text) in enumerate(zip(kept, texts, strict=True))
    )


def differences(ours: Sequence[Member], kept: Sequence[Member]) -> list[str]:
    """List how a sweep's definition differs from a kept plan; empty if it does not.

    What decides no number is part of it, too: typed for a plan that is kept, it would do nothing.
    """
    if len(ours) != len(kept):
        return [f"{len(kept):,} members were planned, now there are {len(ours):,}"]
    changed: dict[str, list[str]] = {}
    for now, then in zip(ours, kept, strict=True):
        new, old = flat(as_dict(now.config)), flat(as_dict(then.config))
        for key in sorted({*new, *old} - {"output_dir"}):
            if new.get(key) != old.get(key):
                text = f"{shown(old.get(key))} -> {shown(new.get(key))} (member {now.index})"
                changed.setdefault(key, []).append(text)
    return [
        f"{key}: {', '.join(texts[:3])}{', ...' if len(texts) > 3 else ''}"
        for key, texts in changed.items()
    ]


def _stack_key(run: RunConfig) -> str:
    """Return a text that is equal for members that can be trained in one stack."""
    shared: dict[str, Any] = {}
    for name, (_, entry) in knobs(RunConfig).items():
        if entry.stacks:
            continue
        node = getattr(run, name)
        cls: Any = type(node)
        for key, (_, inner) in knobs(cls).items():
            value = as_dict(getattr(node, key))
            if inner.optional:
                shared[f"{name}.{key}"] = bool(value)
            elif not inner.stacks:
                shared[f"{name}.{key}"] = value
    return json.dumps(shared, sort_keys=True)


def groups_of(members: Sequence[Member], *, download: bool = True) -> tuple[Group, ...]:
    """Sort members into groups, looking once at each data set they name."""
    by_key: dict[str, list[Member]] = {}
    for member in members:
        by_key.setdefault(_stack_key(member.config), []).append(member)
    seen: dict[str, Dataset] = {}
    groups: list[Group] = []
    lines: list[str] = []
    for alike in by_key.values():
        first = alike[0].config
        try:
            data = _look(first, seen, download)
            layers = [build.layer_plans(member.config, data) for member in _unlike(alike)]
        except ValueError as error:
            lines += getattr(error, "lines", [str(error)])
            continue
        largest = max(layers, key=len)  # dropout is a layer, too
        numbers, summary = tuple(member.index for member in alike), DataSummary.of(data)
        groups.append(Group(numbers, Workload(summary, largest), chosen_metric(first, summary)))
    if lines:
        raise PlanError(lines)
    return tuple(groups)


def _unlike(members: Sequence[Member]) -> list[Member]:
    """Return one member for each model among them."""
    return list({repr(member.config.model): member for member in members}.values())


def _look(config: RunConfig, seen: dict[str, Dataset], download: bool) -> Dataset:
    """Load a data set; only the last one is kept, since groups of one follow each other."""
    dtype = build.dtype_name(config)
    key = repr((config.data, dtype))
    if key not in seen:
        seen.clear()
        seen[key] = build.dataset(config, download=download)
    return seen[key]


def metric_problems(plan: Plan) -> list[str]:
    """Say what is wrong with what sorts a sweep's results."""
    chosen = plan.metric
    if plan.settings.metric is None:
        defaults = list(dict.fromkeys(group.metric for group in plan.groups))
        shared = set.intersection(*(set(group.metrics) for group in plan.groups))
        if len(defaults) == 1:
            return []
        some = (
            ", ".join(sorted(n for n in shared if not n.startswith("test/")))
            or "none, so run them as two sweeps"
        )
        return [
            f"sweep.metric: members are judged by {' and '.join(defaults)}; "
            f"choose one that all have ({some})"
        ]
    for group in plan.groups:
        names = group.metrics
        if chosen not in names:
            hint = closest(chosen, names)
            asked = plan.settings.metric
            return [f"sweep.metric={asked}: no such result{hint} (there are: {', '.join(names)})"]
    return []


@dataclass(frozen=True)
class Assignment:
    """Members to be trained together, or measured."""

    sweep: str  # the sweep's id
    line: CommandLine  # what was typed for it
    group: Group  # what the members have in common
    members: tuple[Member, ...]  # in order
    folders: tuple[Path, ...]  # where to keep each of them
    log: Path  # where the child's output goes
    metric: str  # whose value is sent to the parent while training
    threads: int | None  # processor threads; None: as configured
    sizes: tuple[int, ...] = ()  # stack sizes to measure; empty: train
