"""What a sweep says before it trains: its plan."""

from __future__ import annotations

from collections.abc import Sequence

from dltrain.cli.terminal.console import dim, table, warning
from dltrain.config.rules import class_weight_notes
from dltrain.nn.plan import widths
from dltrain.sweep.plan import Group, Member, Plan
from dltrain.sweep.stacks import cut, in_order, sizes_to_try, stack_size
from dltrain.system.environment import free_memory
from dltrain.text import counted, figure
from dltrain.train.cost import num_steps, stack_bytes, work

# Rows of a table on a terminal; plan.jsonl has all of them.
ROWS = 20
# Keys that change what a loss is of, and a metric that they leave alone.
_OTHER_LOSSES = {"loss.class_weight": "balanced_accuracy", "data.log_target": "rmse"}


def plan_facts(plan: Plan) -> list[tuple[str, object]]:
    """Return what is shown of a plan before anything is trained."""
    values = {key: {member.setting[key] for member in plan.members} for key in plan.varying}
    varying = ", ".join(f"{key} ({len(texts):,})" for key, texts in values.items())
    duplicates = counted(plan.duplicates, "duplicate")
    left_out = f" ({duplicates} of them left out)" if plan.duplicates else ""
    facts: list[tuple[str, object]] = [
        ("members", f"{len(plan.members):,}{left_out}"),
        ("varying", varying or "nothing"),
    ]
    count = len(plan.groups)
    for number, group in enumerate(plan.groups[:ROWS]):
        name = "groups" if count > 1 else "group"
        facts.append((name if number == 0 else "", group_line(plan, group)))
    if count > ROWS:
        facts.append(("", f"and {count - ROWS:,} groups more"))
    for summary in {
        group.workload.data.name: group.workload.data for group in plan.groups
    }.values():
        sizes = ", ".join(f"{count:,} {split}" for split, count in summary.rows.items() if count)
        facts += [("data", f"{summary.name}: {sizes}"), *summary.lines]
    facts.append(("sorted by", plan.metric))
    return facts


def group_line(plan: Plan, group: Group) -> str:
    """Say in a line what a group is, and what training it costs."""
    members = in_order([plan.members[index] for index in group.members])
    configs, workload = [member.config for member in members], group.workload
    config, data = configs[0], workload.data
    batch = "all rows" if config.trainer.batch_size is None else config.trainer.batch_size
    operations = sum(work(config, workload) for config in configs)
    layers = "-".join(map(str, widths(workload.layers)))
    what = f"{config.model.kind} {layers} on {data.name}, {config.optimizer.kind}"
    steps = f"batch {batch}, {num_steps(config, workload):,} steps"
    memory = f"about {stack_bytes(configs, workload) / 2**20:,.0f} MiB"
    cost = f"{memory}, {figure(operations / 1e9)} GFLOP in products"
    return f"{_stacks(plan, group, members)}: {what}, {steps}; {cost}"


def _stacks(plan: Plan, group: Group, members: Sequence[Member]) -> str:
    """Say how many members there are, and in how many stacks as far as is known."""
    if len(members) == 1:
        return counted(1, "member")
    size = stack_size(members, group, plan.settings, len(plan.groups), free_memory())
    count = len(cut(members, size))
    if plan.settings.stack_size is None and len(sizes_to_try(members, group, size)) > 1:
        return f"{len(members):,} members in {count:,} or more stacks, as measuring will say"
    return f"{len(members):,} members in {counted(count, 'stack')}"


def data_notes(plan: Plan) -> list[object]:
    """Return what the data sets have to say, each once; warnings first."""
    facts = [group.workload.data for group in plan.groups]
    warnings = dict.fromkeys(text for summary in facts for text in summary.warnings)
    notes = dict.fromkeys(text for summary in facts for text in summary.notes)
    notes |= dict.fromkeys(text for m in plan.members for text in class_weight_notes(m.config))
    if plan.metric.endswith("/loss"):
        for key, metric in _OTHER_LOSSES.items():
            if key in plan.varying:
                notes[
                    f"members differ in {key}, so their losses do not compare: sort by another "
                    f"metric, such as sweep.metric={metric}"
                ] = None
    return [*map(warning, warnings), *(dim(f"note: {text}") for text in notes)]


def plan_table(plan: Plan, *, whole: bool) -> list[object]:
    """Lay out the members, varying keys only."""
    members = plan.members if whole else plan.members[:ROWS]
    groups = {index: number for number, group in enumerate(plan.groups) for index in group.members}
    rows = [[m.index, *m.setting.values(), groups[m.index]] for m in members]
    columns = ["member", *plan.varying, "group"]
    parts: list[object] = [table(columns, rows, right=["member", "group"])]
    if len(members) < len(plan.members):
        parts.append(dim(f"and {len(plan.members) - len(members):,} members more"))
    return parts
