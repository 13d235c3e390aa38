"""Train one run: compose, check, train, keep.

    dltrain model=softmax data=fashion_mnist

takes a few seconds to load torch and under a second to train 10 epochs on two cores.
"""

from __future__ import annotations

import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

from dltrain import build, recorder
from dltrain.cli.arguments import EndedError, Parser, UsageError, refusing
from dltrain.cli.summary import Job, compare, header, next_commands, summary
from dltrain.combinations import ineffective
from dltrain.config import load, to_yaml
from dltrain.console import TrainingView, dim, output, pairs, warning
from dltrain.paths import expanded
from dltrain.schema import LinearConfig, RunConfig, SoftmaxConfig, as_dict
from dltrain.storage import StorageError
from dltrain.suggest import closest

if TYPE_CHECKING:
    from dltrain.trainer import Outcome, Stack, Trainer

USAGE = "dltrain [OVERRIDE ...] [--cfg job] [--config-dir DIR] [--config-name NAME]"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)


def main(words: Sequence[str]) -> None:
    """Train one run, or print what it would be told."""
    parser = Parser("train", __doc__ or "", USAGE).composing()
    parser.add_argument(
        "--cfg", "-c", choices=["job", "hydra", "all"], help="print the config and train nothing"
    )
    parser.add_argument("--resolve", action="store_true", help="with --cfg: resolve interpolations")
    parser.add_argument("--package", help="with --cfg: only this part, such as optimizer")
    arguments = parser.read(words)
    if arguments.cfg in ("hydra", "all"):
        from dltrain.cli.hydra_flags import main as hand_over

        return hand_over(words)
    with refusing():
        config = load(
            arguments.overrides, config_dir=arguments.config_dir, config_name=arguments.config_name
        )
        if arguments.cfg:
            return print_config(config, arguments.package)
        data = build.dataset(config.data)
        notes = ineffective(config, arguments.overrides)
        job = Job(words, arguments.overrides, config, data, build.plan(config.model, data), notes)
    return train(job)


def print_config(config: RunConfig, package: str | None) -> None:
    """Print the composed config as Hydra's ``--cfg job`` does, or one part of it."""
    if package is None:
        sys.stdout.write(to_yaml(config))
        return
    import yaml

    node: Any = as_dict(config)
    for part in package.split("."):
        if not isinstance(node, dict) or part not in node:
            hint = closest(part, node) if isinstance(node, dict) else ""
            raise UsageError([f"--package={package}: no such part{hint}"])
        node = node[part]
    sys.stdout.write(f"# @package {package}\n{yaml.safe_dump(node, sort_keys=False)}")


def train(job: Job) -> None:
    """Train, show and keep one run.

    Raises:
        EndedError: With the exit code, if the run did not end well.
    """
    view = TrainingView(output())
    view.show(*map(warning, job.data.warnings))
    view.show(*(dim(f"note: {note}") for note in [*job.data.notes, *job.notes]))
    trainer, place = prepare(job, view)
    folder = recorder.new_folder(expanded(job.config.output_dir), job.name)
    run = recorder.Recorder(
        folder,
        info=first_info(job, folder.name, trainer),
        config=to_yaml(job.config),
        columns=trainer.columns,
    )
    run.document("preparation.json", job.data.preparation())
    view.show(pairs(header(job, run.id, place)))
    run.log(f"{' '.join(['dltrain', *job.words])} on {place}")
    started = time.perf_counter()
    try:
        with signals(trainer), view.watching(trainer):
            [outcome] = trainer.fit([run], view)
        results, sentences = conclude(job, trainer.stack, outcome, run)
    except BaseException as error:
        fail(run, error)
        raise
    seconds = time.perf_counter() - started
    code = exit_code(outcome, trainer)
    compared = compare(job.config.expect, results)
    run.finish(
        status=outcome.status,
        exit_code=code,
        result={
            "message": outcome.message,
            "final": outcome.final,
            "best": outcome.best,
            "test": outcome.test,
            "gradient_norms": outcome.gradient_norms,
            # Facts of the data (data/..., imputed/...) have places of their own in the folder.
            "findings": {
                name: value
                for name, value in results.items()
                if name not in outcome.final and "/" not in name
            },
            "expectations": compared,
            "seconds": seconds,
        },
    )
    view.show(*summary(outcome, sentences, compared, seconds))
    view.show(pairs(next_commands(job, run.folder, outcome)))
    if outcome.status != "done":
        raise EndedError(code, outcome.message or interruption(outcome))


