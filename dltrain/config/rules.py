"""Values that are fine by themselves and do not go together: model and data, files, fractions.

Every rule takes a whole ``RunConfig`` and yields what the user can mend.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from dltrain.config.choices import Dtype, Init, Matmul, Task
from dltrain.config.overrides import Overrides
from dltrain.config.problem import Problem
from dltrain.config.schema import (
    CsvConfig,
    FashionMnistConfig,
    LeastSquaresConfig,
    LinearConfig,
    ModelConfig,
    RunConfig,
    SgdConfig,
    SoftmaxConfig,
    SyntheticConfig,
)
from dltrain.system.paths import expanded, problem_with
from dltrain.text import closest

# More than this many numbers of synthetic data, or parameters of a model, is taken for a slip.
MAX_NUMBERS = 2**30
PACKAGED = Path(__file__).parents[1] / "data" / "files"


def models_for(task: Task) -> str:
    """Name the models that fit a task, as choices to type."""
    return {
        Task.regression: "model=linear or model=mlp",
        Task.classification: "model=softmax or model=mlp",
        Task.auto: "model=linear, model=softmax or model=mlp",
    }[task]


def model_fits(model: ModelConfig, task: Task, *, data: str) -> Problem | None:
    """Refuse a model that does not predict what the data asks for."""
    wanted = {LinearConfig: Task.regression, SoftmaxConfig: Task.classification}.get(type(model))
    if task == Task.auto or wanted in (None, task):
        return None
    what = {Task.regression: "numbers", Task.classification: "classes"}
    assert wanted is not None
    return Problem(
        "model",
        f"model={model.kind} predicts {what[wanted]}, but data={data} asks for {what[task]}; "
        f"use {models_for(task)}",
    )


def ineffective(run: RunConfig, overrides: Overrides) -> list[str]:
    """Name what was typed and has no effect in this run, in sentences."""
    sentences = []
    if "model.init_std" in overrides and run.model.init != Init.normal:
        sentences.append(f"model.init_std has no effect with model.init={run.model.init}")
    if "seed" in overrides and isinstance(run.optimizer, LeastSquaresConfig):
        sentences.append("seed has no effect with optimizer=least_squares, which draws nothing")
    return sentences


def _model_and_data(run: RunConfig) -> Iterable[Problem]:
    task = {SyntheticConfig: Task.regression, FashionMnistConfig: Task.classification}
    stated = run.data.task if isinstance(run.data, CsvConfig) else task[type(run.data)]
    problem = model_fits(run.model, stated, data=run.data.name or run.data.kind)
    return [problem] if problem else []


def _least_squares(run: RunConfig) -> Iterable[Problem]:
    if not isinstance(run.optimizer, LeastSquaresConfig):
        return
    if not isinstance(run.model, LinearConfig):
        yield Problem(
            "optimizer",
            f"optimizer=least_squares solves model=linear only, not model={run.model.kind}; "
            "use optimizer=sgd, adam or adamw",
        )
    if run.trainer.epochs != 1 or run.trainer.batch_size is not None:
        yield Problem(
            "optimizer",
            "optimizer=least_squares takes one step over all rows; "
            "leave out trainer.epochs and trainer.batch_size",
        )
    if run.trainer.max_grad_norm is not None:
        yield Problem(
            "trainer.max_grad_norm",
            "has no effect with optimizer=least_squares, which follows no gradient; leave it out",
        )


def _nesterov(run: RunConfig) -> Iterable[Problem]:
    optimizer = run.optimizer
    if isinstance(optimizer, SgdConfig) and optimizer.nesterov and optimizer.momentum == 0:
        yield Problem("optimizer.nesterov", "needs optimizer.momentum greater than 0")


def _rounding(run: RunConfig) -> Iterable[Problem]:
    exact = isinstance(run.optimizer, LeastSquaresConfig) or run.device.dtype == Dtype.float64
    if exact and run.device.matmul != Matmul.float32:
        why = "optimizer=least_squares" if run.device.dtype != Dtype.float64 else "device.dtype"
        yield Problem("device.matmul", f"rounds products that {why} asks to be exact; leave it out")


def _table(run: RunConfig) -> Iterable[Problem]:
    data = run.data
    if not isinstance(data, CsvConfig):
        return
    if data.path is None:
        yield Problem("data.path", "which table? Add data.path=FILE")
    elif "://" in data.path:
        yield Problem("data.path", "only local files are read; download it first")
    elif data.path.startswith("package:"):
        names = sorted(file.name for file in PACKAGED.glob("*.csv"))
        if data.path.removeprefix("package:") not in names:
            yield Problem(
                "data.path", f"dltrain ships no such table (there are: {', '.join(names)})"
            )
    else:
        path = expanded(data.path)
        complaint = problem_with(path)
        if complaint or not path.is_file():
            yield Problem("data.path", complaint or f"{_missing(path)}{_neighbours(path)}")
    if data.target is None:
        yield Problem("data.target", "which column is to be predicted? Add data.target=COLUMN")
    if data.val_fraction + data.test_fraction >= 1:
        total = data.val_fraction + data.test_fraction
        yield Problem(
            "data.val_fraction",
            f"data.val_fraction and data.test_fraction add up to {total:g}; "
            "they must leave rows to train on (less than 1)",
        )
    if data.target in data.drop or data.target in (data.features or []):
        yield Problem("data.target", "cannot also be in data.drop or data.features")
    delimiter = data.delimiter.replace("\\t", "\t")
    printable = delimiter == "\t" or delimiter.isprintable()
    if len(delimiter) != 1 or not delimiter.isascii() or not printable or delimiter == '"':
        yield Problem("data.delimiter", "must be one ASCII character, or \\t for a tab")


def _missing(path: Path) -> str:
    """Say what keeps a path from being a file."""
    if path.exists() and not path.is_dir():
        return "is a pipe or a device; copy what it gives into a file"
    return "no such file"


def _neighbours(path: Path) -> str:
    """Suggest a file of nearly the same name in the same folder."""
    if not path.parent.is_dir():
        return f" (and no folder {path.parent})"
    if path.exists():
        return "; it is a folder" if path.is_dir() else ""
    try:
        names = [entry.name for entry in path.parent.iterdir() if entry.is_file()]
    except OSError:
        return ""
    return closest(path.name, names)


def _synthetic_size(run: RunConfig) -> Iterable[Problem]:
    data = run.data
    if isinstance(data, SyntheticConfig):
        numbers = len(data.w) * (data.num_train + data.num_val)
        if numbers > MAX_NUMBERS:
            yield Problem(
                "data.num_train",
                f"with {len(data.w)} weights and data.num_val={data.num_val} this makes "
                f"{8 * numbers / 2**30:.0f} GiB of data; at most {8 * MAX_NUMBERS / 2**30:.0f} GiB",
            )


def _files(run: RunConfig) -> Iterable[Problem]:
    data = run.data
    root = data.root if isinstance(data, FashionMnistConfig) else None
    if root is not None:
        complaint = problem_with(expanded(root))
        if complaint or not expanded(root).is_dir():
            yield Problem("data.root", complaint or "no such folder")
    output = expanded(run.output_dir)
    complaint = problem_with(output)
    if complaint:
        yield Problem("output_dir", complaint)
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
    found = importlib.util.find_spec("tensorboard")
    if found is None or found.origin is None:  # a folder of that name is no package
        advice = "pip install tensorboard, or set tracking.tensorboard=false"
        yield Problem("tracking.tensorboard", f"TensorBoard is not installed; {advice}")


def problems(
    run: RunConfig, *, fitting: bool = True, placed: bool = True, training: bool = True
) -> list[Problem]:
    """Apply every rule.

    Args:
        run: A config whose values are each within their bounds.
        fitting: Whether the model must fit the data.
        placed: Whether the data must lie where the config says.
        training: Whether what training alone needs must be there.
    """
    left_out = [] if fitting else [_model_and_data]
    left_out += [] if placed else [_table, _files]
    left_out += [] if training else [_tensorboard]
    rules = [rule for rule in RULES if rule not in left_out]
    return [problem for rule in rules for problem in rule(run)]


RULES: list[Callable[[RunConfig], Iterable[Problem]]] = [
    _model_and_data,
    _least_squares,
    _nesterov,
    _rounding,
    _table,
    _synthetic_size,
    _files,
    _expectations,
    _tensorboard,
]
