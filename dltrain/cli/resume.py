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

from collections.abc import Sequence

from dltrain.cli.arguments import EndedError, Parser, UsageError, output_dir_of, refusing
from dltrain.cli.live.sweep import resume_sweep
from dltrain.cli.live.training import carry_out
from dltrain.cli.terminal.console import dim, output, safe, warning
from dltrain.cli.terminal.training_view import TrainingView
from dltrain.config.compose import Sources
from dltrain.config.overrides import Overrides
from dltrain.runs.find import find
from dltrain.runs.provenance import changes_of, config_of
from dltrain.runs.run import Run, read
from dltrain.runs.verification import refuse_links
from dltrain.system.disk import locked
from dltrain.system.signals import stopping
from dltrain.text import counted
from dltrain.train.job import Job
from dltrain.train.resume import (
    DivergedError,
    advice_if_finished,
    refuse_member,
    resumed_job,
    resumed_training,
)

USAGE = (
    "dltrain resume RUN [trainer.epochs=N] [data.path=FILE | data.root=FOLDER] [--allow-changed]"
)


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
    names, overrides = Overrides.parse(arguments.words).split_names()
    if len(names) != 1:
        which = "which run? An id, latest, or @1" if not names else "one run at a time"
        raise UsageError([f"resume: {which}; dltrain runs lists them"])
    with refusing():
        run = find(names[0], output_dir_of(overrides))
        changes = changes_of(run, overrides.without("output_dir"))
        refuse_member(run, changes)
    allow_changed = arguments.allow_changed
    if run.is_sweep:
        typed, sources = Overrides.of(changes), Sources.of(None)
        return resume_sweep(run.folder, typed, sources, allow_changed=allow_changed)
    # A link to it that was typed is followed; none within it is.
    folder = run.folder.resolve() if run.folder.is_symlink() else run.folder
    with locked(folder):
        with refusing():
            run = read(folder)  # nobody writes to it any more
            refuse_links(run.folder)
            config = config_of(run, changes, training=True)
            try:
                advice = advice_if_finished(run, config, longer="trainer.epochs" in changes)
            except DivergedError as error:
                raise EndedError(3, str(error)) from None
            if advice is not None:
                output().print(f"{safe(run.id)} is finished: {counted(run.num_epochs(), 'epoch')}")
                return output().print(dim(f"nothing to resume; {advice}"))
            job = resumed_job(run, config, changes, allow_changed=allow_changed)
        return resume(run, job, allow_changed=allow_changed)


def resume(run: Run, job: Job, *, allow_changed: bool) -> None:
    """Go on with a run whose folder's lock is held."""
    view = TrainingView(output())
    view.show(*map(warning, job.data.warnings))
    with view.working("loading torch"), refusing():
        training = resumed_training(run, job, allow_changed=allow_changed)
    with stopping(training.stop):
        with refusing():  # where other data let no state fit, nothing is thrown away
            notes = training.go_on([run.folder], anew=not allow_changed)
        view.show(*(warning(note) for note in notes))
        step = training.step
        view.show(dim(f"goes on after step {step:,}" if step else "begins anew"))
        carry_out(training, run.folder, view)
