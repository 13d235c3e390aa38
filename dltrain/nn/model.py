"""Models as stacks of layers, for M members at once.

Letters: M members, B rows, I in_features, O out_features (classes, or 1).
"""

from __future__ import annotations

import torch
from torch import Tensor

from dltrain.nn.layers import DescendingLayer, Layer, Setup
from dltrain.nn.plan import tensor_shapes


class Model:
    """M members of one model, with freshly drawn weights.

    Args:
        setup: What its layers are built with, and which these are.
    """

    def __init__(self, setup: Setup) -> None:
        layer_plans = setup.layers
        self.products = setup.products  # what computes the layers' matrix products
        # applied in order
        self.layers: list[Layer] = [
            layer.build(setup, index=index) for index, layer in enumerate(layer_plans)
        ]
        # all layers' parameters, [M, ...] each, updated in place by the optimizer
        self.parameters = [tensor for layer in self.layers for tensor in layer.parameters]
        # their gradients, in the same order, filled by ``backward``
        self.gradients = [tensor for layer in self.layers for tensor in layer.gradients]
        self._tensors = [*self.parameters, *(t for layer in self.layers for t in layer.state)]
        self._shapes = tensor_shapes(layer_plans)
        # of the parameters, as in ``layers.0.weight``
        self.names = [*self._shapes][: len(self.parameters)]
        # Asked once: a step is short enough to feel the cost of it.
        descending = [layer.descend for layer in self.layers if isinstance(layer, DescendingLayer)]
        # whether every layer with parameters can take plain gradient descent's step
        self.can_descend = len(descending) == sum(bool(layer.parameters) for layer in self.layers)
        self._backward = [layer.backward for layer in reversed(self.layers)]
        self._descend = [
            layer.descend if isinstance(layer, DescendingLayer) else layer.backward
            for layer in reversed(self.layers)
        ]

    @property
    def num_members(self) -> int:
        """Number of members, M."""
        return self.parameters[0].shape[0]

    def intact(self) -> Tensor:
        """Tell whether all of a member's numbers are finite, [M] on the device."""
        return torch.stack([t.flatten(1).isfinite().all(dim=1) for t in self._tensors]).all(dim=0)

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
        assert self.can_descend or not descend
        flowing: Tensor | None = gradient
        *others, first = self._descend if descend else self._backward
        for layer_backward in others:
            assert flowing is not None
            flowing = layer_backward(flowing, to_inputs=True)
        assert flowing is not None
        first(flowing, to_inputs=False)

    def state(self) -> dict[str, Tensor]:
        """Return by name what a checkpoint holds: weights [M, O, I], biases [M, O] and so on.

        One member's, ``tensor[member]``, are as ``torch.nn.Linear.load_state_dict`` takes them.
        """
        pairs = zip(self._shapes.items(), self._tensors, strict=True)
        return {name: tensor.view(self.num_members, *shape) for (name, shape), tensor in pairs}
