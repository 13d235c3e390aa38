"""A layer from outside the package: one plan and one layer, which know nothing of descending."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dltrain.nn.layers import Layer, Setup
from dltrain.nn.model import Model
from dltrain.nn.optim import SGD, ClipNorm
from dltrain.nn.plan import ActivationPlan, LayerPlans, LinearPlan, Shapes
from dltrain.train.steps import Stack
from tests.stacked import FEATURES, MODELS, stack


class Scale:
    """outputs = weight * inputs, unit by unit; it also keeps the largest input it has seen.

    Args:
        weight: [M, O, 1].
    """

    def __init__(self, weight: Tensor) -> None:
        self.parameters, self.gradients = [weight], [torch.empty_like(weight)]
        self.state = [torch.zeros_like(weight)]

    def forward(self, inputs: Tensor, *, step: Tensor | None) -> Tensor:
        """Map [M, O, B], or [B, O] that all members share, to [M, O, B]."""
        self._inputs = inputs if inputs.dim() == 3 else inputs.t()[None]
        if step is not None:
            (largest,) = self.state
            torch.maximum(largest, self._inputs.abs().amax(dim=2, keepdim=True), out=largest)
        return self._inputs * self.parameters[0]

    def backward(self, gradient: Tensor, *, to_inputs: bool) -> Tensor | None:
        """Fill the gradient of the weight."""
        self.gradients[0].copy_((gradient * self._inputs).sum(dim=2, keepdim=True))
        return gradient * self.parameters[0] if to_inputs else None


@dataclass(frozen=True)
class ScalePlan:
    """A layer of ``width`` units, each scaled by a number of its own."""

    width: int
    name = "scale"
    multiply_adds = 0
    training_only = False

    @property
    def in_features(self) -> int:
        """As many as outputs."""
        return self.width

    @property
    def out_features(self) -> int:
        """As many as inputs."""
        return self.width

    @property
    def parameters(self) -> Shapes:
        """One number per unit."""
        return (("weight", (self.width,)),)

    @property
    def state(self) -> Shapes:
        """One number per unit."""
        return (("largest", (self.width,)),)

    def num_activations(self, *, rows: int, evaluated: int) -> int:
        """Its outputs, and of a batch their gradient."""
        return (2 * rows + evaluated) * self.width

    def build(self, setup: Setup, *, index: int) -> Layer:
        """Begin with 1, 2, 3, ... so that no two units are alike."""
        first = torch.arange(1, self.width + 1, dtype=setup.like.dtype, device=setup.like.device)
        return Scale(first.view(1, -1, 1).repeat(len(setup.seeds), 1, 1))


RULES: dict[str, dict[str, list[float]]] = {
    "plain": {"momentum": [0.0, 0.0], "max_grad_norm": []},
    "momentum": {"momentum": [0.9, 0.5], "max_grad_norm": []},
    "clipping": {"momentum": [0.0, 0.0], "max_grad_norm": [0.3, 0.1]},
}
RATES = (0.004, 0.002)
SCALED: LayerPlans = [
    LinearPlan(FEATURES, 6),
    ScalePlan(6),
    ActivationPlan("tanh", 6),
    ScalePlan(6),
    LinearPlan(6, 1),
]


def scaled(rule: str, members: Sequence[int]) -> Stack:
    """Train a model with layers from outside the package by the rule's numbers of some members."""
    count = len(members)
    setup = Setup(
        plans=[SCALED] * count,
        seeds=[7] * count,
        init="torch",
        init_std=[0.01] * count,
        unit=1.0,
        like=torch.empty(0, dtype=torch.float64),
    )
    base, model = stack([*MODELS["linear"], "device.dtype=float64"]), Model(setup)
    numbers = RULES[rule]
    optimizer = SGD(
        model.parameters,
        lr=[RATES[member] for member in members],
        momentum=[numbers["momentum"][member] for member in members],
        nesterov=[False] * count,
        weight_decay=[0.0] * count,
    )
    norms = [numbers["max_grad_norm"][member] for member in members if numbers["max_grad_norm"]]
    clip = ClipNorm(norms, like=model.parameters[0]) if norms else None
    return dataclasses.replace(base, model=model, optimizer=optimizer, clip=clip)
