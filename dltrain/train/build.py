"""Builds data sets, models, losses and optimizers from a config; no other file knows both.

Data and plans need no torch, so that looking at data stays quick; what does need it is imported
where it is called.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dltrain.config.choices import Init, Matmul, Task
from dltrain.config.kinds import OPTIMIZERS, TABLE
from dltrain.config.load import line_of
from dltrain.config.plain import as_dict, shown
from dltrain.config.rules import class_weight_problems, task_problems
from dltrain.config.schema import MAX_NUMBERS, RunConfig
from dltrain.data.dataset import Dataset, variance
from dltrain.nn.plan import LayerPlans, num_parameters

if TYPE_CHECKING:
    import torch

    from dltrain.nn.losses import Loss
    from dltrain.nn.model import Model
    from dltrain.nn.optim import Optimizer
    from dltrain.nn.scores import Scores
    from dltrain.train.batches import Rows
    from dltrain.train.steps import Stack


def dataset(run: RunConfig, *, download: bool = True) -> Dataset:
    """Load and prepare a run's data set, in the run's floating-point type; images stay bytes.

    Nothing is downloaded for what a stranger's record names.

    Raises:
        ValueError: If a file is missing or is not what it should be.
    """
    data: Dataset = _built("data", run, dtype=dtype_name(run), download=download)
    return data


def _built(group: str, run: RunConfig, *arguments: Any, **more: Any) -> Any:
    """Call the builder of a run's kind with the knobs of its config."""
    config = getattr(run, group)
    return _call(group, config.kind, *arguments, **_knobs(config), **more)


def _call(group: str, name: str, /, *arguments: Any, **more: Any) -> Any:
    """Call a builder; what goes wrong in one that a plugin registered is told with its name.

    Raises:
        ValueError: If it cannot build what is asked for, or is none of ours and fails.
    """
    kind = TABLE[group][name]
    builder, module = kind.builder(), kind.config.__module__
    try:
        built = builder(*arguments, **more)
        if built is None:
            raise TypeError("it returned None")
    except Exception as error:
        if module.startswith("dltrain."):
            raise
        what = f"{group}={name}: its builder fails (plugin {module})"
        raise ValueError(f"{what}: {type(error).__name__}: {error}") from error
    return built


def _knobs(config: Any) -> dict[str, Any]:
    names = (field.name for field in dataclasses.fields(config))
    return {name: getattr(config, name) for name in names if name != "kind"}


def _stacked(configs: Sequence[Any]) -> dict[str, Any]:
    """Return the knobs of a stack's members: a list for each knob, with a value per member."""
    every = [_knobs(config) for config in configs]
    return {name: [knobs[name] for knobs in every] for name in every[0]}


def layer_plans(run: RunConfig, data: Dataset) -> LayerPlans:
    """Plan the layers of a run's model for a data set.

    Raises:
        ValueError: If the model or the loss does not do what the data asks for.
    """
    problems = task_problems(run, Task(data.task), data=data.name, other_task=data.other_task)
    for problem in (*problems, *class_weight_problems(run, data.class_names, data.class_rows)):
        raise ValueError(line_of(problem, as_dict(run), {}))
    layers: LayerPlans = _built("model", run, data)
    parameters = num_parameters(layers)
    if parameters > MAX_NUMBERS:
        shape = {k: v for k, v in _knobs(run.model).items() if isinstance(v, int | list)}
        settings = " ".join(f"model.{name}={shown(value)}" for name, value in shape.items())
        raise ValueError(
            f"{settings or run.model.kind}: makes {parameters:,} parameters, "
            f"at most {MAX_NUMBERS:,} are allowed; use smaller widths"
        )
    return layers


def stack(configs: Sequence[RunConfig], data: Dataset, device: torch.device) -> Stack:
    """Build the members of one stack, whose configs differ in numbers only."""
    from dltrain.nn.optim import ClipNorm
    from dltrain.train.batches import Batches
    from dltrain.train.steps import Stack

    first = configs[0]
    rows = {name: split_rows(data, name, first, device) for name in data.splits}
    members = model(configs, data, device)
    seeds = [config.seed for config in configs]
    batches = Batches(
        rows["train"],
        batch_size=first.trainer.batch_size,
        order=_order(rows["train"]),
        seeds=seeds,
        transform=rows["train"].to_float,
    )
    variances = {
        name: variance_of(data, split.targets, split.weights) for name, split in data.splits.items()
    }
    norms = [config.trainer.max_grad_norm for config in configs]
    clips = any(norm is not None for norm in norms)
    return Stack(
        model=members,
        loss=loss(configs, data, variances),
        optimizer=_optimizer(configs, members, rows["train"]),
        batches=batches,
        splits=rows,
        scores=functools.partial(scores, data),
        clip=ClipNorm(norms, like=members.parameters[0]) if clips else None,
    )


