"""What a sweep says before and after: its plan, its results, its best member, its failures."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dltrain.console import bold, dim, figure, table, warning
from dltrain.machine import free_memory
from dltrain.sweep.stacks import (
    in_order,
    num_steps,
    sizes_to_try,
    stack_bytes,
    stack_size,
    work,
)

if TYPE_CHECKING:
    from dltrain.results import Result, SettingResult
    from dltrain.sweep.plan import Group, Member, Plan

# Rows of a table on a terminal; results.csv and plan.jsonl have all of them.
ROWS = 20


def plan_facts(plan: Plan) -> list[tuple[str, object]]:
    """Return what is shown of a plan before anything is trained."""
    varying = [f"{key} ({len(_values(plan, key)):,})" for key in plan.varying]
    facts: list[tuple[str, object]] = [
        ("members", f"{len(plan.members):,}{_duplicates(plan)}"),
        ("varying", ", ".join(varying) or "nothing"),
    ]
    count = len(plan.groups)
    for number, group in enumerate(plan.groups[:ROWS]):
        name = "groups" if count > 1 else "group"
        facts.append((name if number == 0 else "", group_line(plan, group)))
    if count > ROWS:
        facts.append(("", f"and {count - ROWS} groups more"))
    facts.append(("sorted by", plan.metric))
    return facts


def group_line(plan: Plan, group: Group) -> str:
    """Say in a line what a group is, and what training it costs."""
    members = in_order([plan.members[index] for index in group.members])
    config = members[0].config
    widths = [str(group.facts.in_features)]
    widths += [str(layer.out_features) for layer in group.layers if hasattr(layer, "out_features")]
    batch = "all rows" if config.trainer.batch_size is None else config.trainer.batch_size
    operations = sum(work(member.config, group) for member in members)
    what = f"{config.model.kind} {'-'.join(widths)} on {group.facts.name}, {config.optimizer.kind}"
    steps = f"batch {batch}, {num_steps(config, group):,} steps"
    memory = f"about {stack_bytes(members, group) / 2**20:,.0f} MiB"
    cost = f"{memory}, {figure(operations / 1e9)} GFLOP in products"
    return f"{_stacks(plan, group, members)}: {what}, {steps}; {cost}"


def _stacks(plan: Plan, group: Group, members: Sequence[Member]) -> str:
    """Say how many members there are, and in how many stacks as far as is known."""
    if len(members) == 1:
        return "1 member"
    size = stack_size(members, group, plan.told, len(plan.groups), free_memory())
    count = -(-len(members) // size)
    if plan.told.stack_size is None and len(sizes_to_try(members, group, size)) > 1:
        return f"{len(members):,} members in {count} or more stacks, as measuring will say"
    return f"{len(members):,} members in {count} stack{'s' if count > 1 else ''}"


def remarks(plan: Plan) -> list[object]:
    """Return what the data sets have to say, each once; warnings first."""
    facts = [group.facts for group in plan.groups]
    warnings = dict.fromkeys(text for own in facts for text in own.warnings)
    notes = dict.fromkeys(text for own in facts for text in own.notes)
    return [*map(warning, warnings), *(dim(f"note: {text}") for text in notes)]


def plan_table(plan: Plan, *, whole: bool) -> list[object]:
    """Lay out the members, varying keys only."""
    members = plan.members if whole else plan.members[:ROWS]
    place = {index: number for number, group in enumerate(plan.groups) for index in group.members}
    rows = [[m.index, *m.setting.values(), place[m.index]] for m in members]
    columns = ["member", *plan.varying, "group"]
    parts: list[object] = [table(columns, rows, right=["member", "group"])]
    if len(members) < len(plan.members):
        parts.append(dim(f"and {len(plan.members) - len(members):,} members more"))
    return parts


def results_table(ranking: Sequence[Result], metric: str) -> list[object]:
    """Lay out the members that came to an end, best first."""
    tests = [name for name in ("test/accuracy", "test/rmse") if name != metric]
    names = [name for name in tests if any(name in result.metrics for result in ranking)]
    rows = [
        [
            result.index,
            *result.setting.values(),
            figure(result.value or 0.0),
            result.epoch,
            *(figure(result.metrics[n]) if n in result.metrics else "-" for n in names),
        ]
        for result in ranking[:ROWS]
    ]
    keys = list(ranking[0].setting)
    columns = ["member", *keys, metric, "epoch", *names]
    right = ["member", metric, "epoch", *names]
    parts: list[object] = [table(columns, rows, right=right, wrapping=keys)]
    if len(ranking) > ROWS:
        parts.append(dim(f"and {len(ranking) - ROWS:,} more in results.csv"))
    return parts


def settings_table(groups: Sequence[SettingResult], metric: str) -> list[object]:
    """Lay out settings with their mean over seeds, best first."""
    keys = list(groups[0].setting)
    rows = [
        [
            *group.setting.values(),
            figure(group.mean),
            figure(group.deviation),
            _share(group),
            "best" if group is groups[0] else _mark(group),
        ]
        for group in groups[:ROWS]
    ]
    columns = [*keys, f"mean {metric}", "sd", "n", "within noise"]
    right = [f"mean {metric}", "sd", "n"]
    parts: list[object] = [table(columns, rows, right=right, wrapping=keys)]
    if len(groups) > ROWS:
        parts.append(dim(f"and {len(groups) - ROWS:,} settings more"))
    return parts


def noise_sentence(groups: Sequence[SettingResult]) -> str:
    """Say which settings the results cannot tell from the best."""
    close = sum(group.as_good is True for group in groups) - 1
    if any(group.as_good is None for group in groups):
        if any(group.planned == 1 for group in groups):
            return "settings run only once cannot be compared; sweep.repeat=5 runs each five times"
        return "a setting of which only one run is finished cannot be compared"
    if len(groups) == 1:
        return "no other setting to compare with"
    if not close:
        return "the best setting is better than each of the others (Welch's t-test, 5 %)"
    are = "setting is" if close == 1 else "settings are"
    return f"{close} other {are} within noise of the best (Welch's t-test, 5 %)"


def best_facts(best: Result) -> list[tuple[str, object]]:
    """Return the best member: what it reached, and the command that trains it alone."""
    number = best.index
    return [
        ("best", bold(f"member {number}: {figure(best.value or 0.0)} at epoch {best.epoch}")),
        ("command", shlex.join(["dltrain", *best.words])),
    ]


def failures(results: Sequence[Result]) -> list[object]:
    """List the members that have no result, with their reasons."""
    rows = [
        [result.index, *result.setting.values(), result.status, result.message]
        for result in results
        if result.status != "done"
    ]
    if not rows:
        return []
    keys = list(results[0].setting)
    columns = ["member", *keys, "status", "reason"]
    shown = table(columns, rows[: 5 * ROWS], right=["member"], wrapping=["reason"])
    more = [dim(f"and {len(rows) - 5 * ROWS:,} more")] if len(rows) > 5 * ROWS else []
    return ["", bold(f"without a result: {len(rows)}"), shown, *more]


def _mark(group: SettingResult) -> str:
    """Say whether a setting may be as good as the best."""
    if group.lost:
        return "no, unstable"
    return {True: "yes", False: "no", None: "?"}[group.as_good]


def _share(group: SettingResult) -> str:
    """Say how many members a mean is of, and of how many."""
    count = len(group.results)
    return str(count) if count == group.planned else f"{count} of {group.planned}"


def _values(plan: Plan, key: str) -> set[str]:
    return {member.setting[key] for member in plan.members}


def _duplicates(plan: Plan) -> str:
    count = plan.duplicates
    if not count:
        return ""
    return f" ({count:,} duplicate{'s' if count > 1 else ''} of them left out)"
