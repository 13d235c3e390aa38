"""Update rules for M members at once, each with its own learning rate and other numbers.

Letters: M members. Parameters and gradients are [M, ...]; hyperparameters are sequences of M
numbers. Each rule equals ``torch.optim``'s; constructing one does not import torch's compiler.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from dltrain.nn.layers import Linear
from dltrain.nn.least_squares import least_squares


class Optimizer(Protocol):
    """Interface of an optimizer.

    Attributes:
        lr: [M], float64, on the device: the learning rates that a step reads, written before each
            window of steps; nan if the rule has none.
        follows_gradient: Whether the gradient is what moves the parameters.
        plain_descent: Whether a step adds nothing to the parameters but -lr times their gradients,
            so that the layers may do it in their products.
        capturable: Whether a step only launches kernels, so that a GPU can replay it.
    """

    lr: Tensor
    follows_gradient: bool
    plain_descent: bool
    capturable: bool

    def step(self, gradients: Sequence[Tensor]) -> None:
        """Update the parameters in place; gradients stand in the parameters' order."""

    def state(self) -> dict[str, Tensor]:
        """Return the memory of earlier steps by name, [M, ...]; empty if the rule keeps none.

        What is written into these tensors is written into the memory.
        """


class SGD:
    """Stochastic gradient descent with momentum, as ``torch.optim.SGD`` (dampening 0).

    Args:
        parameters: [M, ...] each, updated in place.
        lr: Learning rate per member.
        momentum: Share of the last update kept, per member.
        nesterov: Whether to look ahead along the momentum, per member.
        weight_decay: L2 penalty added to the gradient, per member.
    """

    def __init__(
        self,
        parameters: Sequence[Tensor],
        *,
        lr: Sequence[float],
        momentum: Sequence[float],
        nesterov: Sequence[bool],
        weight_decay: Sequence[float],
    ) -> None:
        self.follows_gradient, self.capturable = True, True
        self._parameters = list(parameters)
        like = self._parameters[0]
        self.lr = torch.tensor(lr, dtype=torch.float64, device=like.device)
        self._rounded, self._lr = _numbers(self._parameters)
        self._weight_decay = _columns_if_any(weight_decay, self._parameters)
        self._momentum = _columns_if_any(momentum, self._parameters)
        # With look-ahead the update is gradient + momentum * buffer, without it the buffer alone.
        self._ahead = _columns_if_any([float(flag) for flag in nesterov], self._parameters)
        self._buffers = [torch.zeros_like(p) for p in self._parameters] if self._momentum else []
        self._scratch = _like_if(bool(self._weight_decay), self._parameters)
        self.plain_descent = not (self._momentum or self._weight_decay)

    def step(self, gradients: Sequence[Tensor]) -> None:
        """See ``Optimizer``."""
        self._rounded.copy_(self.lr)
        for i, (parameter, gradient) in enumerate(zip(self._parameters, gradients, strict=True)):
            update = gradient
            if self._weight_decay:
                update = self._scratch[i]
                torch.addcmul(gradient, self._weight_decay[i], parameter, out=update)
            if self._momentum:
                buffer = self._buffers[i].mul_(self._momentum[i]).add_(update)
                if self._ahead:
                    ahead = torch.addcmul(update, self._momentum[i], buffer)
                    update = torch.where(self._ahead[i] > 0, ahead, buffer)
                else:
                    update = buffer
            parameter.addcmul_(self._lr[i], update, value=-1)

    def state(self) -> dict[str, Tensor]:
        """See ``Optimizer``."""
        return {f"momentum.{i}": buffer for i, buffer in enumerate(self._buffers)}


