"""A sweep as it is shown: its plan or its header, live view, results, next commands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from dltrain.cli.arguments import EndedError, refusing
from dltrain.cli.live.plan import data_notes, plan_facts, plan_table
from dltrain.cli.live.training import following, tensorboard
from dltrain.cli.tables.results import best_facts, failures, mean_facts, ranking_and_noise
from dltrain.cli.terminal.console import dim, output, pairs, safe, warning
from dltrain.cli.terminal.sweep_view import SweepView
from dltrain.config.compose import Sources
from dltrain.config.overrides import Overrides
from dltrain.runs.address import command_on
from dltrain.runs.command_line import CommandLine
from dltrain.runs.compare.comparison import Comparison
from dltrain.runs.compare.results import Result
from dltrain.runs.repetition import again
from dltrain.runs.run import read
from dltrain.sweep.folder import SweepFolder
from dltrain.sweep.plan import Plan
from dltrain.sweep.results import unfinished
from dltrain.sweep.resume import resumed
from dltrain.sweep.session import Session, begun
from dltrain.system.disk import locked
from dltrain.text import counted, duration
from dltrain.train.cost import num_steps


def show_plan(plan: Plan) -> None:
    """Print what would be trained."""
    console = output()
    console.print(pairs(plan_facts(plan)))
    for note in data_notes(plan):
        console.print(note)
    console.print("")
    for part in plan_table(plan, whole=not console.is_terminal):
        console.print(part)
    console.print(dim("nothing was trained (--dry-run), so the time is not known"))


def start_sweep(plan: Plan, line: CommandLine) -> None:
    """Claim a folder for a sweep and train it there."""
    with begun(plan, line) as session:
        _train(session)


def resume_sweep(
    path: Path, overrides: Overrides, sources: Sources, *, allow_changed: bool
) -> None:
    """Train what is missing of a sweep, after making sure that it is still the same sweep."""
    with locked(path):
        with refusing():
            session = resumed(path, overrides, sources, allow_changed=allow_changed)
        if session.is_finished:
            count = counted(len(session.before), "member")
            output().print(f"{safe(session.folder.id)} is finished: {count}")
            return output().print(dim("nothing to resume"))
        if session.is_mixed:
            text = "members that are finished learned from other data than those to come"
            output().print(warning(f"{text}; what is ranked below is not one thing"))
        session.go_on()
        return _train(session)


def _train(session: Session) -> None:
    """Train what is unfinished of a sweep, and show what came out."""
    plan, folder = session.plan, session.folder
    view = _view(plan, session.num_finished)
    view.show(pairs([("sweep", folder.id), *plan_facts(plan)]))
    view.show(*data_notes(plan))
    if session.num_finished:
        view.note(f"finished already: {counted(session.num_finished, 'member')}")
    ended = session.run(view)
    view.show(*_summary(session, ended.results))
    if ended.exit_code:
        raise EndedError(ended.exit_code, ended.message)
    view.check()


def _view(plan: Plan, finished: int) -> SweepView:
    """Return what shows all members; those that were finished before are counted from the start."""
    sizes = [(group, plan.members[group.members[0]].config) for group in plan.groups]
    steps = sum(len(group.members) * num_steps(config, group.workload) for group, config in sizes)
    return SweepView(
        output(), members=plan.members, finished=finished, steps=steps, metric=plan.metric
    )


def _summary(session: Session, results: Sequence[Result]) -> list[object]:
    plan, folder = session.plan, session.folder
    comparison = Comparison(plan.metric, plan.varying, results, planned=len(results))
    tables, facts = ranking_and_noise(comparison)
    parts = ["", *tables]
    best, mean = comparison.best, comparison.split_mean
    if mean is not None:
        facts += mean_facts(mean)
    if best is not None:
        facts += best_facts(comparison, best, again(read(folder.member(best.index))))
    count = len(plan.members)
    taken = duration(folder.info["seconds"])
    facts.append(("time", f"{taken} of training for {counted(count, 'member')}"))
    lines: list[tuple[str, object]] = [("folder", str(folder.path))]
    lines += following([*_next(folder, comparison)])
    if any(member.config.tracking.tensorboard for member in plan.members):
        lines.append(("", tensorboard(plan.members[0].config)))
    return [*parts, *failures(results), "", pairs([*facts, *lines])]


def _next(folder: SweepFolder, comparison: Comparison) -> Iterator[str]:
    """Yield commands to try next."""
    run, best = folder.as_run(), comparison.best
    if unfinished(comparison.results):
        yield command_on(run, "resume")
    if best is None and comparison.split_mean is None:
        yield command_on(run, "runs", "ls")
        return
    yield command_on(run, "runs", "best")
    yield command_on(run, "report")
    if best is not None:
        yield command_on(folder.as_run(best.index), "runs", "show")
