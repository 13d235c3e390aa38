"""Layers with their forward and backward passes written out, for M members at once.

Letters: M members, B rows of the batch, I in_features, O out_features. Activations are
[M, O, B] and weights [M, O, I]: the member axis leads, the batch is innermost. A batch [B, I] that
all members share is one wide product [M*O, I] @ [I, B]; soft-max and activations run along the
contiguous batch. On a 2-core Xeon (torch 2.15, batch 256) this order makes the thin product of
softmax regression 3x faster than [B, I] @ [I, O], and log-softmax 8x (M = 1) to 20x (M = 64).

No autograd: a layer keeps what its backward pass needs, and ``backward`` must follow ``forward``.
Each pair is proved equal to autograd in float64 by ``tests/nn/test_layers.py``.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from dltrain.nn.products import Products
from dltrain.nn.random import generator
from dltrain.nn.scratch import Memory
from dltrain.nn.sums import sum_last


class Layer(Protocol):
    """Interface of a layer: forward and backward pass. ``plan.LayerPlan`` describes it before."""

    @property
    def parameters(self) -> Sequence[Tensor]:
        """Tensors the optimizer updates in place, [M, ...]."""

    @property
    def gradients(self) -> Sequence[Tensor]:
        """Gradients of the mean loss for each parameter; ``backward`` writes into them."""

    @property
    def state(self) -> Sequence[Tensor]:
        """Tensors kept from step to step beside the parameters, [M, ...], of their dtype."""

    def forward(self, inputs: Tensor, *, step: Tensor | None) -> Tensor:
        """Map activations [M, I, B] to [M, O, B]; ``step`` counts updates, None: not training."""

    def backward(self, gradient: Tensor, *, to_inputs: bool) -> Tensor | None:
        """Take the loss's gradient for the outputs; return that for the inputs if asked to."""


@runtime_checkable
class DescendingLayer(Layer, Protocol):
    """A layer that can take plain gradient descent's step itself, in its backward pass."""

    def descend(self, gradient: Tensor, *, to_inputs: bool) -> Tensor | None:
        """Like ``backward``, but add to the parameters what that writes into the gradients.

        The gradient comes scaled by -lr.
        """


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What the layers of one model are built from."""

    # one per member, M of them, alike but for numbers; some may lack dropout
    plans: Sequence[Sequence[Any]]
    seeds: Sequence[int]  # one per member
    init: str  # how weights start; see ``initial_parameters``
    init_std: Sequence[float]  # one per member
    unit: float  # what an input of 1 stands for
    like: Tensor  # an empty tensor of the parameters' dtype and device
    # the type that products take and give; None: that of the parameters
    rounded_to: torch.dtype | None = None

    @property
    def layers(self) -> Sequence[Any]:
        """Layer plans of the member that has the most layers."""
        return max(self.plans, key=len)

    def layer_plans(self, index: int) -> list[Any]:
        """Return each member's plan of one of ``layers``, or None if it has no such layer."""
        if self.layers[index].training_only:
            most = len(self.layers)
            return [plan[index] if len(plan) == most else None for plan in self.plans]
        before = sum(not layer.training_only for layer in self.layers[:index])
        return [[layer for layer in plan if not layer.training_only][before] for plan in self.plans]

    @functools.cached_property
    def generators(self) -> Sequence[torch.Generator]:
        """Random generators, one per member, from which layers draw their weights in order."""
        return [generator(seed, "init") for seed in self.seeds]

    @functools.cached_property
    def products(self) -> Products:
        """What computes the matrix products of all layers."""
        return Products()