class Adam:
    """Adam, and AdamW where ``decoupled``, as ``torch.optim.Adam`` and ``torch.optim.AdamW``.

    Args:
        parameters: [M, ...] each, updated in place.
        lr: Learning rate per member.
        betas: Decay of the two moments, a pair per member.
        eps: Added to the root of the second moment, per member.
        weight_decay: Per member: added to the gradient, or taken off the weight if ``decoupled``.
        decoupled: Whether weight decay stays out of the moments (AdamW).
    """

    def __init__(
        self,
        parameters: Sequence[Tensor],
        *,
        lr: Sequence[float],
        betas: Sequence[Sequence[float]],
        eps: Sequence[float],
        weight_decay: Sequence[float],
        decoupled: bool,
    ) -> None:
        self.follows_gradient, self.plain_descent, self.capturable = True, False, True
        self._parameters = list(parameters)
        like = self._parameters[0]
        self.lr = torch.tensor(lr, dtype=torch.float64, device=like.device)
        self._betas = torch.tensor(betas, dtype=torch.float64, device=like.device).t()  # [2, M]
        self._keep = [_column([second for _, second in betas], like=p) for p in self._parameters]
        # 1 - beta is taken before it is rounded to the parameters' dtype.
        self._renew = [
            [_column([1 - pair[i] for pair in betas], like=p) for i in (0, 1)]
            for p in self._parameters
        ]
        self._eps = [_column(eps, like=p) for p in self._parameters]
        self._weight_decay = _columns_if_any(weight_decay, self._parameters)
        self._decay = torch.tensor(weight_decay, dtype=torch.float64, device=like.device)
        self._decoupled = decoupled
        self._rates, self._rate = _numbers(self._parameters)
        self._roots, self._root = _numbers(self._parameters)
        self._shrinks, self._shrink = _numbers(self._parameters)
        self._first = [torch.zeros_like(p) for p in self._parameters]
        self._second = [torch.zeros_like(p) for p in self._parameters]
        self._scratch = _like_if(True, self._parameters)
        coupled = bool(self._weight_decay) and not decoupled
        self._decayed = _like_if(coupled, self._parameters)
        # On the device, so that a step reads and writes nothing on the host; [M], all equal.
        self._counts = torch.zeros(len(lr), dtype=torch.float64, device=like.device)

    def step(self, gradients: Sequence[Tensor]) -> None:
        """See ``Optimizer``."""
        self._counts.add_(1)
        # Both moments start at 0; dividing by 1 - beta^step corrects for that.
        first_share, second_share = 1 - self._betas**self._counts  # [M] each
        self._rates.copy_(self.lr / first_share)
        self._roots.copy_(second_share.sqrt())
        if self._weight_decay and self._decoupled:
            self._shrinks.copy_(1 - self.lr * self._decay)
        for i, (parameter, gradient) in enumerate(zip(self._parameters, gradients, strict=True)):
            scratch = self._scratch[i]
            if self._weight_decay and self._decoupled:
                parameter.mul_(self._shrink[i])
            elif self._weight_decay:
                decayed = self._decayed[i]
                gradient = torch.addcmul(gradient, self._weight_decay[i], parameter, out=decayed)
            renew_first, renew_second = self._renew[i]
            first = self._first[i].lerp_(gradient, renew_first)
            second = self._second[i].mul_(self._keep[i])
            second.addcmul_(torch.square(gradient, out=scratch), renew_second)
            torch.sqrt(second, out=scratch).div_(self._root[i]).add_(self._eps[i])
            torch.div(first, scratch, out=scratch)
            parameter.addcmul_(self._rate[i], scratch, value=-1)

    def state(self) -> dict[str, Tensor]:
        """See ``Optimizer``."""
        moments = {f"first.{i}": moment for i, moment in enumerate(self._first)}
        moments |= {f"second.{i}": moment for i, moment in enumerate(self._second)}
        return moments | {"steps": self._counts}


