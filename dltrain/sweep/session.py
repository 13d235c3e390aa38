"""A sweep from its plan to its results: begun or resumed, trained, recorded.

With ``sweep.skip_done`` it begins by taking over runs that are finished.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dltrain.config.plain import as_dict
from dltrain.runs.address import command_on
from dltrain.runs.command_line import CommandLine
from dltrain.runs.compare.results import Result, counts
from dltrain.runs.find import list_all
from dltrain.runs.identity import result_identity
from dltrain.runs.layout import LOGS, RESULTS, member_name
from dltrain.runs.record import now, write_info
from dltrain.runs.run import Run
from dltrain.runs.run_time import seconds_of
from dltrain.runs.verification import file_problems
from dltrain.sweep import engine
from dltrain.sweep.folder import FINISHED, SweepFolder, begin
from dltrain.sweep.plan import Plan
from dltrain.sweep.results import read_results, sweep_result, unfinished, write_csv
from dltrain.system import disk, libraries
from dltrain.system.disk import StorageError, make_folder, remove, remove_tree
from dltrain.system.environment import DECIDING, process, versions
from dltrain.system.paths import expanded
from dltrain.text import counted


class View(engine.View, Protocol):
    """Interface of what shows a sweep, and what the engine calls while it trains."""

    def watching(self) -> AbstractContextManager[None]:
        """Show the sweep live for as long as it trains."""


@dataclass(frozen=True)
class Ended:
    """The result of a sweep."""

    results: Sequence[Result]  # of all members, in order of their numbers
    status: str  # ``done``, ``failed``, ``diverged`` or ``interrupted``
    exit_code: int  # 0 done, 1 a member failed, 3 all diverged, 128 + signal interrupted
    message: str  # what is wrong and what to do about it; empty if nothing is


class Session:
    """A sweep whose lock is held by this process."""

    def __init__(self, plan: Plan, folder: SweepFolder) -> None:
        self.plan, self.folder = plan, folder
        self.before = read_results(folder, plan)  # how all members stood when the session began

    @property
    def num_finished(self) -> int:
        """Number of members that were finished when the session began."""
        return len(self.before) - len(unfinished(self.before))

    @property
    def is_finished(self) -> bool:
        """Whether the sweep has come to its end, with these settings, and nothing of it is lost."""
        info = self.folder.info
        return (
            info.get("status") in FINISHED
            and info.get("settings") == as_dict(self.plan.settings)
            and self.num_finished == len(self.before)
            and not any(file_problems(self.folder.path, info.get("files")))
        )

    @property
    def is_mixed(self) -> bool:
        """Whether a finished member learned from other data than those that members now get."""
        return any(
            run.status in FINISHED and run.part("data", "sha256") != group.workload.data.sha256
            for group in self.plan.groups
            for run in map(self.folder.run, group.members)
            if run is not None
        )

    def go_on(self) -> None:
        """Record that this process works on the sweep from now on, with the plan's settings."""
        self.folder.list_file(RESULTS, None)  # until it is written anew
        self.folder.write(
            status="running",
            exit_code=None,
            finished=None,
            settings=as_dict(self.plan.settings),
            metric=self.plan.metric,
            margin=self.plan.settings.margin,
            versions=versions(),
            **process(os.getpid()),
        )

    def run(self, view: View) -> Ended:
        """Train what is unfinished, and keep what came out.

        Raises:
            StorageError: If something could not be kept; the line says how to go on afterwards.
        """
        libraries.settle(portable=self.plan.members[0].config.device.portable)
        make_folder(self.folder.path / LOGS)
        training = engine.Engine(self.plan, self.folder, view)
        try:
            with view.watching():
                training.run(self.before)
        except StorageError as error:
            with contextlib.suppress(StorageError):  # the first one tells the story
                self._keep(training.stop_signal, failed=True)
            raise StorageError(f"{error}; then go on with: {self._resume}") from error
        except BaseException:
            self._keep(training.stop_signal)
            raise
        return self._keep(training.stop_signal)

    def _keep(self, stop_signal: int | None, *, failed: bool = False) -> Ended:
        """Write the results so far."""
        results = read_results(self.folder, self.plan)
        code, status = (4, "failed") if failed else _ending(results, stop_signal)
        write_csv(self.folder, self.plan, results)
        self.folder.write(
            status=status,
            exit_code=code,
            finished=now(),
            counts=counts(results),
            seconds=sum(seconds_of(result.run) or 0.0 for result in results if result.run),
            result=sweep_result(self.plan, results),
        )
        self._remove_empty_logs()
        message = self._message(results, stop_signal) if code else ""
        return Ended(results, status, code, message)

    @property
    def _resume(self) -> str:
        return command_on(self.folder.as_run(), "resume")

    def _message(self, results: Sequence[Result], stop_signal: int | None) -> str:
        finished = len(results) - len(unfinished(results))
        share = f"{finished:,} of {len(results):,} members are finished"
        if stop_signal is not None:
            return f"interrupted; {share}; {self._resume} goes on with the others"
        failed = sum(result.status == "failed" for result in results)
        if failed:
            return f"{counted(failed, 'member')} failed; {share}"
        if finished < len(results):
            return f"{share}; {self._resume} goes on"
        return "every member diverged; try smaller values of optimizer.lr"

    def _remove_empty_logs(self) -> None:
        """Delete the logs of child processes that wrote nothing."""
        logs = self.folder.path / LOGS
        for log in sorted(logs.glob("*.log")):
            if not log.stat().st_size:
                remove(log)
        if not any(logs.iterdir()):
            remove_tree(logs)


