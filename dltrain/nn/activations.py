"""Nonlinearities, unit by unit, with their forward and backward passes written out.

Letters: M members, O units, B rows of the batch; activations are [M, O, B]. Each works in place
where it can: fresh memory of this size costs ten times the arithmetic. What it returns it also
keeps for its backward pass, so the layer after it must not write there.
"""

from __future__ import annotations

import torch
from torch import Tensor

from dltrain.nn.scratch import Memory


class Relu:
    """max(x, 0); at 0 the gradient is 0."""

    parameters = gradients = state = ()

    def forward(self, inputs: Tensor, *, step: Tensor | None) -> Tensor:
        """Clear negative activations in place: a linear layer does not need its outputs."""
        self._outputs = inputs.relu_()
        return self._outputs

    def backward(self, gradient: Tensor, *, to_inputs: bool) -> Tensor:
        """Pass the gradient where the output is positive."""
        torch.ops.aten.threshold_backward.grad_input(
            gradient, self._outputs, 0, grad_input=gradient
        )
        return gradient


class Tanh:
    """The hyperbolic tangent."""

    parameters = gradients = state = ()

    def forward(self, inputs: Tensor, *, step: Tensor | None) -> Tensor:
        """Apply in place."""
        self._outputs = inputs.tanh_()
        return self._outputs

    def backward(self, gradient: Tensor, *, to_inputs: bool) -> Tensor:
        """Scale by 1 - tanh^2."""
        torch.ops.aten.tanh_backward.grad_input(gradient, self._outputs, grad_input=gradient)
        return gradient


class Sigmoid:
    """1 / (1 + exp(-x))."""

    parameters = gradients = state = ()

    def forward(self, inputs: Tensor, *, step: Tensor | None) -> Tensor:
        """Apply in place."""
        self._outputs = inputs.sigmoid_()
        return self._outputs

    def backward(self, gradient: Tensor, *, to_inputs: bool) -> Tensor:
        """Scale by s (1 - s)."""
        torch.ops.aten.sigmoid_backward.grad_input(gradient, self._outputs, grad_input=gradient)
        return gradient


class Gelu:
    """x times the standard normal distribution function of x (exact, not the tanh form)."""

    parameters = gradients = state = ()

    def __init__(self) -> None:
        self._outputs: Memory | None = None

    def forward(self, inputs: Tensor, *, step: Tensor | None) -> Tensor:
        """Keep the inputs, which the backward pass needs."""
        self._inputs = inputs
        self._outputs = self._outputs or Memory(inputs.dtype, inputs.device)
        result: Tensor = torch.ops.aten.gelu.out(inputs, out=self._outputs.take(*inputs.shape))
        return result

    def backward(self, gradient: Tensor, *, to_inputs: bool) -> Tensor:
        """Scale by Phi(x) + x phi(x)."""
        torch.ops.aten.gelu_backward.grad_input(gradient, self._inputs, grad_input=gradient)
        return gradient


ACTIVATIONS: dict[str, type[Relu] | type[Tanh] | type[Sigmoid] | type[Gelu]] = {
    "relu": Relu,
    "tanh": Tanh,
    "sigmoid": Sigmoid,
    "gelu": Gelu,
}
