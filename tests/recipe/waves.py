"""Kinds from outside dltrain: a data set, a model, a loss and an optimizer."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dltrain.config.choices import Init, Task
from dltrain.config.kinds import (
    DataKind,
    LossKind,
    ModelKind,
    OptimizerKind,
    add_choices,
    register,
)
from dltrain.config.knob import knob
from dltrain.data.dataset import Dataset, Scale, Split
from dltrain.metrics import REGRESSION, computed
from dltrain.nn.plan import LayerPlans, LinearPlan

if TYPE_CHECKING:
    from torch import Tensor

    from dltrain.nn.layers import Layer, Setup
    from dltrain.nn.model import Model


@dataclass(frozen=True, kw_only=True)
class WavesConfig:
    """Points on a sine."""

    kind: str = knob("which class of data this is; chosen with data=")
    name: str = knob("how the data set is called in run folders")
    rows: int = knob("training rows, as many again choose, and are tested", unit="rows", ge=4)
    noise: float = knob("standard deviation of the noise on y", ge=0)


def waves(*, name: str, rows: int, noise: float, dtype: str, download: bool) -> Dataset:
    """Draw y = sin(3 x) + noise."""
    generator = np.random.default_rng(7)
    x = generator.uniform(-1, 1, (3 * rows, 1))
    y = np.sin(3 * x[:, 0]) + noise * generator.standard_normal(3 * rows)
    splits = [Split(x[i::3].astype(dtype), y[i::3].astype(dtype)) for i in range(3)]
    return Dataset(
        name,
        "regression",
        splits[0],
        splits[1],
        splits[2],
        feature_names=("x",),
        target_name="y",
        source="drawn",
        sha256=hashlib.sha256(y.tobytes()).hexdigest(),
        feature_scale=Scale.identity(1),
    )


@dataclass(frozen=True, kw_only=True)
class NarrowConfig:
    """Hidden layers of one width."""

    kind: str = knob("which class of model this is; chosen with model=")
    width: int = knob("units of each hidden layer", ge=1, le=1000)
    depth: int = knob("hidden layers", ge=1, le=100)
    leak: float = knob("slope of the nonlinearity below 0", ge=0, lt=1, stacks=True)
    init: Init = knob("start of the weights")


class Leaky:
    """max(x, leak x), each of M members with its leak."""

    parameters = gradients = state = ()

    def __init__(self, leaks: Tensor) -> None:
        self._leaks = leaks.view(-1, 1, 1)

    def forward(self, inputs: Tensor, *, step: Tensor | None) -> Tensor:
        """See ``dltrain.nn.layers.Layer``."""
        self._slopes = (inputs > 0) + (inputs <= 0) * self._leaks
        return inputs * self._slopes

    def backward(self, gradient: Tensor, *, to_inputs: bool) -> Tensor | None:
        """See ``dltrain.nn.layers.Layer``."""
        return gradient * self._slopes


@dataclass(frozen=True)
class LeakyPlan:
    """See ``dltrain.nn.plan.LayerPlan``."""

    in_features: int
    leak: float
    name = "leaky"
    parameters = state = ()
    multiply_adds = 0
    training_only = False

    @property
    def out_features(self) -> int:
        """As many as inputs."""
        return self.in_features

    def num_activations(self, *, rows: int, evaluated: int) -> int:
        """Outputs and slopes, and of a batch the outputs' gradient."""
        return (3 * rows + 2 * evaluated) * self.in_features

    def build(self, setup: Setup, *, index: int) -> Layer:
        """Give each member its leak."""
        return Leaky(setup.like.new_tensor([plan.leak for plan in setup.layer_plans(index)]))


def narrow(data: Dataset, *, width: int, depth: int, leak: float, init: str) -> LayerPlans:
    """Plan the layers."""
    layers: list[Any] = []
    for inputs in [data.in_features, *[width] * (depth - 1)]:
        layers += [LinearPlan(inputs, width), LeakyPlan(width, leak)]
    return [*layers, LinearPlan(width, data.out_features)]


@dataclass(frozen=True, kw_only=True)
class HuberConfig:
    """Squared near 0, linear far from it."""

    kind: str = knob("which loss this is; chosen with loss=")
    delta: float = knob("error from which it is linear", gt=0, stacks=True)