@contextlib.contextmanager
def begun(plan: Plan, line: CommandLine) -> Iterator[Session]:
    """Create the folder of a new sweep, and copy finished runs if ``sweep.skip_done`` is set."""
    output_dir = expanded(plan.members[0].config.output_dir)
    folder = begin(output_dir, plan, line=line)
    with folder.locked():
        if plan.settings.skip_done:
            taken = take_over(folder, plan, output_dir)
            folder.write(taken_over={str(index): run_id for index, run_id in taken.items()})
        yield Session(plan, folder)


def _ending(results: Sequence[Result], stop_signal: int | None) -> tuple[int, str]:
    """Return a sweep's exit code and status."""
    statuses = {result.status for result in results}
    if stop_signal is not None:
        return 128 + stop_signal, "interrupted"
    if statuses - {"done", "diverged"}:
        return 1, "failed"
    return (3, "diverged") if statuses == {"diverged"} else (0, "done")


def take_over(folder: SweepFolder, plan: Plan, output_dir: Path) -> dict[int, str]:
    """Copy finished runs of the same config, data and versions into a sweep.

    Runs whose kinds come from plugins are trained again: no record tells what a plugin held.

    Returns:
        Member -> id of the run it was.
    """
    wanted = {
        result_identity(
            as_dict(plan.members[index].config), sha256=group.workload.data.sha256
        ): index
        for group in plan.groups
        for index in group.members
    }
    taken: dict[int, str] = {}
    for run in list_all(output_dir):
        config = run.part("config")
        if run.status != "done" or not isinstance(config, dict) or not _is_of_today(run):
            continue
        if config.get("plugins"):
            continue
        index = wanted.get(result_identity(config, sha256=run.part("data", "sha256")))
        if index is None or index in taken:
            continue
        disk.copy_tree(run.folder, folder.member(index))
        info = run.info | {
            "id": f"{folder.id}/{member_name(index)}",
            "sweep": {"id": folder.id, "member": index, "taken_from": run.id},
        }
        write_info(folder.member(index), info)
        taken[index] = run.id
    return taken


def _is_of_today(run: Run) -> bool:
    """Whether all of a run was trained on the same data, with what decides the bits today."""
    resumed, now = run.part("resumed"), versions()
    last = {"versions": run.part("versions"), "sha256": run.part("data", "sha256")}
    return all(
        isinstance(part, dict)
        and part.get("sha256") == last["sha256"]
        and isinstance(part.get("versions"), dict)
        and all(part["versions"].get(name) == now[name] for name in DECIDING)
        for part in [last, *(resumed if isinstance(resumed, list) else [])]
    )
