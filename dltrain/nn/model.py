"""Models as stacks of layers, for M members at once.

Letters: M members, B rows, I in_features, O out_features (classes, or 1).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from dltrain.nn.activations import ACTIVATIONS
from dltrain.nn.layers import Dropout, Layer, Linear, initial_parameters
from dltrain.nn.plan import ActivationPlan, DropoutPlan, LinearPlan, Plan
from dltrain.nn.random import Draws, generator


class Model:
    """M members of one plan.

    Args:
        layers: Applied in order.

    Attributes:
        layers: Applied in order.
        parameters: All layers' parameters, [M, ...] each, updated in place by the optimizer.
        gradients: Their gradients, in the same order, filled by ``backward``.
        names: Of the parameters, as in ``layers.0.weight``; dropout does not count, so that
            a member has the same names beside members that drop units.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = list(layers)
        self.parameters = [tensor for layer in layers for tensor in layer.parameters]
        self.gradients = [tensor for layer in layers for tensor in layer.gradients]
        lasting = [layer for layer in layers if not isinstance(layer, Dropout)]
        self.names = [
            f"layers.{index}.{name}"
            for index, layer in enumerate(lasting)
            for name in ("weight", "bias")[: len(layer.parameters)]
        ]

    @property
    def num_members(self) -> int:
        """M."""
        return self.parameters[0].shape[0]

    def intact(self) -> Tensor:
        """Tell whether all of a member's numbers are finite, [M] on the device."""
        return torch.stack([p.flatten(1).isfinite().all(dim=1) for p in self.parameters]).all(dim=0)

    def forward(self, inputs: Tensor, *, step: Tensor | None = None) -> Tensor:
        """Compute outputs [M, O, B].

        Args:
            inputs: [B, I], shared by all members, or [S, B, I], each shared by M / S of them.
            step: Updates so far, in training, on the device; None in evaluation, which drops no
                units.
        """
        activations = inputs if inputs.dim() == 2 else inputs.mT  # [S, I, B]
        for layer in self.layers:
            activations = layer.forward(activations, step=step)
        return activations

    def backward(self, gradient: Tensor, *, descend: bool = False) -> None:
        """Fill ``gradients`` from the loss's gradient for the outputs, [M, O, B].

        Args:
            gradient: Used up.
            descend: It comes scaled by -lr; the parameters are updated instead.
        """
        flowing: Tensor | None = gradient
        for layer in reversed(self.layers):
            assert flowing is not None
            to_inputs = layer is not self.layers[0]
            flowing = layer.backward(flowing, to_inputs=to_inputs, descend=descend)

    def state(self) -> dict[str, Tensor]:
        """Return the parameters by name: weights [M, O, I] and biases [M, O].

        One member's, ``tensor[member]``, are as ``torch.nn.Linear.load_state_dict`` takes them.
        """
        return {
            name: tensor.squeeze(-1) if name.endswith("bias") else tensor
            for name, tensor in zip(self.names, self.parameters, strict=True)
        }


def build_model(
    plan: Plan,
    *,
    seeds: Sequence[int],
    init: str,
    init_std: Sequence[float],
    dropout: Sequence[float],
    unit: float,
    like: Tensor,
    rounded_to: torch.dtype | None = None,
) -> Model:
    """Turn a plan into a model with freshly drawn weights.

    Args:
        plan: The layers; the same for all members.
        seeds: One per member, M of them.
        init: How weights start; see ``layers.initial_parameters``.
        init_std: One per member.
        dropout: Share of units dropped, one per member.
        unit: What an input of 1 stands for.
        like: An empty tensor of the parameters' dtype and device.
        rounded_to: The type that products take and give; None: that of the parameters.
    """
    generators = [generator(seed, "init") for seed in seeds]
    deviations = torch.tensor(init_std, dtype=torch.float64)
    shares = torch.tensor(dropout, dtype=like.dtype, device=like.device)
    layers: list[Layer] = []
    for index, layer in enumerate(plan):
        match layer:
            case LinearPlan():
                weight, bias = initial_parameters(
                    generators,
                    in_features=layer.in_features,
                    out_features=layer.out_features,
                    init=init,
                    init_std=deviations,
                    dtype=like.dtype,
                )
                first = 1.0 if layers else unit
                weight, bias = weight.to(like.device), bias.to(like.device)
                layers.append(Linear(weight, bias, unit=first, rounded_to=rounded_to))
            case ActivationPlan():
                layers.append(ACTIVATIONS[layer.name]())
            case DropoutPlan():
                draws = Draws(seeds, f"dropout.{index}", layer.width, device=like.device)
                layers.append(Dropout(shares, draws))
    return Model(layers)
