"""Values that are fine by themselves and do not go together, or not here: files, the GPU.

Every rule takes a whole ``RunConfig`` and yields what the user can mend.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from dltrain.config.choices import DeviceType, Dtype, Init, Matmul, Task
from dltrain.config.kinds import DATA, OPTIMIZERS, TABLE, Rule
from dltrain.config.knob import Problem
from dltrain.config.overrides import Overrides
from dltrain.config.plain import shown
from dltrain.config.schema import RunConfig
from dltrain.metrics import names_for, without_split
from dltrain.system.paths import expanded, problem_with
from dltrain.text import closest

_DOES = {"model": "predicts", "loss": "judges"}
_MEANT = {Task.regression: "amounts", Task.classification: "numbers of classes"}
_WHAT = {Task.regression: "numbers", Task.classification: "classes"}


def fitting(group: str, task: Task) -> list[str]:
    """Name the models or losses that fit a task."""
    kinds = TABLE[group].items()
    return [
        name for name, kind in kinds if task in (Task.auto, kind.task) or kind.task == Task.auto
    ]


def task_problems(
    run: RunConfig, task: Task, *, data: str, other_task: str = ""
) -> Iterator[Problem]:
    """Refuse a model, a loss and a metric that do not go with what is asked for.

    If that is not known (auto), the others must do what the model does.

    Args:
        run: What is told.
        task: What is asked for.
        data: Who asks for it.
        other_task: What the data can ask for as well.
    """
    asks = f"data={data} asks for"
    if task == Task.auto:
        task, asks = TABLE["model"][run.model.kind].task, f"model={run.model.kind} predicts"
    for group, does in _DOES.items():
        name = getattr(run, group).kind
        wanted = TABLE[group][name].task
        if Task.auto in (task, wanted) or task == wanted:
            continue
        choices = " or ".join(f"{group}={choice}" for choice in fitting(group, task))
        if wanted == other_task:
            choices += f", or data.task={other_task} if its target holds {_MEANT[wanted]}"
        yield Problem(
            group, f"{group}={name} {does} {_WHAT[wanted]}, but {asks} {_WHAT[task]}; use {choices}"
        )
    metric, known = run.trainer.metric, names_for(None if task == Task.auto else task)
    if metric is not None and without_split(metric) not in known:
        there = f"(there are: {', '.join(known)}; of the validation rows where there are some)"
        yield Problem("trainer.metric", f"no such metric{closest(metric, known)} {there}")


# Knobs of the data that have no effect beside others.
_REPLACED = {
    "val_fraction": ("split", "val_path", "folds"),
    "test_fraction": ("split", "test_path"),
    "num_val": ("folds",),
    "stratify": ("split", "order"),
    "seed": ("split", "order"),
    **dict.fromkeys(("delimiter", "encoding", "skip_rows", "comment", "header", "sheet"), ("url",)),
}


def ineffective(run: RunConfig, overrides: Overrides) -> list[str]:
    """Name what was typed and has no effect in this run, in sentences."""
    sentences = [
        f"data.{knob} has no effect with data.{other}={value}"
        for knob, others in _REPLACED.items()
        for other in others
        if f"data.{knob}" in overrides and (value := getattr(run.data, other, None)) is not None
    ]
    if "model.init_std" in overrides and getattr(run.model, "init", Init.normal) != Init.normal:
        sentences.append(f"model.init_std has no effect with model.init={run.model.init}")
    if "trainer.steps" in overrides and run.trainer.epochs is not None:
        instead = f"trainer.epochs={run.trainer.epochs}; add trainer.epochs=null"
        sentences.append(f"trainer.steps has no effect with {instead}")
    if "seed" in overrides and OPTIMIZERS[run.optimizer.kind].exact:
        name = run.optimizer.kind
        sentences.append(f"seed has no effect with optimizer={name}, which draws nothing")
    return sentences


def class_weight_notes(run: RunConfig) -> list[str]:
    """Say what weights of classes do to a run's figures; nothing if there are none."""
    asked = getattr(run.loss, "class_weight", None)
    if asked is None:
        return []
    return [
        f"loss.class_weight={shown(asked)} weighs the loss, on every split; no other metric does so"
    ]


def _tasks(run: RunConfig) -> Iterable[Problem]:
    stated = Task(getattr(run.data, "task", DATA[run.data.kind].task))
    return task_problems(run, stated, data=run.data.name or run.data.kind)


def _length(run: RunConfig) -> Iterable[Problem]:
    if run.trainer.epochs is None and run.trainer.steps is None:
        yield Problem("trainer.epochs", "how long? Add trainer.epochs=10, or trainer.steps=8000")


