"""A single training as it is shown: header, live view, results, next commands."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dltrain.cli.arguments import EndedError
from dltrain.cli.live.summary import summary
from dltrain.cli.terminal.console import pairs
from dltrain.cli.terminal.training_view import TrainingView
from dltrain.config.kinds import OPTIMIZERS
from dltrain.config.overrides import Override, Overrides
from dltrain.config.plain import as_dict, shown
from dltrain.config.schema import MAX_SEED, RunConfig
from dltrain.nn.plan import widths
from dltrain.runs.address import command_on
from dltrain.runs.layout import CURVES
from dltrain.runs.repetition import repetition
from dltrain.runs.run import Run, read
from dltrain.system.disk import StorageError
from dltrain.system.shell import below, command
from dltrain.text import counted
from dltrain.train.job import Job

if TYPE_CHECKING:
    from dltrain.train.outcome import Outcome
    from dltrain.train.session import Training


def carry_out(training: Training, folder: Path, view: TrainingView) -> None:
    """Train a run whose folder is open, show it and say what came out.

    Raises:
        EndedError: With the exit code, if the run did not end well.
        KeyboardInterrupt: If it was ended at once; the line says how to go on.
        StorageError: If something could not be kept; the line says how to go on afterwards.
    """
    [job] = training.jobs
    run = Run(folder, {"overrides": job.line.overrides.words})  # as its record says
    resume = command_on(run, "resume")
    view.show(pairs([*header(job, folder.name, training.device), *watching(job.config, folder)]))
    try:
        with view.watching(training.trainer):
            [ended] = training.run(view)
    except KeyboardInterrupt:
        line = f"interrupted at once; {resume} goes on from the last checkpoint"
        raise KeyboardInterrupt(line) from None
    except StorageError as error:
        raise StorageError(f"{error}; then go on with: {resume}") from error
    view.show(*summary(read(folder)))
    view.show(pairs(next_commands(job, run, ended.outcome)))
    if ended.outcome.status != "done":
        stand = f"interrupted after step {training.step:,}; {resume} goes on from there"
        raise EndedError(ended.exit_code, ended.outcome.message or stand)
    view.check()


def header(job: Job, run_id: str, device: str) -> list[tuple[str, object]]:
    """Return what is shown before training."""
    config, data = job.config, job.data
    rows = ", ".join(f"{len(split):,} {name}" for name, split in data.splits.items() if len(split))
    layers = " -> ".join(map(str, widths(job.layers)))
    knobs = as_dict(config.optimizer)
    settings = " ".join(f"{k}={shown(v)}" for k, v in knobs.items() if k != "kind")
    batch = config.trainer.batch_size
    pace = f"batch {'all rows' if batch is None else batch}, {counted(job.rules.epochs, 'epoch')}"
    if config.trainer.epochs is None:
        pace += f" of {counted(config.trainer.steps_per_epoch(len(data.train)), 'step')}"
    return [
        ("run", run_id),
        ("model", f"{config.model.kind} {layers}, {job.num_parameters:,} parameters"),
        ("data", f"{data.name} ({data.source}): {rows}"),
        *data.lines,
        ("optimizer", f"{f'{config.optimizer.kind} {settings}'.strip()}; {pace}"),
        ("device", f"{device}, seed {config.seed}"),
    ]


def watching(config: RunConfig, folder: Path) -> list[tuple[str, object]]:
    """Return where else a run can be watched."""
    lines: list[tuple[str, object]] = []
    if config.tracking.tensorboard:
        lines.append(("watch", tensorboard(config)))
    if config.tracking.curves:
        lines.append(("curves", str(folder / CURVES)))
    return lines


def tensorboard(config: RunConfig) -> str:
    """Return the command that shows runs in TensorBoard."""
    return shlex.join(["tensorboard", "--logdir", config.output_dir])


def next_commands(job: Job, run: Run, outcome: Outcome) -> list[tuple[str, object]]:
    """Return where a run lies and what to try next."""
    config = job.config
    change = Override("seed", str((config.seed + 1) % (MAX_SEED + 1)))
    if OPTIMIZERS[config.optimizer.kind].exact:
        change = Override("optimizer", "sgd")
    if outcome.status == "diverged" and hasattr(config.optimizer, "lr"):
        change = Override("optimizer.lr", f"{config.optimizer.lr / 10:g}")
    again = repetition(as_dict(config), job.line)
    words = [*again.flags, *again.overrides.updated(Overrides((change,))).words]
    commands = [command_on(run, "resume")] if outcome.status == "interrupted" else []
    commands += [
        command_on(run, "runs", "show"),
        command_on(run, "report"),
        command(*words, *below(run.folder.parent)),
    ]
    return [("folder", str(run.folder)), *following(commands)]


def following(commands: Sequence[str]) -> list[tuple[str, object]]:
    """Lay out commands to try next."""
    return [("" if number else "next", line) for number, line in enumerate(commands)]