def dtype_name(config: RunConfig) -> str:
    """Name the floating-point type of a run; the analytic solution is always float64."""
    exact = OPTIMIZERS[config.optimizer.kind].exact
    return "float64" if exact or config.device.dtype == "float64" else "float32"


def dtype_of(config: RunConfig) -> torch.dtype:
    """Return the floating-point type of a run for torch."""
    import torch

    return torch.float64 if dtype_name(config) == "float64" else torch.float32


def model(configs: Sequence[RunConfig], data: Dataset, device: torch.device) -> Model:
    """Build the models of one stack, with freshly drawn weights; ``data`` needs no rows."""
    import torch

    from dltrain.nn.layers import Setup
    from dltrain.nn.model import Model

    models = [config.model for config in configs]
    setup = Setup(
        plans=[layer_plans(config, data) for config in configs],
        seeds=[config.seed for config in configs],
        init=getattr(models[0], "init", Init.torch),
        init_std=[getattr(model, "init_std", 0.0) for model in models],
        unit=data.unit,
        like=torch.empty(0, dtype=dtype_of(configs[0]), device=device),
        rounded_to=_rounded_to(configs[0]),
    )
    return Model(setup)


def input_dtype(config: RunConfig) -> torch.dtype:
    """Return the type that images are turned into before the first product."""
    # Bytes can go straight to the type of the products, which holds them all exactly.
    return _rounded_to(config) or dtype_of(config)


def _rounded_to(config: RunConfig) -> torch.dtype | None:
    import torch

    return torch.bfloat16 if config.device.matmul == Matmul.bf16 else None


def split_rows(data: Dataset, split: str, config: RunConfig, device: torch.device) -> Rows:
    """Bring the rows of a split onto the device."""
    import torch

    from dltrain.train.batches import Rows

    dtype = dtype_of(config)
    inputs = torch.from_numpy(data.splits[split].inputs)
    targets = torch.from_numpy(data.splits[split].targets)
    # Training and test images stay bytes, a quarter of the memory; those that validate are few
    # and used in every epoch, so they are converted once.
    if inputs.dtype != torch.uint8 or split == "val":
        inputs = inputs.to(dtype)
    if data.task == Task.regression:
        targets = targets.to(dtype)
    weights = data.splits[split].weights
    return Rows(
        inputs.to(device),
        targets.to(device),
        dtype=input_dtype(config),
        weights=None if weights is None else torch.from_numpy(weights).to(device, dtype),
    )


def _order(rows: Rows) -> Any:
    import torch

    from dltrain.nn.random import generator

    def order(seed: int, epoch: int) -> torch.Tensor:
        # Half the memory of torch's usual whole numbers; no table has more rows than fit.
        return torch.randperm(
            len(rows), generator=generator(seed, "order", epoch), dtype=torch.int32
        )

    return order


def loss(configs: Sequence[RunConfig], data: Dataset, variances: Mapping[str, float]) -> Loss:
    """Build the loss that members are trained on, and judged by on splits of these variances."""
    knobs = _stacked([config.loss for config in configs])
    built: Loss = _call("loss", configs[0].loss.kind, data, variances=variances, **knobs)
    return built


def variance_of(
    data: Dataset, targets: npt.NDArray[Any], weights: npt.NDArray[np.floating] | None
) -> float:
    """Return the variance of prepared targets; of amounts themselves where logs are learned."""
    own = data.target_scale.original(targets) if data.target_scale.log else targets
    return variance(own, weights)


def scores(data: Dataset) -> Scores:
    """Build what collects a split's outputs and scores them; ``data`` needs no rows."""
    from dltrain.nn.scores import Scores

    scale = data.target_scale
    unit, mean = float(scale.deviation[0]), float(scale.mean[0])
    return Scores(data.task, unit=unit, mean=mean, log=scale.log)


def _optimizer(configs: Sequence[RunConfig], model: Model, train: Rows) -> Optimizer:
    knobs, kind = _stacked([each.optimizer for each in configs]), configs[0].optimizer.kind
    knobs |= {"weights": train.weights} if OPTIMIZERS[kind].exact else {}
    built: Optimizer = _call("optimizer", kind, model, **knobs)
    return built
