"""The course of a sweep whose lock is held, from its header to its end."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from dltrain.cli.arguments import EndedError
from dltrain.cli.live import plan as say
from dltrain.cli.live.training import counted, following, tensorboard
from dltrain.cli.tables import results as told
from dltrain.cli.terminal.console import dim, output, pairs
from dltrain.cli.terminal.sweep_view import SweepView
from dltrain.runs.address import command_on
from dltrain.runs.command_line import CommandLine
from dltrain.runs.compare.comparison import Comparison
from dltrain.runs.compare.results import Result, counts
from dltrain.runs.layout import LOGS
from dltrain.runs.record import now
from dltrain.runs.repetition import again
from dltrain.runs.run import read
from dltrain.sweep.engine import Engine
from dltrain.sweep.folder import SweepFolder, begin
from dltrain.sweep.plan import Plan
from dltrain.sweep.results import read_results, sweep_result, unfinished, write_csv
from dltrain.sweep.reuse import take_over
from dltrain.system.disk import StorageError, make_folder, remove, remove_tree
from dltrain.system.paths import expanded
from dltrain.text import duration
from dltrain.train.cost import num_steps


def show_plan(plan: Plan) -> None:
    """Print what would be trained."""
    console = output()
    console.print(pairs(say.plan_facts(plan)))
    for remark in say.remarks(plan):
        console.print(remark)
    console.print("")
    for part in say.plan_table(plan, whole=not console.is_terminal):
        console.print(part)
    console.print(dim("nothing was trained (--dry-run), so the time is not known"))


def start(plan: Plan, line: CommandLine) -> None:
    """Claim a folder for a sweep and train it there.

    Args:
        plan: What is to be trained.
        line: What was typed.
    """
    output_dir = expanded(plan.members[0].config.output_dir)
    folder = begin(output_dir, plan, line=line)
    with folder.locked():
        if plan.told.skip_done:
            taken = take_over(folder, plan, output_dir)
            folder.write(taken_over={str(index): run_id for index, run_id in taken.items()})
        return sweep(plan, folder)


def sweep(plan: Plan, folder: SweepFolder) -> None:
    """Train what is unfinished of a sweep whose lock is held; show and keep what came out.

    Raises:
        EndedError: With the exit code, if not all members came to an end.
    """
    before = read_results(folder, plan)
    missing = unfinished(before)
    view = _view(plan, len(plan.members) - len(missing))
    view.show(pairs([("sweep", folder.id), *say.plan_facts(plan)]))
    view.show(*say.remarks(plan))
    if len(missing) < len(plan.members):
        finished = len(plan.members) - len(missing)
        view.note(f"finished already: {counted(finished, 'member')}")
    make_folder(folder.path / LOGS)
    engine = Engine(plan, folder, view)
    try:
        with view.watching():
            engine.run(before)
    except StorageError as error:
        with contextlib.suppress(StorageError):  # the first one tells the story
            _keep(plan, folder, engine, code=4)
        advice = f"then go on with: {command_on(folder.as_run(), 'resume')}"
        raise StorageError(f"{error}; {advice}") from error
    except BaseException:
        _keep(plan, folder, engine)
        raise
    results, code = _keep(plan, folder, engine)
    view.show(*_summary(plan, folder, results))
    if code:
        raise EndedError(code, _complaint(folder, results, engine))
    view.check()


def _keep(
    plan: Plan, folder: SweepFolder, engine: Engine, *, code: int | None = None
) -> tuple[list[Result], int]:
    """Write what came out so far; return it with the sweep's exit code."""
    results = read_results(folder, plan)
    found, status = _ending(results, engine)
    write_csv(folder, plan, results)
    folder.write(
        status=status if code is None else "failed",
        exit_code=found if code is None else code,
        finished=now(),
        counts=counts(results),
        seconds=folder.seconds,
        result=sweep_result(plan, results),
    )
    _tidy(folder)
    return results, found


def _view(plan: Plan, finished: int) -> SweepView:
    """Return what shows all members; those that were finished before are counted from the start."""
    sizes = [(group, plan.members[group.members[0]].config) for group in plan.groups]
    steps = sum(len(group.members) * num_steps(config, group.workload) for group, config in sizes)
    return SweepView(
        output(),
        members=plan.members,
        finished=finished,
        steps=steps,
        metric=plan.metric,
    )


def _ending(results: Sequence[Result], engine: Engine) -> tuple[int, str]:
    """Return the sweep's exit code and status."""
    statuses = {result.status for result in results}
    if engine.stop_signal is not None:
        return 128 + engine.stop_signal, "interrupted"
    if statuses - {"done", "diverged"}:
        return 1, "failed"
    return (3, "diverged") if statuses == {"diverged"} else (0, "done")


def _summary(plan: Plan, folder: SweepFolder, results: Sequence[Result]) -> list[object]:
    comparison = Comparison(plan.metric, plan.varying, results, planned=len(results))
    tables, facts = told.ranking_and_noise(comparison)
    parts = ["", *tables]
    best = comparison.best
    if best is not None:
        facts += told.best_facts(best, again(read(folder.member(best.index))))
    count = len(plan.members)
    taken = duration(folder.info["seconds"])
    facts.append(("time", f"{taken} for {counted(count, 'member')}"))
    lines: list[tuple[str, object]] = [("folder", str(folder.path))]
    lines += following([*_next(folder, best, results)])
    if any(member.config.tracking.tensorboard for member in plan.members):
        lines.append(("", tensorboard(plan.members[0].config)))
    return [*parts, *told.failures(results), "", pairs([*facts, *lines])]


def _next(folder: SweepFolder, best: Result | None, results: Sequence[Result]) -> Iterator[str]:
    """Yield commands to try next."""
    run = folder.as_run()
    if unfinished(results):
        yield command_on(run, "resume")
    if best is None:
        yield command_on(run, "runs", "ls")
        return
    yield command_on(run, "runs", "best")
    yield command_on(run, "report")
    yield command_on(folder.as_run(best.index), "runs", "show")


def _complaint(folder: SweepFolder, results: Sequence[Result], engine: Engine) -> str:
    finished = sum(result.status in ("done", "diverged") for result in results)
    share = f"{finished} of {len(results)} members are finished"
    resume = command_on(folder.as_run(), "resume")
    if engine.stop_signal is not None:
        return f"interrupted; {share}; {resume} goes on with the others"
    failed = sum(result.status == "failed" for result in results)
    if failed:
        return f"{failed} member{'s' if failed > 1 else ''} failed; {share}"
    if finished < len(results):
        return f"{share}; {resume} goes on"
    return "every member diverged; try smaller values of optimizer.lr"


def _tidy(folder: SweepFolder) -> None:
    """Delete the logs of child processes that had nothing to say."""
    logs = folder.path / LOGS
    for log in sorted(logs.glob("*.log")):
        if not log.stat().st_size:
            remove(log)
    if not any(logs.iterdir()):
        remove_tree(logs)
