"""Train many runs as one: every combination of the values given, in stacks that train together.

    dltrain -m model=softmax data=fashion_mnist optimizer.lr=0.01,0.03,0.1 "seed=range(3)"

Values: a,b,c  range(start,stop,step)  choice(a,b)  glob(*) over a group's files; sort(...),
shuffle(...). Values in pairs: sweep.zip=[key,key]. Several seeds: sweep.repeat=5. Several sweeps as
one: sweep.file=FILE. All sweep.* keys: dltrain config show --describe
"""

from __future__ import annotations

import contextlib
import os
import shlex
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dltrain.check import shown
from dltrain.cli import sweep_summary as say
from dltrain.cli.arguments import EndedError, Parser, UsageError, refusing
from dltrain.cli.summary import where_runs_are
from dltrain.compose import Sources, compose_groups
from dltrain.config import sweep_settings
from dltrain.console import dim, duration, output, pairs
from dltrain.console.sweep import SweepView
from dltrain.environment import process
from dltrain.paths import expanded
from dltrain.reading import refuse_links
from dltrain.recorder import now, short_id
from dltrain.runs import find, higher_is_better, list_runs
from dltrain.schema import as_dict
from dltrain.storage import StorageError, make_folder, remove, remove_tree
from dltrain.sweep.engine import Engine
from dltrain.sweep.folder import SweepFolder, begin, reopen
from dltrain.sweep.plan import Plan, PlanError, differences, make_plan, metric_problems
from dltrain.sweep.results import (
    Result,
    best_record,
    best_result,
    by_setting,
    counts,
    is_repeated,
    ranked,
    read_results,
    unfinished,
    write_csv,
)
from dltrain.sweep.reuse import take_over
from dltrain.sweep.stacks import num_steps
from dltrain.words import read_words

# What may be told anew when a sweep is resumed.
RESETTABLE = ("sweep.on_error=", "sweep.workers=", "sweep.metric=")
USAGE = "dltrain -m [OVERRIDE ...] [--dry-run] | dltrain -m --resume SWEEP [OVERRIDE ...]"


def main(words: Sequence[str]) -> None:
    """Plan a sweep, and train it or print the plan."""
    parser = Parser("-m", __doc__ or "", USAGE).composing()
    parser.add_argument("--multirun", "-m", action="store_true", help="sweep")
    parser.add_argument("--dry-run", action="store_true", help="print the plan and start nothing")
    parser.add_argument(
        "--resume", metavar="SWEEP", help="train what is missing, failed or interrupted; or latest"
    )
    if any(word in ("--cfg", "-c") or word.startswith("--cfg=") for word in words):
        raise UsageError(["--cfg: prints one run's config; --dry-run prints a sweep's plan"])
    arguments = parser.read(words)
    sources = Sources.of(arguments.config_dir, arguments.config_name)
    if arguments.resume is not None:
        if arguments.dry_run:
            raise UsageError(["--dry-run: a plan that is resumed was made before; leave it out"])
        return resume(arguments.resume, arguments.overrides, sources)
    with refusing():
        plan = make_plan(arguments.overrides, sources)
    if arguments.dry_run:
        return show_plan(plan)
    output_dir = expanded(plan.members[0].config.output_dir)
    folder = begin(output_dir, plan, words=words)
    with folder.locked():
        if plan.told.skip_done:
            taken = take_over(folder, plan, output_dir)
            folder.write(taken_over={str(index): run_id for index, run_id in taken.items()})
        return sweep(plan, folder)


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


def resume(name: str, overrides: Sequence[str], sources: Sources) -> None:
    """Train what is missing of a sweep, after making sure that it is still the same sweep."""
    where = [word for word in overrides if word.startswith("output_dir=")]
    composed = compose_groups({}, sources.folders, sources.config_name)
    text = where[-1].partition("=")[2] if where else str(composed.get("output_dir"))
    output_dir = expanded(text)
    with refusing():
        folder, plan = reopen(_find_sweep(name, output_dir))
        plan = _retold(plan, overrides, sources)
        fixed = [w for w in overrides if not w.startswith(("output_dir=", *RESETTABLE))]
        if fixed:
            changed = differences(make_plan(overrides, sources).members, plan.members)
            if changed:
                advice = "leave the overrides out to go on as planned, or start a new sweep"
                head = f"--resume={name}: the sweep's definition changed; {advice}"
                raise UsageError([head, *changed])
    with folder.locked():
        with refusing():
            refuse_links(folder.path)
        folder.list_file("results.csv", None)  # until it is written anew
        folder.write(
            status="running",
            exit_code=None,
            finished=None,
            told=as_dict(plan.told),
            **process(os.getpid()),
        )
        sweep(plan, folder)


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


