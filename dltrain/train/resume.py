"""Resuming a single run: whether it may go on, and its training. Torch is imported at the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dltrain.config.overrides import Overrides
from dltrain.config.schema import RunConfig
from dltrain.runs.address import command_on
from dltrain.runs.command_line import CommandLine
from dltrain.runs.provenance import (
    changed_data,
    changed_versions,
    device_of,
    refuse_changed,
    settle_libraries,
)
from dltrain.runs.run import Run
from dltrain.text import counted
from dltrain.train import build
from dltrain.train.job import Job

if TYPE_CHECKING:
    from dltrain.train.session import Training


class DivergedError(ValueError):
    """A run has diverged and would diverge again."""


def refuse_member(run: Run, changes: Mapping[str, Any]) -> None:
    """Refuse to resume a member of a sweep alone; say what can be done instead.

    Raises:
        ValueError: If it is one.
    """
    if run.sweep is None:
        return
    alone = command_on(run, "rerun", more=tuple(Overrides.of(changes).words))
    whole = command_on(run.whole, "resume")
    raise ValueError(
        f"{run.short}: is a member of a sweep, which trains them together; {whole} trains what is "
        f"missing, {alone} trains this one alone, from its start"
    )


def advice_if_finished(run: Run, config: RunConfig, *, longer: bool) -> str | None:
    """Return what can be done with a finished run, or None if there is more to train.

    Raises:
        DivergedError: If it has diverged.
        ValueError: If it has more epochs than are asked for, or would not train any longer.
    """
    if run.status == "diverged":
        message = f"{run.id} {run.part('result', 'message')}"
        lower = command_on(run, "rerun", more=("optimizer.lr=VALUE",))
        raise DivergedError(f"{message}; resumed, it would diverge again: {lower}")
    if run.status == "incomplete":
        return None
    recorded, epochs = run.part("epochs"), run.num_epochs()
    before = recorded if type(recorded) is int else epochs
    wanted = config.trainer.epochs or before
    asked = f"trainer.epochs={wanted}"
    if longer and wanted < before and wanted <= epochs:
        anew = command_on(run, "rerun", more=(asked,))
        raise ValueError(
            f"{asked}: {run.id} has {counted(epochs, 'epoch')}; give more, or train anew: {anew}"
        )
    if run.status != "done" or (epochs >= before and wanted > epochs):
        return None
    message = str(run.part("result", "message"))
    if epochs >= before:
        more = command_on(run, "resume", more=(f"trainer.epochs={2 * before}",))
        return f"train it on with: {more}"
    if longer:  # patience has stopped it, and would again
        raise ValueError(f"{asked}: {run.id} has {message}")
    return message


def resumed_job(
    run: Run, config: RunConfig, changes: Mapping[str, Any], *, allow_changed: bool
) -> Job:
    """Load the data of a resumed run; changes are recorded in place of what was typed before.

    Raises:
        ChangedError: If they are others.
    """
    problems = [] if allow_changed else changed_versions(run)
    problems += changed_data(run, config, allow_changed=allow_changed)
    refuse_changed(problems)
    data = build.dataset(config, download="data.url" in changes)  # which is typed, not recorded
    if data.sha256 != run.part("data", "sha256") and not allow_changed:
        refuse_changed([f"data={data.name}: its content changed since the run began"])
    return Job(
        CommandLine.of(run).from_here(Overrides.of(changes)),
        config,
        data,
        build.layer_plans(config, data),
        known_as=str(run.part("identity")),
    )


def resumed_training(run: Run, job: Job, *, allow_changed: bool) -> Training:
    """Set up the training of a resumed run, on the device it was trained on.

    Raises:
        ValueError: If that is not to be had, or is another processor by now.
    """
    settle_libraries(run)
    from dltrain.train.device import processor
    from dltrain.train.session import Training

    refuse_changed([] if allow_changed else changed_versions(run, cpu=processor()))
    device = None if allow_changed else device_of(run)
    return Training([job], device=device)