def prepare(job: Job, view: TrainingView) -> tuple[Trainer, str]:
    """Choose the device, build what is trained there, and name it; nothing is written yet."""
    with view.working("loading torch"):
        from dltrain.device import choose, describe
        from dltrain.trainer import Trainer
    wanted, pace = job.config.device, job.config.trainer
    with refusing():
        device = choose(wanted.type, threads=wanted.threads, deterministic=wanted.deterministic)
    trainer = Trainer(
        build.stack([job.config], job.data, device),
        epochs=pace.epochs,
        eval_interval=pace.eval_interval,
        log_interval=pace.log_interval,
        patience=pace.patience,
    )
    return trainer, describe(device)


def first_info(job: Job, run_id: str, trainer: Trainer) -> dict[str, Any]:
    """Return what ``run.json`` says from the start."""
    import torch

    return recorder.first_info(
        id=run_id,
        command=job.words,
        overrides=job.overrides,
        seed=job.config.seed,
        device=str(trainer.stack.model.parameters[0].device),
        threads=torch.get_num_threads(),
        data={
            "name": job.data.name,
            "source": job.data.source,
            "sha256": job.data.sha256,
            "task": job.data.task,
            "rows": {name: len(split) for name, split in job.data.splits.items()},
            "notes": [*job.data.warnings, *job.data.notes],
        },
        model={"name": job.config.model.kind, "parameters": job.num_parameters},
        config=as_dict(job.config),
    )


@contextmanager
def signals(trainer: Trainer) -> Iterator[None]:
    """Let the first signal stop the training after its step, and a second one at once."""

    def stop(number: int, frame: FrameType | None) -> None:
        if trainer.stop_signal is not None:
            raise KeyboardInterrupt
        trainer.stop_signal = number

    before = {number: signal.signal(number, stop) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def conclude(
    job: Job, stack: Stack, outcome: Outcome, run: recorder.Recorder
) -> tuple[dict[str, float], list[str]]:
    """Write what can be said about the trained model; return results by name, and sentences."""
    results = outcome.final | outcome.test | {"data/features": float(job.data.in_features)}
    results |= {f"data/{name}_rows": float(len(s)) for name, s in job.data.splits.items()}
    results |= {
        f"imputed/{c.name}": c.imputed
        for c in job.data.columns
        if c.missing and c.imputed is not None
    }
    if outcome.status != "done" or not isinstance(job.config.model, LinearConfig | SoftmaxConfig):
        return results, []
    from dltrain.coefficients import as_table, coefficients, findings

    state = stack.model.state(0)
    found = coefficients(state["layers.0.weight"], state["layers.0.bias"], job.data)
    run.table("coefficients.csv", as_table(found, job.data))
    if not isinstance(job.config.model, LinearConfig):
        return results, []
    errors, sentences = findings(found, job.data)
    return results | errors, sentences


def fail(run: recorder.Recorder, error: BaseException) -> None:
    """Record a run that could not go on; the traceback goes into its log."""
    codes = {KeyboardInterrupt: 130, StorageError: 4}
    code = next((codes[kind] for kind in codes if isinstance(error, kind)), 1)
    run.log(traceback.format_exc())
    run.finish(
        status="interrupted" if code == 130 else "failed",
        exit_code=code,
        result={"message": repr(error)},
    )


def interruption(outcome: Outcome) -> str:
    """Say what an interrupted run leaves behind."""
    if not outcome.final:
        return "interrupted before the first epoch was complete; nothing is kept of it"
    return f"interrupted; epochs 1 to {outcome.final['epoch']:.0f} are kept"


def exit_code(outcome: Outcome, trainer: Trainer) -> int:
    """Return 0 for done, 3 for diverged, 128 + signal for interrupted."""
    if outcome.status == "interrupted":
        assert trainer.stop_signal is not None
        return 128 + trainer.stop_signal
    return {"done": 0, "diverged": 3}[outcome.status]
