"""Elementwise nonlinearities with their forward and backward passes written out.

Letters: M members, O units, B rows of the batch; activations are [M, O, B]. Each works in place
where it can: fresh memory of this size costs ten times the arithmetic. What it returns it also
keeps for its backward pass, so the layer after it must not write there.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from dltrain.nn.layers import Layer
from dltrain.nn.scratch import Memory

_ops: Any = torch.ops.aten


class InPlace:
    """A nonlinearity whose gradient follows from its outputs alone.

    Its inputs are overwritten: a linear layer does not need its outputs.

    Args:
        function: Changes activations in place, and returns them.
        backward: ``backward(gradient, outputs, grad_input=gradient)`` changes a gradient in place.
    """

    parameters = gradients = state = ()

    def __init__(
        self, function: Callable[[Tensor], Tensor], backward: Callable[..., Tensor]
    ) -> None:
        self._function, self._function_backward = function, backward

    def forward(self, inputs: Tensor, *, step: Tensor | None) -> Tensor:
        """Apply in place."""
        self._outputs = self._function(inputs)
        return self._outputs

    def backward(self, gradient: Tensor, *, to_inputs: bool) -> Tensor:
        """Scale by the derivative."""
        return self._function_backward(gradient, self._outputs, grad_input=gradient)


class Gelu:
    """x Phi(x), where Phi is the standard normal distribution function (exact, not the tanh form).

    torch's own kernel rounds the last numbers of a tensor otherwise than those before them, so a
    member would have other bytes beside others than alone. Its parts do not.
    """

    parameters = gradients = state = ()

    def __init__(self) -> None:
        self._memories: list[Memory] = []  # of the outputs, Phi(x), and what is passed by

    def forward(self, inputs: Tensor, *, step: Tensor | None) -> Tensor:
        """Keep the inputs and Phi of them, which the backward pass needs."""
        self._memories = self._memories or [Memory(inputs.dtype, inputs.device) for _ in range(3)]
        outputs, phi, _ = (memory.take(*inputs.shape) for memory in self._memories)
        self._inputs = inputs
        self._phi = torch.mul(inputs, math.sqrt(0.5), out=phi).erf_().add_(1).mul_(0.5)
        return torch.mul(inputs, phi, out=outputs)

    def backward(self, gradient: Tensor, *, to_inputs: bool) -> Tensor:
        """Scale by Phi(x) + x phi(x)."""
        slope = torch.square(self._inputs, out=self._memories[2].take(*self._inputs.shape))
        density = slope.mul_(-0.5).exp_().mul_(1 / math.sqrt(2 * math.pi))
        return gradient.mul_(density.mul_(self._inputs).add_(self._phi))


def _sigmoid(inputs: Tensor) -> Tensor:
    """Compute 1 / (1 + exp(-x)) in place, in parts for the reason that ``Gelu`` has."""
    return inputs.neg_().exp_().add_(1).reciprocal_()


def _relu_backward(gradient: Tensor, outputs: Tensor, *, grad_input: Tensor) -> Tensor:
    """Pass the gradient where the output is positive; at 0 it is 0."""
    _ops.threshold_backward.grad_input(gradient, outputs, 0, grad_input=grad_input)
    return grad_input


ACTIVATIONS: dict[str, Callable[[], Layer]] = {
    "relu": functools.partial(InPlace, Tensor.relu_, _relu_backward),
    "tanh": functools.partial(InPlace, Tensor.tanh_, _ops.tanh_backward.grad_input),
    "sigmoid": functools.partial(InPlace, _sigmoid, _ops.sigmoid_backward.grad_input),
    "gelu": Gelu,
}
