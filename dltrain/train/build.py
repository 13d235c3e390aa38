"""From config to live objects: the only file that knows both.

Data and plans need no torch, so that looking at data stays quick; what does need it is imported
where it is called.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, assert_never

import numpy.typing as npt

from dltrain.config.choices import Matmul, Task
from dltrain.config.plain import shown
from dltrain.config.rules import MAX_NUMBERS, model_fits
from dltrain.config.schema import (
    AdamConfig,
    AdamWConfig,
    CsvConfig,
    FashionMnistConfig,
    LeastSquaresConfig,
    LinearConfig,
    MlpConfig,
    ModelConfig,
    RunConfig,
    SgdConfig,
    SoftmaxConfig,
    SyntheticConfig,
)
from dltrain.data.dataset import Dataset, variance
from dltrain.nn import plan as architecture

if TYPE_CHECKING:
    import torch

    from dltrain.nn.losses import Loss
    from dltrain.nn.model import Model
    from dltrain.nn.optim import Optimizer
    from dltrain.train.batches import Rows
    from dltrain.train.steps import Stack


def dataset(run: RunConfig, *, download: bool = True) -> Dataset:
    """Load and prepare a run's data, in the run's floating-point type; images stay bytes.

    Args:
        run: What names them.
        download: Whether the network may be asked; not for what a stranger's record names.

    Raises:
        ValueError: If a file is missing or is not what it should be.
    """
    config, dtype = run.data, dtype_name(run)
    match config:
        case SyntheticConfig():
            from dltrain.data.synthetic import synthetic

            return synthetic(
                config.name,
                w=config.w,
                b=config.b,
                noise=config.noise,
                num_train=config.num_train,
                num_val=config.num_val,
                seed=config.seed,
                dtype=dtype,
            )
        case CsvConfig():
            from dltrain.data.table.dataset import Options, tabular

            assert config.path is not None and config.target is not None  # noqa: PT018
            values = {name: getattr(config, name) for name in Options.__dataclass_fields__}
            return tabular(config.name, path=config.path, options=Options(**values), dtype=dtype)
        case FashionMnistConfig():
            from dltrain.data.images.fashion_mnist import fashion_mnist

            return fashion_mnist(
                config.name,
                root=config.root,
                source=config.source,
                num_val=config.num_val,
                seed=config.seed,
                download=download,
            )
        case _:
            assert_never(config)


def plan(config: ModelConfig, data: Dataset) -> architecture.Plan:
    """Plan the layers of a model for a data set.

    Raises:
        ValueError: If the model does not predict what the data asks for.
    """
    problem = model_fits(config, Task(data.task), data=data.name)
    if problem:
        raise ValueError(problem.message)
    match config:
        case LinearConfig() | SoftmaxConfig():
            return architecture.single_layer(data.in_features, data.out_features)
        case MlpConfig():
            layers = architecture.multilayer(
                data.in_features,
                data.out_features,
                hidden=config.hidden,
                activation=config.activation,
                dropout=config.dropout,
            )
        case _:
            assert_never(config)
    parameters = architecture.num_parameters(layers)
    if parameters > MAX_NUMBERS:
        raise ValueError(
            f"model.hidden={shown(config.hidden)}: makes {parameters:,} parameters, "
            f"at most {MAX_NUMBERS:,} are allowed; use smaller widths"
        )
    return layers


def stack(configs: Sequence[RunConfig], data: Dataset, device: torch.device) -> Stack:
    """Build the members of one stack.

    Args:
        configs: One per member; they may differ in numbers only.
        data: What all of them learn from.
        device: Where all of it will lie.
    """
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
    norms = [config.trainer.max_grad_norm for config in configs]
    clips = any(norm is not None for norm in norms)
    return Stack(
        model=members,
        loss=loss(data, {name: split.targets for name, split in data.splits.items()}),
        optimizer=_optimizer(configs, members),
        batches=batches,
        splits=rows,
        clip=ClipNorm(norms, like=members.parameters[0]) if clips else None,
    )


def dtype_name(config: RunConfig) -> str:
    """Name the floating-point type of a run; the analytic solution is always float64."""
    exact = isinstance(config.optimizer, LeastSquaresConfig)
    return "float64" if exact or config.device.dtype == "float64" else "float32"


def dtype_of(config: RunConfig) -> torch.dtype:
    """Return the floating-point type of a run for torch."""
    import torch

    return torch.float64 if dtype_name(config) == "float64" else torch.float32


def model(configs: Sequence[RunConfig], data: Dataset, device: torch.device) -> Model:
    """Build the models of one stack, with freshly drawn weights.

    Args:
        configs: One per member; they may differ in numbers only.
        data: What they learn from; a data set without rows will do.
        device: Where they will lie.
    """
    import torch

    from dltrain.nn.layers import Setup
    from dltrain.nn.model import Model

    models = [config.model for config in configs]
    dropout = [model.dropout if isinstance(model, MlpConfig) else 0.0 for model in models]
    # If any member drops units, the stack has layers for it; a share of 0 changes nothing.
    fullest = models[dropout.index(max(dropout))]
    setup = Setup(
        seeds=[config.seed for config in configs],
        init=models[0].init,
        init_std=[model.init_std for model in models],
        dropout=dropout,
        unit=data.unit,
        like=torch.empty(0, dtype=dtype_of(configs[0]), device=device),
        rounded_to=_rounded_to(configs[0]),
    )
    return Model(plan(fullest, data), setup)


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
    return Rows(inputs.to(device), targets.to(device), dtype=input_dtype(config))


def _order(rows: Rows) -> Any:
    import torch

    from dltrain.nn.random import generator

    def order(seed: int, epoch: int) -> torch.Tensor:
        # Half the memory of torch's usual whole numbers; no table has more rows than fit.
        return torch.randperm(
            len(rows), generator=generator(seed, "order", epoch), dtype=torch.int32
        )

    return order


def loss(data: Dataset, targets: Mapping[str, npt.NDArray[Any]]) -> Loss:
    """Return what a model is trained on, and judged by.

    Args:
        data: Says what the targets are.
        targets: Prepared ones of each split that metrics will be asked of.
    """
    from dltrain.nn.losses import CrossEntropy, SquaredError

    if data.task == Task.classification:
        return CrossEntropy()
    variances = {name: variance(own) for name, own in targets.items()}
    return SquaredError(unit=float(data.target_scale.deviation[0]), variances=variances)


def _optimizer(configs: Sequence[RunConfig], model: Model) -> Optimizer:
    from dltrain.nn.layers import Linear
    from dltrain.nn.optim import SGD, Adam, LeastSquares

    optimizers: list[Any] = [config.optimizer for config in configs]

    def each(knob: str) -> list[Any]:
        return [getattr(optimizer, knob) for optimizer in optimizers]

    match configs[0].optimizer:
        case SgdConfig():
            return SGD(
                model.parameters,
                lr=each("lr"),
                momentum=each("momentum"),
                nesterov=each("nesterov"),
                weight_decay=each("weight_decay"),
            )
        case AdamConfig() | AdamWConfig() as config:
            return Adam(
                model.parameters,
                lr=each("lr"),
                betas=each("betas"),
                eps=each("eps"),
                weight_decay=each("weight_decay"),
                decoupled=isinstance(config, AdamWConfig),
            )
        case LeastSquaresConfig():
            layer = model.layers[0]
            assert isinstance(layer, Linear)
            return LeastSquares(layer)
        case _ as other:
            assert_never(other)
