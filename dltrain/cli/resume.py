"""Go on with a run that was interrupted, killed or failed: to the same bytes as if it never was.

    dltrain resume latest
    dltrain resume k3f9 trainer.epochs=20

RUN is an id, a unique prefix, a path, latest, or @1 (row of the list); of a sweep the members that
are missing are trained. trainer.epochs=N trains a run on, a finished one too. data.path=FILE or
data.root=FOLDER says where its data lie now (data.path=FOLDER, if a sweep learns from several
tables); what they hold may not have changed, nor may the versions of what computes, unless
--allow-changed is given. tracking.tensorboard=true|false and tracking.curves=true|false say what
else a run writes from now on. With other values it is another run: dltrain rerun RUN KEY=VALUE.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dltrain.cli.arguments import (
    EndedError,
    Parser,
    UsageError,
    is_override,
    output_dir_of,
    refusing,
)
from dltrain.cli.live.course import carry_out
from dltrain.cli.live.sweep_resume import resume as resume_sweep
from dltrain.cli.live.training import counted
from dltrain.cli.terminal.console import dim, output, safe, warning
from dltrain.cli.terminal.training_view import TrainingView
from dltrain.config.compose import Sources
from dltrain.config.overrides import read_value
from dltrain.config.schema import RunConfig
from dltrain.runs.address import command_on
from dltrain.runs.command_line import CommandLine
from dltrain.runs.find import find
from dltrain.runs.provenance import (
    changed_data,
    changed_versions,
    config_of,
    device_of,
    refuse_changed,
    threads_of,
)
from dltrain.runs.run import Run, read
from dltrain.runs.verification import refuse_links
from dltrain.system.disk import locked
from dltrain.system.shell import as_value
from dltrain.system.signals import stopping
from dltrain.text import clipped, closest
from dltrain.train import build
from dltrain.train.job import Job

USAGE = (
    "dltrain resume RUN [trainer.epochs=N] [data.path=FILE | data.root=FOLDER] [--allow-changed]"
)
# What may be told anew, and whether it is taken as it is typed.
SETTABLE = {
    **{"trainer.epochs": False, "data.path": True, "data.root": True},
    **{"tracking.tensorboard": False, "tracking.curves": False},
}
# Of a sweep: where its data lie.
MOVABLE = {"data.path": True, "data.root": True}


def main(words: Sequence[str]) -> None:
    """Find the run and go on with it."""
    parser = Parser("resume", __doc__ or "", USAGE)
    parser.add_argument("words", nargs="*", metavar="RUN", help="and KEY=VALUE")
    parser.add_argument(
        "--allow-changed",
        action="store_true",
        help="go on with other versions or data all the same",
    )
    arguments = parser.read(words)
    names = [word for word in arguments.words if not is_override(word)]
    if len(names) != 1:
        which = "which run? An id, latest, or @1" if not names else "one run at a time"
        raise UsageError([f"resume: {which}; dltrain runs lists them"])
    settings = [word for word in arguments.words if is_override(word)]
    output_dir = output_dir_of([word for word in settings if word.startswith("output_dir=")])
    with refusing():
        run = find(names[0], output_dir)
    changes = _changes(run, [word for word in settings if not word.startswith("output_dir=")])
    if run.is_sweep:
        sources = Sources.of(None)
        allowed = arguments.allow_changed
        return resume_sweep(run.folder, [], sources, moved=changes, allow_changed=allowed)
    if run.sweep is not None:
        raise UsageError([_of_sweep(names[0], run, changes)])
    # A link to it that was typed is followed; none within it is.
    folder = run.folder.resolve() if run.folder.is_symlink() else run.folder
    with locked(folder):
        with refusing():
            run = read(folder)  # nobody writes to it any more
            refuse_links(run.folder)
            config = config_of(run, changes, training=True)
            if _is_through(run, config, longer="trainer.epochs" in changes):
                return None
            told = [f"{key}={as_value(value)}" for key, value in changes.items()]
            job = _job(run, config, told, allow_changed=arguments.allow_changed)
        return resume(run, job, allow_changed=arguments.allow_changed)


def _changes(run: Run, words: Sequence[str]) -> dict[str, Any]:
    """Read what is told anew.

    Raises:
        UsageError: If it may not be; the line says which command trains another run.
    """
    settable = MOVABLE if run.is_sweep else SETTABLE
    changes = {}
    for word in words:
        key, _, text = word.partition("=")
        if key not in settable:
            what, known = "sweep" if run.is_sweep else "run", ", ".join([*settable, "output_dir"])
            anew = command_on(run, "rerun", more=(word.lstrip("+~"),))
            line = f"{clipped(word)}: a {what} goes on as it was{closest(key, settable)} (to be "
            raise UsageError([f"{line}set: {known}); {anew} trains it anew with that"])
        changes[key] = read_value(text).read(raw=settable[key])
    return changes


def _of_sweep(name: str, member: Run, changes: Mapping[str, Any]) -> str:
    """Say why a member cannot be gone on with, and what can be done."""
    assert member.sweep is not None
    more = tuple(f"{key}={as_value(value)}" for key, value in changes.items())
    alone = command_on(member, "rerun", more=more)
    whole = command_on(Run(member.sweep, {}, is_sweep=True), "resume")
    return (
        f"{name}: is a member of a sweep, which trains them together; {whole} trains what is "
        f"missing, {alone} trains this one alone, from its start"
    )


def _is_through(run: Run, config: RunConfig, *, longer: bool) -> bool:
    """Tell whether there is nothing left to train, and say so.

    Args:
        run: As its record tells it.
        config: With what is told anew.
        longer: Whether more epochs are asked for.

    Raises:
        EndedError: If it has diverged.
        ValueError: If it has more epochs than are asked for, or would not train any longer.
    """
    if run.status == "diverged":
        message = f"{run.id} {run.part('result', 'message')}"
        lower = command_on(run, "rerun", more=("optimizer.lr=VALUE",))
        raise EndedError(3, f"{message}; resumed, it would diverge again: {lower}")
    if run.status == "incomplete":
        return False
    told = run.part("config", "trainer", "epochs")
    before = told if type(told) is int else config.trainer.epochs
    epochs = run.num_epochs()
    if longer and config.trainer.epochs < before and config.trainer.epochs <= epochs:
        asked = f"trainer.epochs={config.trainer.epochs}"
        anew = command_on(run, "rerun", more=(asked,))
        raise ValueError(f"{asked}: {run.id} has {epochs} epochs; give more, or train anew: {anew}")
    if run.status != "done":
        return False
    if epochs >= before and config.trainer.epochs > epochs:
        return False
    message = run.part("result", "message")
    if epochs < before and longer:  # patience has stopped it, and would again
        raise ValueError(f"trainer.epochs={config.trainer.epochs}: {run.id} has {message}")
    output().print(f"{safe(run.id)} is finished: {counted(epochs, 'epoch')}")
    more = command_on(run, "resume", more=(f"trainer.epochs={2 * before}",))
    advice = message if epochs < before else f"train it on with: {more}"
    output().print(dim(f"nothing to resume; {advice}"))
    return True


def _job(run: Run, config: RunConfig, told: Sequence[str], *, allow_changed: bool) -> Job:
    """Load the data and say what is to be trained; refuse what has changed, unless allowed.

    Args:
        run: As its record tells it.
        config: With what is told anew.
        told: That, in words; they take the place of those that were typed before.
        allow_changed: Whether other data and versions will do.
    """
    problems = [] if allow_changed else changed_versions(run)
    problems += changed_data(run, config, allow_changed=allow_changed)
    refuse_changed(problems)
    data = build.dataset(config, download=False)
    if data.sha256 != run.part("data", "sha256") and not allow_changed:
        refuse_changed([f"data={data.name}: its content changed since the run began"])
    return Job(
        CommandLine.of(run).from_here(told),
        config,
        data,
        build.plan(config, data),
        known_as=str(run.part("identity")),
    )


def resume(run: Run, job: Job, *, allow_changed: bool) -> None:
    """Go on with a run whose folder's lock is held.

    Raises:
        EndedError: With the exit code, if it does not end well.
    """
    view = TrainingView(output())
    view.show(*map(warning, job.data.warnings))
    with view.working("loading torch"):
        import torch

        from dltrain.train.session import Training
    with refusing():
        cpu = torch.backends.cpu.get_cpu_capability()
        refuse_changed([] if allow_changed else changed_versions(run, cpu=cpu))
        # Another device may be allowed; the recorded number of threads is to be had everywhere.
        device = None if allow_changed else device_of(run)
        training = Training([job], threads=threads_of(run), device=device)
    with stopping(training.trainer.stop):
        with refusing():  # where other data let no state fit, nothing is thrown away
            remarks = training.go_on([run.folder], anew=not allow_changed)
        view.show(*(warning(remark) for remark in remarks))
        step = training.trainer.step
        view.show(dim(f"goes on after step {step:,}" if step else "begins anew"))
        carry_out(training, run.folder, view)