class Linear:
    """A linear layer: outputs = weight @ inputs + bias.

    Args:
        weight: [M, O, I], updated in place by the optimizer.
        bias: [M, O, 1].
        unit: What an input of 1 stands for; images come as whole numbers with a unit of 1/255.
            The products scale their results by it, which costs nothing, where dividing every
            input took a tenth of softmax regression's epoch.
        rounded_to: The type that products take and give, ``torch.bfloat16``; None: that of the
            weight. Weights, bias, and all that happens to the results keep the weight's type.
        products: What computes them.
    """

    def __init__(
        self,
        weight: Tensor,
        bias: Tensor,
        *,
        unit: float = 1.0,
        rounded_to: torch.dtype | None = None,
        products: Products | None = None,
    ) -> None:
        self.weight, self.bias = weight, bias
        self.parameters, self.state = [weight, bias], ()
        self.unit = unit
        self.gradients = [torch.empty_like(weight), torch.empty_like(bias)]
        self._bias_gradient = self.gradients[1].squeeze(2)  # [M, O]
        self._products = products or Products()
        self._inputs = self._factor = self._output_gradient = weight.new_empty(0)
        self._outputs = Memory(weight.dtype, weight.device)
        self._input_gradient = Memory(weight.dtype, weight.device)
        self._rounded_to = rounded_to
        # For inputs, weight, the outputs' gradient, and what a product gives.
        self._rounded = [Memory(rounded_to or weight.dtype, weight.device) for _ in range(4)]
        self._exact = Memory(weight.dtype, weight.device)

    def seen(self) -> tuple[Tensor, Tensor]:
        """Return the inputs and the outputs' gradient [M, O, B] of the last backward pass.

        The inputs are [I, B], or [S, I, B]: the first M / S members saw the first, and so on.
        """
        return self._inputs, self._output_gradient

    def forward(self, inputs: Tensor, *, step: Tensor | None) -> Tensor:
        """Map [B, I] shared by all members, or [S, I, B], to [M, O, B].

        S divides M: the first M / S members share the first batch, and so on; one product serves
        them all. The outputs hold until the next call.
        """
        members, width, _ = self.weight.shape
        shared = inputs.t() if inputs.dim() == 2 else inputs  # [I, B] or [S, I, B]
        self._inputs = self._round(shared, 0)
        self._factor = self._round(self.weight, 1)
        outputs = self._outputs.take(members, width, shared.shape[-1]).copy_(self.bias)
        self._add_product(self._factor, self._inputs, to=outputs)
        return outputs

    def backward(self, gradient: Tensor, *, to_inputs: bool) -> Tensor | None:
        """Fill the gradients of weight and bias; [M, O, B] -> [M, I, B]."""
        return self._to_weight(gradient, self.gradients[0], to_inputs=to_inputs, kept=0)

    def descend(self, gradient: Tensor, *, to_inputs: bool) -> Tensor | None:
        """Add to weight and bias; [M, O, B] -> [M, I, B].

        The product adds to the weights what it would else write beside them: the step costs no
        pass over the weights, and no gradient of their size takes room in the cache.
        """
        flowing = self._to_weight(gradient, self.weight, to_inputs=to_inputs, kept=1)
        self.bias.add_(self.gradients[1])
        return flowing

    def _to_weight(
        self, gradient: Tensor, weight: Tensor, *, to_inputs: bool, kept: int
    ) -> Tensor | None:
        """Set ``weight`` = kept * weight + the weight's gradient, and the bias's gradient."""
        members, _, depth = self.weight.shape
        self._output_gradient = gradient
        rounded, flowing = self._round(gradient, 2), None
        if to_inputs:  # before the weight changes
            flowing = self._input_gradient.take(members, depth, gradient.shape[2])  # [M, I, B]
            self._add_product(self._factor.mT, rounded, to=flowing, kept=0)
        self._add_product(rounded, self._inputs.mT, to=weight, kept=kept)
        sum_last(gradient, out=self._bias_gradient)
        return flowing

    def _round(self, numbers: Tensor, memory: int) -> Tensor:
        """Round to the type that products take, in the same layout."""
        if self._rounded_to is None or numbers.dtype == self._rounded_to:
            return numbers
        if not numbers.is_contiguous():
            return self._round(numbers.mT, memory).mT
        return self._rounded[memory].take(*numbers.shape).copy_(numbers)

    def _add_product(self, a: Tensor, b: Tensor, *, to: Tensor, kept: int = 1) -> None:
        """Set ``to`` = kept * to + unit * a @ b, member by member."""
        if self._rounded_to is None:
            self._products.add(to, a, b, kept=kept, scale=self.unit)
            return
        result = self._rounded[3].take(*to.shape)
        self._products.add(result, a, b, kept=0, scale=self.unit)
        if kept:  # torch would make fresh memory to add numbers of another type
            to.add_(self._exact.take(*to.shape).copy_(result))
        else:
            to.copy_(result)


