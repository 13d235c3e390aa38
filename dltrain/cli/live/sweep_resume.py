"""Going on with a sweep: what is missing of it, once it is sure that it is still the same one."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from dltrain.cli.arguments import refusing
from dltrain.cli.live.sweep import sweep
from dltrain.cli.live.training import counted
from dltrain.cli.terminal.console import dim, output, safe, warning
from dltrain.config.compose import Sources, compose_groups
from dltrain.config.load import sweep_settings
from dltrain.config.overrides import read_words
from dltrain.config.plain import as_dict, shown
from dltrain.runs.address import command_on
from dltrain.runs.compare.results import Result
from dltrain.runs.find import find, list_runs
from dltrain.runs.layout import RESULTS, short_id
from dltrain.runs.provenance import changed_versions, refuse_changed
from dltrain.runs.record import exact_now
from dltrain.runs.run import Run
from dltrain.runs.run_time import seconds_of
from dltrain.runs.verification import complaints, refuse_links
from dltrain.sweep.folder import FINISHED, SweepFolder, reopen
from dltrain.sweep.plan import Plan, PlanError, differences, make_plan, metric_problems
from dltrain.sweep.results import read_results, unfinished
from dltrain.system.disk import locked
from dltrain.system.environment import process, versions
from dltrain.system.paths import expanded

# What may be told anew when a sweep is resumed.
RESETTABLE = ("sweep.on_error=", "sweep.workers=", "sweep.metric=")


def resume(
    path: Path,
    overrides: Sequence[str],
    sources: Sources,
    *,
    moved: Mapping[str, str] | None = None,
    allow_changed: bool,
) -> None:
    """Train what is missing of a sweep, after making sure that it is still the same sweep.

    Args:
        path: Its folder.
        overrides: May be repeated, or tell ``RESETTABLE`` anew.
        sources: Of the configs that overrides are composed from.
        moved: Where its data lie now: ``data.path``, ``data.root``.
        allow_changed: Whether other versions may go on with it, and other data.
    """
    with locked(path):
        with refusing():
            refuse_links(path)
            moved = {**_moved(overrides), **(moved or {})}
            folder, plan = reopen(path, moved=moved, allow_changed=allow_changed)
            plan = _retold(plan, overrides, sources)
            _refuse_other(plan, overrides, sources, folder.as_run())
            if unfinished(read_results(folder, plan)) and not allow_changed:
                refuse_changed(changed_versions(Run(path, folder.info, is_sweep=True)))
            before = Run(path, folder.info, is_sweep=True)
            same = as_dict(plan.told) == folder.info.get("told")
            if same and _is_through(before, read_results(folder, plan)):
                return None
        if _learned_from_others(folder, plan):
            text = "members that are finished learned from other data than those to come"
            output().print(warning(f"{text}; what is ranked below is not one thing"))
        seconds = seconds_of(before)
        folder.list_file(RESULTS, None)  # until it is written anew
        folder.write(
            seconds=seconds or 0.0,
            since=exact_now(),
            status="running",
            exit_code=None,
            finished=None,
            told=as_dict(plan.told),
            metric=plan.metric,
            versions=versions(),
            **process(os.getpid()),
        )
        return sweep(plan, folder)


def _learned_from_others(folder: SweepFolder, plan: Plan) -> bool:
    """Whether a member that is finished learned from data of another digest than the plan's now."""
    for group in plan.groups:
        runs = [folder.run(index) for index in group.members]
        finished = [run for run in runs if run is not None and run.status in FINISHED]
        if any(run.part("data", "sha256") != group.workload.data.sha256 for run in finished):
            return True
    return False


def _is_through(sweep: Run, results: Sequence[Result]) -> bool:
    """Tell whether a sweep has come to its end and nothing is left to do, and say so."""
    damaged = list(complaints(sweep.folder, sweep.part("files")))
    if sweep.status not in ("done", "diverged") or unfinished(results) or damaged:
        return False
    output().print(f"{safe(sweep.id)} is finished: {counted(len(results), 'member')}")
    output().print(dim("nothing to resume"))
    return True


def _moved(overrides: Sequence[str]) -> dict[str, str]:
    """Return what is typed of where the data lie: what they hold is known by its digest."""
    read = read_words(overrides, {}, sweeping=True)
    keys = [key for key in ("data.path", "data.root") if key in read.values]
    return {key: str(read.values[key].read(raw=True)) for key in keys}


def _refuse_other(plan: Plan, overrides: Sequence[str], sources: Sources, sweep: Run) -> None:
    """Refuse overrides that do not come to the sweep that was planned.

    Raises:
        PlanError: With what they come to instead, and what trains that.
    """
    apart = ("output_dir=", "data.path=", "data.root=", "plugins=", *RESETTABLE)
    fixed = [word for word in overrides if not word.startswith(apart)]
    if not fixed:
        return
    changed = differences(make_plan(overrides, sources).members, plan.members)
    if changed:
        advice = (
            f"leave the overrides out to go on as planned; {command_on(sweep, 'rerun')} KEY=VALUE "
            "trains it anew with other values; a new sweep takes over what it has in common with "
            "this one if it is told sweep.skip_done=true"
        )
        head = f"--resume={short_id(sweep.id)}: the sweep's definition changed; {advice}"
        raise PlanError([head, *changed])


def _retold(plan: Plan, overrides: Sequence[str], sources: Sources) -> Plan:
    """Let what is typed of the sweep's own settings hold from now on, where that can be.

    Raises:
        PlanError: If a setting is not to be had, or was settled when the sweep was planned.
    """
    typed = [word for word in overrides if word.startswith("sweep.")]
    told, lines = sweep_settings(read_words(typed, sources.groups, sweeping=True), sources)
    if told is None:
        raise PlanError(lines)
    for word in typed:
        key = word.partition("=")[0].removeprefix("sweep.")
        value, before = getattr(told, key), getattr(plan.told, key)
        if word.startswith(RESETTABLE):
            plan = replace(plan, told=replace(plan.told, **{key: value}))
        elif key not in ("zip", "repeat", "file") and value != before:
            raise PlanError(
                [f"{word}: was settled when the sweep was planned (it is {shown(before)})"]
            )
    complaints = metric_problems(plan)
    if complaints:
        raise PlanError(complaints)
    return plan


def find_sweep(name: str, overrides: Sequence[str], sources: Sources) -> Path:
    """Find the folder of a sweep among the runs.

    Args:
        name: An id, a prefix, ``latest`` and so on.
        overrides: Among which ``output_dir`` may say where runs are.
        sources: Whose config says it otherwise.

    Raises:
        ValueError: If there is none of that name.
    """
    where = [word for word in overrides if word.startswith("output_dir=")]
    composed = compose_groups({}, sources.folders, sources.config_name)
    text = where[-1].partition("=")[2] if where else str(composed.get("output_dir"))
    output_dir = expanded(text)
    if name == "latest":
        found = next((run for run in list_runs(output_dir) if run.is_sweep), None)
        if found is None:
            raise ValueError(f"--resume=latest: there are no sweeps in {output_dir}")
        return found.folder
    run = find(name, output_dir)
    if not run.is_sweep:
        raise ValueError(f"--resume={name}: {run.id} is a single run, not a sweep")
    return run.folder