class Huber:
    """The loss of M members, each with its delta."""

    num_records = 2
    num_statistics = 2
    task = REGRESSION

    def __init__(
        self, data: Dataset, *, variances: Mapping[str, float], delta: Sequence[float]
    ) -> None:
        self._delta, self._variances = list(delta), variances

    def _values(self, errors: Tensor) -> Tensor:
        delta = errors.new_tensor(self._delta).view(-1, 1, 1)
        near = errors.abs().minimum(delta)
        return near * (errors.abs() - near / 2)

    def training(
        self,
        outputs: Tensor,
        targets: Tensor,
        records: Sequence[Tensor],
        *,
        scale: Tensor,
        weights: Tensor | None = None,
    ) -> Tensor:
        """See ``dltrain.nn.losses.Loss``."""
        batches = targets.view(-1, 1, 1, targets.shape[-1])  # [M / K, 1, 1, B]
        errors = (outputs.view(len(batches), -1, *outputs.shape[1:]) - batches).view(outputs.shape)
        delta = outputs.new_tensor(self._delta).view(-1, 1, 1)
        records[0].copy_(self._values(errors))
        records[1].copy_(errors)
        return errors.clamp(-delta, delta) * scale

    def statistics(self, records: Tensor) -> Tensor:
        """See ``dltrain.nn.losses.Loss``."""
        records[:, 1].square_()
        return records.sum(dim=3)

    def evaluation(self, outputs: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
        """See ``dltrain.nn.losses.Loss``."""
        batches = targets.view(-1, 1, 1, targets.shape[-1])
        errors = (outputs.view(len(batches), -1, *outputs.shape[1:]) - batches).view(outputs.shape)
        sums = outputs.new_empty(2, len(outputs)).double()
        sums[0] = self._values(errors).double().sum(dim=(1, 2))
        sums[1] = errors.double().square().sum(dim=(1, 2))
        return sums

    def metrics(self, sums: Tensor, rows: int, split: str) -> list[dict[str, float]]:
        """See ``dltrain.nn.losses.Loss``."""
        losses, squares = (sums.double() / rows).tolist()
        known = {"unit": 1.0, "variance": self._variances[split]}
        return [
            computed(self.task, {"loss": loss, "mean_square": square, **known})
            for loss, square in zip(losses, squares, strict=True)
        ]


@dataclass(frozen=True, kw_only=True)
class SignConfig:
    """Steps of one length, along the sign of the mean gradient."""

    kind: str = knob("which optimizer this is; chosen with optimizer=")
    lr: float = knob("length of a step", ge=0, stacks=True)
    beta: float = knob("share of the mean gradient that is kept", ge=0, lt=1, stacks=True)


class Sign:
    """The optimizer of M members, each with its lr and beta."""

    follows_gradient, capturable, plain_descent = True, True, False

    def __init__(self, model: Model, *, lr: Sequence[float], beta: Sequence[float]) -> None:
        self.lr = model.parameters[0].double().new_tensor(lr)
        self._beta = list(beta)
        self._parameters = model.parameters
        self._means = [parameter.new_zeros(parameter.shape) for parameter in model.parameters]

    def step(self, gradients: Sequence[Tensor]) -> None:
        """See ``dltrain.nn.optim.Optimizer``."""
        for parameter, mean, gradient in zip(self._parameters, self._means, gradients, strict=True):
            shape = [-1, *[1] * (parameter.dim() - 1)]
            beta = parameter.new_tensor(self._beta).view(shape)
            mean.mul_(beta).add_(gradient * (1 - beta))
            parameter.sub_(self.lr.to(parameter).view(shape) * mean.sign())

    def state(self) -> dict[str, Tensor]:
        """See ``dltrain.nn.optim.Optimizer``."""
        return {f"mean.{index}": mean for index, mean in enumerate(self._means)}


register("waves", DataKind(WavesConfig, waves, task=Task.regression))
register("narrow", ModelKind(NarrowConfig, narrow))
register("huber", LossKind(HuberConfig, Huber, task=Task.regression))
register("sign", OptimizerKind(SignConfig, Sign, state=lambda config: 1))
add_choices(Path(__file__).with_name("waves_choices"))