class Dropout:
    """Zero a share of the units in training and scale the others up, member by member.

    Args:
        share: [M], in [0, 1).
        draw: ``draw(step, rows) -> [M or 1, O, rows]`` uniform whole numbers of 32 bits with sign;
            members of equal seed get equal draws, so a member drops the same units alone and in
            a stack.
    """

    parameters = gradients = state = ()

    def __init__(self, share: Tensor, draw: Callable[[Tensor, int], Tensor]) -> None:
        lowest = (share.double() * 2**32 - 2**31).round()
        self._lowest = lowest.clamp(max=2**31 - 1).to(torch.int32).view(-1, 1, 1)
        self._scale = (1 / (1 - share)).view(-1, 1, 1)
        self._draw = draw
        self._masks, self._outputs = (Memory(share.dtype, share.device) for _ in range(2))
        self._mask: Tensor | None = None

    def forward(self, inputs: Tensor, *, step: Tensor | None) -> Tensor:
        """Drop units if this is training, else change nothing.

        Not in place: the activation before it may need its outputs for its backward pass.
        """
        self._mask = None
        if step is None:
            return inputs
        mask = self._masks.take(*inputs.shape)  # [M, O, B]: 0 or 1 / (1 - share)
        self._mask = torch.ge(self._draw(step, inputs.shape[2]), self._lowest, out=mask)
        outputs = self._outputs.take(*inputs.shape)
        return torch.mul(inputs, self._mask.mul_(self._scale), out=outputs)

    def backward(self, gradient: Tensor, *, to_inputs: bool) -> Tensor:
        """Apply the same mask."""
        return gradient if self._mask is None else gradient.mul_(self._mask)


def initial_parameters(
    generators: Sequence[torch.Generator],
    *,
    in_features: int,
    out_features: int,
    init: str,
    init_std: Sequence[float],
    dtype: torch.dtype,
) -> tuple[Tensor, Tensor]:
    """Draw a linear layer's first weights, one member per generator.

    Args:
        generators: One per member; each is drawn from as in a run of its own.
        in_features: I.
        out_features: O.
        init: ``normal``: N(0, init_std), bias 0 (the textbook's); ``torch``: uniform within
            1 / sqrt(I) for both; ``he``: N(0, sqrt(2 / I)), bias 0.
        init_std: One per member, used by ``normal``.
        dtype: Of the result; the draws are made in float32, so that it changes no draw.

    Returns:
        Weight [M, O, I] and bias [M, O, 1], on the CPU.

    Raises:
        ValueError: If ``init`` is not one of the three.
    """
    shape, bound = (out_features, in_features), 1 / math.sqrt(max(in_features, 1))
    weights, biases = [], []
    for drawing, std in zip(generators, init_std, strict=True):
        bias = torch.zeros(out_features, 1)
        match init:
            case "normal":
                weight = std * torch.randn(shape, generator=drawing)
            case "he":
                weight = math.sqrt(2) * bound * torch.randn(shape, generator=drawing)
            case "torch":
                weight = bound * (2 * torch.rand(shape, generator=drawing) - 1)
                bias = bound * (2 * torch.rand(bias.shape, generator=drawing) - 1)
            case _:
                raise ValueError(f"init={init}: must be normal, torch or he")
        weights.append(weight)
        biases.append(bias)
    return torch.stack(weights).to(dtype), torch.stack(biases).to(dtype)
