"""Resuming a sweep, if it is the one that was planned; or training its members again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dltrain.config.compose import Sources, compose_groups
from dltrain.config.load import sweep_settings
from dltrain.config.overrides import Overrides
from dltrain.config.plain import as_dict, shown
from dltrain.config.resolve import read_value, resolve
from dltrain.config.schema import SweepConfig
from dltrain.config.validate import instance
from dltrain.runs.address import address, command_on
from dltrain.runs.command_line import DEFAULT_NAME, CommandLine
from dltrain.runs.find import find, list_runs
from dltrain.runs.layout import short_id
from dltrain.runs.provenance import DATA_PATHS, SWEEP_SETTINGS, changed_versions, refuse_changed
from dltrain.runs.repetition import repetition
from dltrain.runs.run import Run
from dltrain.runs.verification import refuse_links
from dltrain.sweep.folder import planned, reopen
from dltrain.sweep.plan import Plan, PlanError, differences, make_plan, metric_problems
from dltrain.sweep.session import Session
from dltrain.system.paths import expanded
from dltrain.system.shell import below

# Settings that planning has used up.
_SETTLED = ("sweep.zip", "sweep.repeat", "sweep.file")


def resumed(path: Path, overrides: Overrides, sources: Sources, *, allow_changed: bool) -> Session:
    """Read back a locked sweep, after making sure that it is still the planned one.

    Settings in ``SWEEP_SETTINGS`` and the paths of the data may be others, if they are typed.

    Raises:
        ValueError: If it is another one by now, a line for each difference.
    """
    refuse_links(path)
    folder, plan = reopen(path, moved=_moved(overrides), allow_changed=allow_changed)
    plan = _with_settings(plan, overrides, sources)
    _refuse_other(plan, overrides, sources, folder.as_run())
    session = Session(plan, folder)
    if session.num_finished < len(session.before) and not allow_changed:
        refuse_changed(changed_versions(folder.as_run()))
    return session


def _moved(overrides: Overrides) -> Mapping[str, str]:
    """Return where the data lie now: what they hold is known by its digest."""
    values = resolve(overrides.only(*DATA_PATHS), {}, sweeping=True).values
    return {key: value.read(raw=True) or "" for key, value in values.items()}


def _refuse_other(plan: Plan, overrides: Overrides, sources: Sources, sweep: Run) -> None:
    """Refuse overrides that do not compose to the sweep that was planned."""
    if not overrides.without("output_dir", "plugins", *DATA_PATHS, *SWEEP_SETTINGS):
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


def _with_settings(plan: Plan, overrides: Overrides, sources: Sources) -> Plan:
    """Let the sweep's settings that are typed hold from now on, where that can be."""
    typed, _ = overrides.split("sweep.")
    settings, lines = sweep_settings(resolve(typed, sources.groups, sweeping=True), sources)
    if settings is None:
        raise PlanError(lines)
    for entry in typed.entries:
        name = entry.key.removeprefix("sweep.")
        value, before = getattr(settings, name), getattr(plan.settings, name)
        if entry.key in SWEEP_SETTINGS:
            plan = replace(plan, settings=replace(plan.settings, **{name: value}))
        elif entry.key not in _SETTLED and value != before:
            raise PlanError(
                [f"{entry}: was settled when the sweep was planned (it is {shown(before)})"]
            )
    problems = metric_problems(plan)
    if problems:
        raise PlanError(problems)
    return plan


def find_sweep(name: str, overrides: Overrides, sources: Sources) -> Path:
    """Find the folder of a sweep among the runs.

    Raises:
        ValueError: If there is none of that name.
    """
    composed = compose_groups({}, sources.folders, sources.config_name)
    typed = overrides.get("output_dir")
    value = composed.get("output_dir") if typed is None else read_value(typed).read(raw=True)
    output_dir = expanded(str(value))
    if name == "latest":
        latest = next((run for run in list_runs(output_dir) if run.is_sweep), None)
        if latest is None:
            raise ValueError(f"--resume=latest: there are no sweeps in {output_dir}")
        return latest.folder
    run = find(name, output_dir)
    if not run.is_sweep:
        raise ValueError(f"--resume={name}: {run.id} is a single run, not a sweep")
    return run.folder


@dataclass(frozen=True)
class RepeatedSweep:
    """A sweep that is to be trained again."""

    num_planned: int  # how many members it had
    notes: Sequence[str]  # on what config files say otherwise by now, for people
    plan: Plan  # with the changes
    line: CommandLine  # what was typed for it


def repeated_sweep(sweep: Run, line: CommandLine, changes: Overrides) -> RepeatedSweep:
    """Plan a sweep again, with the changes made to each of its members.

    Raises:
        ValueError: If its plan is gone, or no overrides come to a member any more.
    """
    entries = planned(sweep)
    again = [repetition(entry.config, line.alone(entry.overrides)) for entry in entries]
    if len({(each.sources.folders, each.sources.config_name) for each in again}) > 1:
        # Config files are gone for some members: all are composed from dltrain's own.
        line = replace(line, config_dir=None, config_name=DEFAULT_NAME)
        again = [repetition(entry.config, line.alone(entry.overrides)) for entry in entries]
    where = Overrides.parse(below(sweep.folder.parent))
    overrides = Overrides((*_settings(sweep).updated(changes).entries, *where.entries))
    plan = make_plan(overrides, again[0].sources, base=[each.overrides for each in again])
    name, *folder = address(sweep)
    line = replace(
        line.from_here(Overrides()),
        words=["rerun", name, *changes.words, *folder],
        overrides=line.overrides.without("output_dir").updated(changes),
    )
    notes = dict.fromkeys(text for each in again for text in each.notes_beside(changes))
    return RepeatedSweep(len(entries), list(notes), plan, line)


def _settings(sweep: Run) -> Overrides:
    """Return the settings of a sweep that hold for its repetition, too."""
    settings, _ = instance(sweep.part("settings") or {}, SweepConfig, "sweep")
    return Overrides.of(
        {
            f"sweep.{name}": value
            for name, value in (as_dict(settings) if settings else {}).items()
            if f"sweep.{name}" not in _SETTLED and value is not None
        }
    )
