"""Models as stacks of layers, for M members at once.

Letters: M members, B rows, I in_features, O out_features (classes, or 1).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor

from dltrain.nn.activations import ACTIVATIONS
from dltrain.nn.layers import Dropout, Layer, Linear, initial_parameters
from dltrain.nn.plan import ActivationPlan, DropoutPlan, LinearPlan, Plan
from dltrain.nn.scratch import Memory


def generator(seed: int, purpose: str, index: int = 0) -> torch.Generator:
    """Return a generator that depends on nothing but its arguments.

    One per purpose and index, so that no draw depends on how often something else drew:
    evaluating more often changes nothing, and a member draws the same alone and in a stack.

    Args:
        seed: The run's seed.
        purpose: ``init``, ``order`` or, for the key of a dropout layer, ``dropout.N``.
        index: Epoch the draws are for.
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
                draws = _Draws(seeds, f"dropout.{index}", layer.width, device=like.device)
                layers.append(Dropout(shares, draws))
    return Model(layers)


class _Draws:
    """Whole numbers of 32 bits for dropout, [M or 1, width, rows], equal for members of equal seed.

    A number is a hash of its place and its step, so nothing is drawn in a sequence: it does not
    depend on what was drawn before, and a GPU computes it where it is needed. The hash is
    C. Wellons' ``lowbias32``, applied to the place with the seed's key, and to the result with the
    step.
    """

    def __init__(
        self, seeds: Sequence[int], purpose: str, width: int, *, device: torch.device
    ) -> None:
        self._different = list(dict.fromkeys(seeds))
        which = [self._different.index(seed) for seed in seeds]
        self._rows = torch.tensor(which, device=device) if any(which) else None
        self._purpose, self._width = purpose, width
        self._places = torch.empty(0, 0, dtype=torch.int32, device=device)
        self._draws, self._shifted = (Memory(torch.int32, device) for _ in range(2))

    def __call__(self, step: Tensor, rows: int) -> Tensor:
        if self._places.shape[-1] < rows:
            self._places = self._hashed_places(rows)
        places = self._places[..., :rows]
        # The odd number nearest to 2^32 / golden ratio, as a number with sign: steps lie far apart.
        draws = torch.add(places, step * -1640531527, out=self._draws.take(*places.shape))
        _hash_(draws, self._shifted)
        return draws if self._rows is None else draws[self._rows]

    def _hashed_places(self, rows: int) -> Tensor:
        """Hash each unit of each row with each different seed's key: [seeds, width, rows]."""
        units = torch.arange(self._width, dtype=torch.int64).view(-1, 1)
        # A row's numbers do not depend on how many rows there are.
        places = units + self._width * torch.arange(rows, dtype=torch.int64)
        keys = [generator(seed, self._purpose).initial_seed() for seed in self._different]
        low = torch.tensor([(key & 0xFFFFFFFF) - 2**31 for key in keys], dtype=torch.int64)
        hashed = (places + low.view(-1, 1, 1)).to(torch.int32)
        _hash_(hashed, Memory(torch.int32, hashed.device))
        high = torch.tensor([(key >> 32 & 0xFFFFFFFF) - 2**31 for key in keys])
        hashed ^= high.to(torch.int32).view(-1, 1, 1)
        return hashed.to(self._places.device)


def _hash_(numbers: Tensor, shifted: Memory) -> None:
    """Hash whole numbers of 32 bits in place; multiplication wraps around."""
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B - 2**32), (16, 1)):
        high = torch.bitwise_right_shift(numbers, shift, out=shifted.take(*numbers.shape))
        high &= (1 << (32 - shift)) - 1  # the shift repeats the sign
        numbers ^= high
        if factor != 1:
            numbers *= factor