def _weights(run: RunConfig) -> Iterable[Problem]:
    """Only a loss that weighs rows goes with weights."""
    column, loss = getattr(run.data, "weight", None), run.loss.kind
    if column is not None and not TABLE["loss"][loss].weighs:
        yield Problem("data.weight", f"loss={loss} does not weigh rows; leave out one of the two")


def class_weight_problems(
    run: RunConfig, names: Sequence[str], rows: Sequence[float]
) -> Iterator[Problem]:
    """Refuse weights that are not those of the classes there are.

    Args:
        run: Its loss may weigh classes.
        names: Of the classes; empty where amounts are predicted.
        rows: How many training rows each has, as they count.
    """
    key, asked = "loss.class_weight", getattr(run.loss, "class_weight", None)
    if asked is None:
        return
    if not names:
        yield Problem(key, "weighs classes, and the target is an amount; leave it out")
    elif isinstance(asked, list) and len(asked) != len(names):
        known = ", ".join(map(repr, names[:8])) + (", ..." if len(names) > 8 else "")
        yield Problem(key, f"needs {len(names)} numbers, one per class, in this order: {known}")
    elif isinstance(asked, list) and not any(w * n for w, n in zip(asked, rows, strict=True)):
        yield Problem(key, "is 0 for every class that has training rows, so that nothing counts")


def _rounding(run: RunConfig) -> Iterable[Problem]:
    exact = OPTIMIZERS[run.optimizer.kind].exact
    if (exact or run.device.dtype == Dtype.float64) and run.device.matmul != Matmul.float32:
        why = f"optimizer={run.optimizer.kind}" if exact else "device.dtype"
        yield Problem("device.matmul", f"rounds products that {why} asks to be exact; leave it out")


def _output_dir(run: RunConfig) -> Iterable[Problem]:
    output = expanded(run.output_dir)
    problem = problem_with(output)
    if problem:
        yield Problem("output_dir", problem)
        return
    folders = [output, *output.absolute().parents]
    existing = next((folder for folder in folders if os.path.exists(folder)), folders[-1])
    if not os.path.isdir(existing):
        yield Problem("output_dir", f"{existing} is a file; give a folder")


def _expectations(run: RunConfig) -> Iterable[Problem]:
    for i, expectation in enumerate(run.expect):
        if not expectation.low <= expectation.high:
            yield Problem(f"expect[{i}].low", "must not be above high")


def _tensorboard(run: RunConfig) -> Iterable[Problem]:
    if not run.tracking.tensorboard:
        return
    spec = importlib.util.find_spec("tensorboard")
    if spec is None or spec.origin is None:  # a folder of that name is no package
        advice = "pip install tensorboard, or set tracking.tensorboard=false"
        yield Problem("tracking.tensorboard", f"TensorBoard is not installed; {advice}")


def problems(
    run: RunConfig, *, fits: bool = True, check_files: bool = True, training: bool = True
) -> list[Problem]:
    """Apply every rule.

    Args:
        run: A config whose values are each within their bounds.
        fits: Whether the model must fit the data.
        check_files: Whether the data must lie where the config says.
        training: Whether what training alone needs must be there.
    """
    rules: list[Rule] = [_tasks] if fits else []
    rules += [kinds[getattr(run, group).kind].rules for group, kinds in TABLE.items()]
    rules += [_length, _weights, _rounding]
    rules += [DATA[run.data.kind].files, _output_dir] if check_files else []
    rules += [_expectations]
    rules += [_tensorboard] if training else []
    return [problem for rule in rules for problem in rule(run)]


# What a driver makes: NVIDIA's, Windows' in WSL, AMD's, and NVIDIA's on boards of its own.
_DEVICES = ("nvidia*", "dxg", "kfd", "nvgpu*", "nvhost*", "nvmap")


def absent_gpu() -> str:
    """Say why torch is sure to find no GPU; empty if it may find one, which training sees."""
    if version("torch").endswith("+cpu"):
        return f"torch {version('torch')} is a build without CUDA"
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and visible.strip() in ("", "-1"):
        return f"CUDA_VISIBLE_DEVICES={visible} hides every GPU"
    if sys.platform == "darwin":
        return "macOS has no CUDA"
    if sys.platform == "linux" and not any(any(Path("/dev").glob(name)) for name in _DEVICES):
        return "this machine has no GPU that torch could use"
    return ""


def device_problem(run: RunConfig) -> list[str]:
    """Refuse a GPU that is asked for and surely not there, in at most one line."""
    reason = absent_gpu() if run.device.type == DeviceType.cuda else ""
    return [f"device=cuda: {reason}; use device=auto or device=cpu"] if reason else []
