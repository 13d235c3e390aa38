"""Models as stacks of layers, for M members at once.

Letters: M members, B rows, I in_features, O out_features (classes, or 1).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor

from dltrain.architecture import ActivationPlan, DropoutPlan, LinearPlan, Plan
from dltrain.layers import ACTIVATIONS, Dropout, Layer, Linear, initial_parameters


def generator(seed: int, purpose: str, index: int = 0) -> torch.Generator:
    """Return a generator that depends on nothing but its arguments.

    One per purpose and index, so that no draw depends on how often something else drew:
    evaluating more often changes nothing, and a member draws the same alone and in a stack.

    Args:
        seed: The run's seed.
        purpose: ``init``, ``order`` or ``dropout``.
        index: Epoch or step the draws are for.
    """
    digest = hashlib.sha256(f"{seed}/{purpose}/{index}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big"))


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

    def forward(self, inputs: Tensor, *, step: int | None = None) -> Tensor:
        """Compute outputs [M, O, B].

        Args:
            inputs: [B, I], shared by all members, or [S, B, I], each shared by M / S of them.
            step: Updates so far, in training; None in evaluation, which drops no units.
        """
        activations = inputs if inputs.dim() == 2 else inputs.mT  # [S, I, B]
        for layer in self.layers:
            activations = layer.forward(activations, step=step)
        return activations

    def backward(self, gradient: Tensor) -> None:
        """Fill ``gradients`` from the loss's gradient for the outputs, [M, O, B]."""
        flowing: Tensor | None = gradient
        for layer in reversed(self.layers):
            assert flowing is not None
            flowing = layer.backward(flowing, to_inputs=layer is not self.layers[0])

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
                layers.append(Linear(*(t.to(like.device) for t in (weight, bias)), unit=first))
            case ActivationPlan():
                layers.append(ACTIVATIONS[layer.name]())
            case DropoutPlan():
                draws = _Draws(seeds, f"dropout.{index}", layer.width, device=like.device)
                layers.append(Dropout(shares, draws))
    return Model(layers)


class _Draws:
    """Uniform numbers for dropout: [M, width, rows] for a step, equal for members of equal seed."""

    def __init__(
        self, seeds: Sequence[int], purpose: str, width: int, *, device: torch.device
    ) -> None:
        self._different = list(dict.fromkeys(seeds))
        self._rows = [self._different.index(seed) for seed in seeds]
        self._purpose, self._width, self._device = purpose, width, device

    def __call__(self, step: int, rows: int) -> Tensor:
        draws = torch.stack(
            [
                torch.rand((self._width, rows), generator=generator(seed, self._purpose, step))
                for seed in self._different
            ]
        )
        if len(self._different) < len(self._rows) and len(self._different) > 1:
            draws = draws[self._rows]
        return draws.to(self._device)  # [M, width, rows], or [1, ...] if all seeds are equal
