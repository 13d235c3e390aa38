"""Elementwise nonlinearities with their forward and backward passes written out.

Letters: M members, O units, B rows of the batch; activations are [M, O, B]. Each works in place
where it can: fresh memory of this size costs ten times the arithmetic. What it returns it also
keeps for its backward pass, so the layer after it must not write there.
"""

from __future__ import annotations

import functools
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
    """x times the standard normal distribution function of x (exact, not the tanh form)."""

    parameters = gradients = state = ()

    def __init__(self) -> None:
        self._outputs: Memory | None = None

    def forward(self, inputs: Tensor, *, step: Tensor | None) -> Tensor:
        """Keep the inputs, which the backward pass needs."""
        self._inputs = inputs
        self._outputs = self._outputs or Memory(inputs.dtype, inputs.device)
        result: Tensor = _ops.gelu.out(inputs, out=self._outputs.take(*inputs.shape))
        return result

    def backward(self, gradient: Tensor, *, to_inputs: bool) -> Tensor:
        """Scale by Phi(x) + x phi(x)."""
        _ops.gelu_backward.grad_input(gradient, self._inputs, grad_input=gradient)
        return gradient


def _relu_backward(gradient: Tensor, outputs: Tensor, *, grad_input: Tensor) -> Tensor:
    """Pass the gradient where the output is positive; at 0 it is 0."""
    _ops.threshold_backward.grad_input(gradient, outputs, 0, grad_input=grad_input)
    return grad_input


ACTIVATIONS: dict[str, Callable[[], Layer]] = {
    "relu": functools.partial(InPlace, Tensor.relu_, _relu_backward),
    "tanh": functools.partial(InPlace, Tensor.tanh_, _ops.tanh_backward.grad_input),
    "sigmoid": functools.partial(InPlace, Tensor.sigmoid_, _ops.sigmoid_backward.grad_input),
    "gelu": Gelu,
}
