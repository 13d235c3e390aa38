"""Training of a stack of jobs, each kept in its run folder; a single run is M = 1."""

from __future__ import annotations

import contextlib
import functools
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from dltrain.config.choices import Matmul
from dltrain.config.plain import as_dict, to_yaml
from dltrain.runs import recorder
from dltrain.runs.layout import COEFFICIENTS, CONFIG, PREPARATION, ROW_VALUES
from dltrain.runs.record import as_json, encoded
from dltrain.runs.row_values import as_file
from dltrain.system import disk
from dltrain.train import build
from dltrain.train.checkpoints.resume import ResumePoint, RunFolder, history, resumable
from dltrain.train.checkpoints.saver import Interval
from dltrain.train.conclusion import Conclusion, References, as_result, conclude, references
from dltrain.train.device import choose, describe
from dltrain.train.job import Job
from dltrain.train.outcome import Outcome, View
from dltrain.train.run_info import run_info
from dltrain.train.steps import Stack
from dltrain.train.threads import Threads
from dltrain.train.tracking.trackers import trackers
from dltrain.train.trainer import Trainer

# A stack is made narrower when this share of it has come to its end: doing so costs a moment.
NARROWED_SHARE = 1 / 8


@dataclass(frozen=True)
class Ended:
    """The result of one job."""

    outcome: Outcome  # the trainer's word
    exit_code: int  # 0 done, 3 diverged, 128 + signal interrupted
    conclusion: Conclusion  # what is said of it


