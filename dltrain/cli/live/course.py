"""The course of a single training, from its header to its end; for verbs that train one run."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from dltrain.cli.arguments import EndedError
from dltrain.cli.live.training import header, next_commands, summary, watching
from dltrain.cli.terminal.console import pairs
from dltrain.cli.terminal.training_view import TrainingView
from dltrain.runs.address import command_on
from dltrain.runs.run import Run
from dltrain.system.disk import StorageError

if TYPE_CHECKING:
    from dltrain.train.session import Training


def carry_out(training: Training, folder: Path, view: TrainingView) -> None:
    """Train a run whose folder is open, show it and say what came out.

    Raises:
        EndedError: With the exit code, if the run did not end well.
        KeyboardInterrupt: If it was ended at once; the line says how to go on.
        StorageError: If something could not be kept; the line says how to go on afterwards.
    """
    [job] = training.jobs
    run = Run(folder, {})
    resume = command_on(run, "resume")
    view.show(pairs([*header(job, folder.name, training.place), *watching(job.config, folder)]))
    started = time.perf_counter()
    try:
        with view.watching(training.trainer):
            [ended] = training.run(view)
    except KeyboardInterrupt:
        line = f"interrupted at once; {resume} goes on from the last checkpoint"
        raise KeyboardInterrupt(line) from None
    except StorageError as error:
        raise StorageError(f"{error}; then go on with: {resume}") from error
    view.show(*summary(ended, time.perf_counter() - started))
    view.show(pairs(next_commands(job, run, ended.outcome)))
    if ended.outcome.status != "done":
        stand = f"interrupted after step {training.trainer.step:,}; {resume} goes on from there"
        raise EndedError(ended.exit_code, ended.outcome.message or stand)
    view.check()