class LeastSquares:
    """The analytic solution of linear regression, in one step over all rows (textbook 3.1).

    The last backward pass of the layer must have seen all the rows: its inputs and the gradient
    for its outputs, (output - target) / B, are what the solution is computed from.

    Args:
        layer: The only layer of the model, with one output; its parameters start from 0, so that
            the solution of a rank-deficient table is the one of least norm.
        weights: [B], how much each row counts, as the gradient says; None: all the same.
    """

    def __init__(self, layer: Linear, *, weights: Tensor | None = None) -> None:
        assert layer.weight.shape[1] == 1
        self.lr = torch.full_like(layer.weight[:, 0, 0], math.nan, dtype=torch.float64)
        self.follows_gradient, self.plain_descent = False, False
        self.capturable = False  # it solves on the host
        self._layer, self._weights = layer, weights
        layer.weight.zero_()
        layer.bias.zero_()

    def step(self, gradients: Sequence[Tensor]) -> None:
        """See ``Optimizer``; gradients of the parameters are not used."""
        inputs, output_gradients = self._layer.seen()
        count = output_gradients.shape[2]
        for member, gradient in enumerate(output_gradients):
            rows = (inputs if inputs.dim() == 2 else inputs[member]).mT  # [B, I]
            residuals = gradient[0] * -count  # target - output, [B]
            if self._weights is not None:  # of rows that count nothing nothing is known, nor asked
                residuals = (residuals / self._weights).where(self._weights > 0, 0)
            solution = least_squares(rows, residuals, self._weights)
            self._layer.weight[member, 0] += solution.weight.to(gradient)
            self._layer.bias[member, 0] += solution.bias

    def state(self) -> dict[str, Tensor]:
        """See ``Optimizer``."""
        return {}


def gradient_norms(gradients: Sequence[Tensor]) -> Tensor:
    """Return the L2 norm of each parameter's gradient, [parameters, M]."""
    return torch.stack([torch.linalg.vector_norm(g.flatten(1), dim=1) for g in gradients])


class ClipNorm:
    """Scale a member's gradient down if its L2 norm over all parameters exceeds a bound.

    Args:
        max_norms: Bound per member; None never clips.
        like: A parameter, for dtype and device.
    """

    def __init__(self, max_norms: Sequence[float | None], *, like: Tensor) -> None:
        bounds = [math.inf if bound is None else bound for bound in max_norms]
        self._bounds = torch.tensor(bounds, dtype=like.dtype, device=like.device)

    def __call__(self, gradients: Sequence[Tensor]) -> None:
        """Scale the gradients in place by bound / norm where norm > bound."""
        squares = gradient_norms(gradients).square_()
        # One after the other: torch adds up a narrow table otherwise than a wide one.
        norms = functools.reduce(torch.add, squares).sqrt_()  # [M]
        # A norm of 0 gives inf, which clamps to 1; nan stays nan and is found as a divergence.
        scales = torch.where(self._bounds.isinf(), 1, (self._bounds / norms).clamp_(max=1))
        for gradient in gradients:
            gradient.mul_(_across(scales, gradient))


def _across(numbers: Tensor, parameter: Tensor) -> Tensor:
    """Look at M numbers as [M, 1, ...], to stand beside a parameter [M, ...]."""
    return numbers.view(-1, *[1] * (parameter.dim() - 1))


def _numbers(parameters: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
    """Make memory for M numbers; return it, and views of it that stand beside each parameter.

    Views are made once: a step is short enough to feel the cost of each.
    """
    numbers = parameters[0].new_empty(len(parameters[0]))
    return numbers, [_across(numbers, parameter) for parameter in parameters]


def _column(values: Sequence[float], *, like: Tensor) -> Tensor:
    """Put M numbers beside a parameter, in its dtype."""
    return _across(torch.tensor(values, dtype=like.dtype, device=like.device), like)


def _columns_if_any(values: Sequence[float], parameters: Sequence[Tensor]) -> list[Tensor]:
    """Like ``_column`` for each parameter; empty if all the numbers are 0, to save the work."""
    return [_column(values, like=p) for p in parameters] if any(values) else []


def _like_if(needed: bool, parameters: Sequence[Tensor]) -> list[Tensor]:
    """Allocate memory of each parameter's shape, if needed: fresh memory every step is slow."""
    return [torch.empty_like(p) for p in parameters] if needed else []