class Training:
    """A training of jobs together.

    Args:
        jobs: They may differ in numbers only, and share their data.
        threads: Processor threads, in place of the configured number.
        device: ``cpu`` or ``cuda``, in place of the configured one.

    Raises:
        ValueError: If the device they ask for is not to be had.
    """

    def __init__(
        self, jobs: Sequence[Job], *, threads: int | None = None, device: str | None = None
    ) -> None:
        self.jobs = list(jobs)
        first = jobs[0].config
        chosen = choose(
            device or first.device.type,
            threads=first.device.threads if threads is None else threads,
            deterministic=first.device.deterministic,
            matmul=first.device.matmul,
            portable=first.device.portable,
        )
        interval = first.trainer.checkpoint_interval
        self._device, self._most_threads = chosen, torch.get_num_threads()
        measuring = self._threads()
        # what trains them
        self.trainer = Trainer(
            self._stack(),
            rules=jobs[0].rules,
            eval_interval=first.trainer.eval_interval,
            log_interval=first.trainer.log_interval,
            checkpoint_interval=None if interval is None else Interval.read(interval),
            threads=measuring,
        )
        measured, matmul = measuring is not None, first.device.matmul
        self.device = describe(chosen, matmul=matmul, measured=measured)  # where, for people
        # one per job once ``record`` was called
        self.recorders: list[recorder.Recorder | None] = [None] * len(jobs)
        # which of the jobs it began with are still trained: of these are the lists above
        self.positions = list(range(len(jobs)))
        # training time of each of these, and the moment up to which it is counted
        self._seconds, self._counted = 0.0, time.monotonic()

    @property
    def step(self) -> int:
        """Number of updates so far."""
        return self.trainer.step

    def stop(self, number: int) -> None:
        """Stop after the step under way, as a signal of this number asks to."""
        self.trainer.stop(number)

    def record(self, folders: Sequence[Path]) -> None:
        """Begin the run folders, which are claimed already."""
        self._open(folders, [None] * len(folders))

    def go_on(self, folders: Sequence[Path], *, anew: bool = True) -> list[str]:
        """Resume from what earlier processes left in run folders, or begin those that are empty.

        Args:
            folders: Claimed, and held by this process.
            anew: Whether to begin anew where there are states and none of them can be used.

        Returns:
            Sentences on what was found there and is not used.

        Raises:
            ValueError: If it would have to begin anew and may not; nothing has changed then.
        """
        run_folders = [
            RunFolder(folder, job.identity) for folder, job in zip(folders, self.jobs, strict=True)
        ]
        points, unusable = resumable(self.trainer.steps, run_folders)
        if unusable and not any(points) and not anew:
            reason = next(iter(unusable.values()))
            raise ValueError(f"{reason}; there is no state to go on from: start a new run")
        for path in unusable:
            if not self.jobs[0].sweep:  # a sweep can tell why it is there, and needs it no more
                disk.set_aside(path)
        self.trainer.restore([None if point is None else point.state for point in points])
        self._open(folders, points)
        return [f"{reason}; {path.name} is not used" for path, reason in unusable.items()]

    def _open(self, folders: Sequence[Path], points: Sequence[ResumePoint | None]) -> None:
        self._counted = time.monotonic()
        preparation = as_json(self.jobs[0].data.preparation())

        def begin(index: int) -> recorder.Recorder:
            job, folder, point = self.jobs[index], folders[index], points[index]
            run_id = f"{job.sweep['id']}/{folder.name}" if job.sweep else folder.name
            info = run_info(
                job,
                run_id,
                device=str(self.trainer.stack.model.parameters[0].device),
                threads=self._most_threads,
            )
            info |= history(folder, None if point is None else point.state.meta)
            run = recorder.Recorder(
                folder,
                info=info,
                documents={CONFIG: to_yaml(job.config), PREPARATION: preparation},
                columns=self.trainer.columns,
                kept=None if point is None else point.kept,
                trackers=trackers(
                    folder, info=info, settings=job.settings, **as_dict(job.config.tracking)
                ),
            )
            run.log(f"{' '.join(['dltrain', *job.line.words])} on {self.device}")
            return run

        self.recorders = [*disk.side_by_side(begin, range(len(self.jobs)))]

    def run(self, view: View) -> list[Ended]:
        """Train, and finish each run folder when its job ends.

        Returns:
            How they came out, in the order of the jobs.

        Raises:
            StorageError: If something could not be kept; the folders say so, if they still can.
        """
        ended: dict[int, Ended] = {}
        try:
            while self.positions:
                few = int((1 - NARROWED_SHARE) * len(self.positions))
                for members in self.trainer.fit(self.recorders, view, few=few):
                    self._log_graphs()
                    _ = self._references  # once, before several threads ask for it
                    numbers = [self.positions[member] for member in members]
                    self._count_time()
                    ended |= zip(numbers, disk.side_by_side(self._finish, members), strict=True)
                self._narrow()
        except BaseException as error:
            self._fail(error)
            raise
        return [ended[index] for index in sorted(ended)]

    def _threads(self) -> Threads | None:
        """Return what chooses how many threads to use, where the config leaves it open."""
        device = self.jobs[0].config.device
        # Of products of bfloat16 it is not known that their bytes are the same for any number.
        fixed = device.threads is not None or device.matmul == Matmul.bf16
        if fixed or self._device.type != "cpu" or self._most_threads < 2:
            return None
        return Threads(self._most_threads, tell=self._log)

    def _log(self, text: str) -> None:
        for run in self.recorders:
            if run is not None:
                run.log(text)

    def _stack(self) -> Stack:
        return build.stack([job.config for job in self.jobs], self.jobs[0].data, self._device)

    def _narrow(self) -> None:
        """Let those that have come to their end leave the stack: the others have the same bytes."""
        outcomes = self.trainer.outcomes
        members = [m for m, outcome in enumerate(outcomes) if outcome.status == "running"]
        self.positions = [self.positions[member] for member in members]
        self.jobs = [self.jobs[member] for member in members]
        self.recorders = [self.recorders[member] for member in members]
        if members:
            before = self.trainer
            self.trainer = before.narrowed(self._stack(), members, threads=self._threads())
            if before.stop_signal is not None:  # it came meanwhile
                self.trainer.stop(before.stop_signal)

    def _log_graphs(self) -> None:
        """Say why a GPU launched each step's operations one by one, if it did."""
        graphs = self.trainer.steps.graphs
        if graphs is not None and graphs.problem:
            self._log(f"steps were not captured as a CUDA graph: {graphs.problem}")

    @functools.cached_property
    def _references(self) -> References:
        """Return what all members are compared with."""
        return references(self.jobs[0], self.trainer.stack)

    def _conclude(self, index: int) -> Conclusion:
        state = self.trainer.stack.model.state()
        weights = {name: tensor[index] for name, tensor in state.items()}
        outcome = self.trainer.outcomes[index]
        run, most = self.recorders[index], self.trainer.rules.epochs // 10
        losses = [] if run is None else run.recent("train/loss", count=max(most, 1) + 1)
        return conclude(self.jobs[index], outcome, weights, self._references, losses=losses)

    def _count_time(self) -> None:
        """Give each job that is not finished an equal share of the time since the last call."""
        now, sharing = (
            time.monotonic(),
            sum(run is None or not run.finished for run in self.recorders),
        )
        self._seconds += (now - self._counted) / max(sharing, 1)
        self._counted = now

    def _finish(self, index: int) -> Ended:
        """Finish the run folder of a job that has ended."""
        outcome = self.trainer.outcomes[index]
        conclusion = self._conclude(index)
        code = self._exit_code(outcome)
        run = self.recorders[index]
        if run is not None:
            for name, content in _documents(outcome, conclusion).items():
                run.document(name, content)
            run.finish(
                status=outcome.status,
                exit_code=code,
                seconds=self._seconds,
                result=as_result(outcome, conclusion, self.trainer.rules),
                products=self.trainer.stack.model.products.ways(),
            )
        return Ended(outcome, code, conclusion)

    def _exit_code(self, outcome: Outcome) -> int:
        """Return 0 for done, 3 for diverged, 128 + signal for interrupted."""
        if outcome.status == "interrupted":
            assert self.trainer.stop_signal is not None
            return 128 + self.trainer.stop_signal
        return {"done": 0, "diverged": 3}[outcome.status]

    def _fail(self, error: BaseException) -> None:
        """Record that the jobs failed; the traceback goes into their logs.

        Of several jobs one is to blame at most, and which one is not known here.
        """
        codes = {KeyboardInterrupt: 130, disk.StorageError: 4}
        code = next((codes[kind] for kind in codes if isinstance(error, kind)), 1)
        innocent = code == 130 or len(self.jobs) > 1
        self._count_time()
        for run in self.recorders:
            if run is None or run.finished:
                continue
            # If the disk refuses this too, the first error tells the story.
            with contextlib.suppress(disk.StorageError):
                run.log(traceback.format_exc())
                run.finish(
                    status="interrupted" if innocent else "failed",
                    exit_code=code,
                    seconds=self._seconds,
                    result={"message": repr(error)},
                )


def _documents(outcome: Outcome, conclusion: Conclusion) -> dict[str, bytes]:
    """Return the files that a job leaves in its folder when it has ended: name -> content."""
    files = {}
    if conclusion.coefficients is not None:
        files[COEFFICIENTS] = encoded(conclusion.coefficients)
    if outcome.judgement is not None and outcome.judgement.row_values is not None:
        files[ROW_VALUES] = as_file(outcome.judgement.row_values.cpu().numpy())
    return files
