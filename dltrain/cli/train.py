"""Train one run: compose, check, train, keep.

    dltrain model=softmax data=fashion_mnist

takes a few seconds to load torch and under a second to train 10 epochs on two cores.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from dltrain.cli.arguments import Parser, UsageError, line_of, refusing
from dltrain.cli.live.training import carry_out
from dltrain.cli.terminal.console import dim, output, warning
from dltrain.cli.terminal.training_view import TrainingView
from dltrain.config.load import load
from dltrain.config.plain import as_dict, to_yaml
from dltrain.config.rules import class_weight_notes, device_problem, ineffective
from dltrain.config.schema import RunConfig
from dltrain.runs.layout import new_folder
from dltrain.system import libraries
from dltrain.system.disk import locked
from dltrain.system.paths import expanded
from dltrain.system.signals import stopping
from dltrain.text import closest
from dltrain.train import build
from dltrain.train.job import Job

USAGE = "dltrain [OVERRIDE ...] [--cfg job] [--config-dir DIR] [--config-name NAME]"


def main(words: Sequence[str]) -> None:
    """Train one run, or print its config."""
    parser = Parser("train", __doc__ or "", USAGE).composing()
    parser.add_argument(
        "--cfg", "-c", choices=["job", "hydra", "all"], help="print the config and train nothing"
    )
    parser.add_argument("--resolve", action="store_true", help="with --cfg: resolve interpolations")
    parser.add_argument("--package", "-p", help="with --cfg: only this part, such as optimizer")
    arguments = parser.read(words)
    for flag, value in (("--resolve", arguments.resolve), ("--package", arguments.package)):
        if value and not arguments.cfg:
            raise UsageError([f"{flag}: belongs to --cfg; add --cfg job, or leave it out"])
    if arguments.cfg in ("hydra", "all"):
        from dltrain.cli.hydra.flags import main as hand_over

        return hand_over(words)
    with refusing():
        config = load(
            arguments.overrides, config_dir=arguments.config_dir, config_name=arguments.config_name
        )
        if arguments.cfg:
            return print_config(config, arguments.package)
        if problem := device_problem(config):
            raise UsageError(problem)
        data = build.dataset(config)
        notes = [*ineffective(config, arguments.overrides), *class_weight_notes(config)]
        job = Job(line_of(words, arguments), config, data, build.layer_plans(config, data), notes)
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
    """Train, show and keep one run."""
    view = TrainingView(output())
    view.show(*map(warning, job.data.warnings))
    view.show(*(dim(f"note: {note}") for note in [*job.data.notes, *job.notes]))
    with refusing():
        libraries.settle(portable=job.config.device.portable)
    with view.working("loading torch"):
        from dltrain.train.session import Training
    with refusing():
        training = Training([job])  # nothing is written yet
    with stopping(training.stop):
        folder = new_folder(expanded(job.config.output_dir), job.name)
        with locked(folder):
            training.record([folder])
            carry_out(training, folder, view)