def _find_sweep(name: str, output_dir: Path) -> Path:
    if name == "latest":
        found = next((run for run in list_runs(output_dir) if run.is_sweep), None)
        if found is None:
            raise ValueError(f"--resume=latest: there are no sweeps in {output_dir}")
        return found.folder
    run = find(name, output_dir)
    if not run.is_sweep:
        raise ValueError(f"--resume={name}: {run.id} is a single run, not a sweep")
    return run.folder


def sweep(plan: Plan, folder: SweepFolder) -> None:
    """Train what is unfinished of a sweep whose lock is held; show and keep what came out.

    Raises:
        EndedError: With the exit code, if not all members came to an end.
    """
    before = read_results(folder, plan)
    missing = unfinished(before)
    failed = {result.member.index for result in before if result.status == "failed"}
    view = _view(plan, missing)
    view.show(pairs([("sweep", folder.id), *say.plan_facts(plan)]))
    view.show(*say.remarks(plan))
    if len(missing) < len(plan.members):
        view.note(f"{len(plan.members) - len(missing)} members are finished already")
    make_folder(folder.path / "logs")
    engine, started = Engine(plan, folder, view), time.perf_counter()
    try:
        with view.watching():
            engine.run(missing, failed)
    except StorageError as error:
        with contextlib.suppress(StorageError):  # the first one tells the story
            _keep(plan, folder, engine, code=4)
        advice = f"then go on with: dltrain -m --resume {short_id(folder.id)}"
        raise StorageError(f"{error}; {advice}") from error
    except BaseException:
        _keep(plan, folder, engine)
        raise
    results, code = _keep(plan, folder, engine)
    view.show(*_summary(plan, folder, results, time.perf_counter() - started))
    if code:
        raise EndedError(code, _complaint(folder, results, engine))


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
        result={"best": best_record(plan, results)},
    )
    _tidy(folder)
    return results, found


def _view(plan: Plan, missing: set[int]) -> SweepView:
    counts = [(group, len(missing & set(group.members))) for group in plan.groups]
    steps = sum(n * num_steps(plan.members[g.members[0]].config, g) for g, n in counts)
    return SweepView(
        output(),
        members=plan.members,
        steps=steps,
        metric=plan.metric,
        higher_is_better=higher_is_better(plan.metric),
    )


def _ending(results: Sequence[Result], engine: Engine) -> tuple[int, str]:
    """Return the sweep's exit code and status."""
    statuses = {result.status for result in results}
    if engine.stop_signal is not None:
        return 128 + engine.stop_signal, "interrupted"
    if statuses - {"done", "diverged"}:
        return 1, "failed"
    return (3, "diverged") if statuses == {"diverged"} else (0, "done")


def _summary(
    plan: Plan, folder: SweepFolder, results: Sequence[Result], seconds: float
) -> list[object]:
    ranking = ranked(results, plan.metric)
    parts: list[object] = [""]
    facts: list[tuple[str, object]] = []
    if ranking and is_repeated(plan):
        settings = by_setting(results, plan.metric)
        parts += say.settings_table(plan, settings)
        facts.append(("noise", say.noise_sentence(settings)))
    elif ranking:
        parts += say.results_table(plan, ranking)
    best = best_result(plan, results)
    if best is not None:
        facts += say.best_facts(best)
    count = len(plan.members)
    facts.append(("time", f"{duration(seconds)} for {count:,} member{'s' if count > 1 else ''}"))
    short, where = short_id(folder.id), where_runs_are(plan.members[0].config)
    commands = [["runs", "ls", short, *where]]
    if best is not None:
        commands.append(["runs", "show", f"{short}/{best.member.index}", *where])
    if unfinished(results):
        commands.insert(0, ["-m", "--resume", short, *where])
    lines: list[tuple[str, object]] = [("folder", str(folder.path))]
    lines += [
        ("" if number else "next", shlex.join(["dltrain", *command]))
        for number, command in enumerate(commands)
    ]
    return [*parts, *say.failures(results), "", pairs([*facts, *lines])]


def _complaint(folder: SweepFolder, results: Sequence[Result], engine: Engine) -> str:
    finished = sum(result.status in ("done", "diverged") for result in results)
    share = f"{finished} of {len(results)} members are finished"
    if engine.stop_signal is not None:
        again = "trains the others from their start"
        return f"interrupted; {share}; dltrain -m --resume {short_id(folder.id)} {again}"
    failed = sum(result.status == "failed" for result in results)
    if failed:
        return f"{failed} member{'s' if failed > 1 else ''} failed; {share}"
    if finished < len(results):
        return f"{share}; dltrain -m --resume {short_id(folder.id)} goes on"
    return "every member diverged; try smaller values of optimizer.lr"


def _tidy(folder: SweepFolder) -> None:
    """Delete the logs of child processes that had nothing to say."""
    logs = folder.path / "logs"
    for log in sorted(logs.glob("*.log")):
        if not log.stat().st_size:
            remove(log)
    if not any(logs.iterdir()):
        remove_tree(logs)
