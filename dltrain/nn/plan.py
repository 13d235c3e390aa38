"""Models as plans: which layers, of which widths - without a tensor, so without torch.

``model.py`` builds a plan; ``dltrain model show`` prints one. Letters: B rows of the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class LinearPlan:
    """outputs = weight @ inputs + bias."""

    in_features: int
    out_features: int

    @property
    def num_parameters(self) -> int:
        """Weights and biases."""
        return self.in_features * self.out_features + self.out_features


@dataclass(frozen=True)
class ActivationPlan:
    """A nonlinearity, unit by unit."""

    name: str
    width: int
    num_parameters: int = 0


@dataclass(frozen=True)
class DropoutPlan:
    """Units dropped in training."""

    share: float
    width: int
    num_parameters: int = 0


Plan = Sequence[LinearPlan | ActivationPlan | DropoutPlan]


def single_layer(in_features: int, out_features: int) -> Plan:
    """Plan linear or softmax regression: one linear layer."""
    return [LinearPlan(in_features, out_features)]


def multilayer(
    in_features: int,
    out_features: int,
    *,
    hidden: Sequence[int],
    activation: str,
    dropout: float,
) -> Plan:
    """Plan a multilayer perceptron.

    Args:
        in_features: Width of the inputs.
        out_features: Outputs: one number, or one logit per class.
        hidden: Widths of the hidden layers; ``[]`` is a single linear layer.
        activation: Nonlinearity after each hidden layer.
        dropout: Share of hidden units dropped in training; 0 leaves the layer out.

    Example:
        >>> sum(layer.num_parameters for layer in multilayer(
        ...     784, 10, hidden=[256], activation="relu", dropout=0.0))
        203530
    """
    layers: list[LinearPlan | ActivationPlan | DropoutPlan] = []
    width = in_features
    for units in hidden:
        layers += [LinearPlan(width, units), ActivationPlan(activation, units)]
        layers += [DropoutPlan(dropout, units)] if dropout > 0 else []
        width = units
    return [*layers, LinearPlan(width, out_features)]


@dataclass(frozen=True)
class Operation:
    """One node of the computational graph of one training step.

    Attributes:
        name: As in ``linear 784 -> 256``.
        passes: ``forward``, ``backward`` or ``update``.
        shape: Of what it produces.
        num_parameters: It owns (forward) or fills or changes (backward, update).
        multiply_adds: Multiplications followed by an addition; other arithmetic is not counted.
        bytes: Read and written at least once, parameters and activations.
    """

    name: str
    passes: str
    shape: tuple[int, ...]
    num_parameters: int
    multiply_adds: int
    bytes: int


def graph(plan: Plan, *, rows: int, loss: str, itemsize: int) -> list[Operation]:
    """List the operations of one training step in the order they are computed.

    Args:
        plan: The layers.
        rows: B, rows of the batch.
        loss: Name of the loss, which both ends the forward and begins the backward pass.
        itemsize: Bytes per number.

    Returns:
        Forward, loss, backward and update of every layer. The first layer's backward pass
        computes no gradient for the inputs, since nothing needs it.
    """
    forward = [_forward(layer, rows, itemsize) for layer in plan]
    last = plan[-1]
    assert isinstance(last, LinearPlan)
    outputs = last.out_features * rows
    losses = [
        Operation(loss, "forward", (1,), 0, 0, itemsize * outputs),
        Operation(loss, "backward", (last.out_features, rows), 0, 0, 2 * itemsize * outputs),
    ]
    backward = [
        _backward(layer, rows, itemsize, first=layer is plan[0]) for layer in reversed(plan)
    ]
    updates = [
        Operation(
            _name(layer),
            "update",
            (layer.out_features, layer.in_features),
            layer.num_parameters,
            layer.num_parameters,
            3 * itemsize * layer.num_parameters,  # read parameter and gradient, write parameter
        )
        for layer in plan
        if isinstance(layer, LinearPlan)
    ]
    return [*forward, *losses, *backward, *updates]


def _name(layer: LinearPlan | ActivationPlan | DropoutPlan) -> str:
    match layer:
        case LinearPlan():
            return f"linear {layer.in_features} -> {layer.out_features}"
        case ActivationPlan():
            return layer.name
        case DropoutPlan():
            return f"dropout {layer.share:g}"


def _forward(
    layer: LinearPlan | ActivationPlan | DropoutPlan, rows: int, itemsize: int
) -> Operation:
    if isinstance(layer, LinearPlan):
        touched = layer.num_parameters + (layer.in_features + layer.out_features) * rows
        return Operation(
            _name(layer),
            "forward",
            (layer.out_features, rows),
            layer.num_parameters,
            layer.in_features * layer.out_features * rows,
            itemsize * touched,
        )
    size = 2 * itemsize * layer.width * rows
    return Operation(_name(layer), "forward", (layer.width, rows), 0, 0, size)


def _backward(
    layer: LinearPlan | ActivationPlan | DropoutPlan, rows: int, itemsize: int, *, first: bool
) -> Operation:
    if isinstance(layer, LinearPlan):
        products = 1 if first else 2  # for the weights, and for the inputs
        touched = layer.num_parameters + (layer.in_features + layer.out_features) * rows
        if not first:
            touched += layer.in_features * layer.out_features + layer.in_features * rows
        shape = (layer.out_features, layer.in_features) if first else (layer.in_features, rows)
        return Operation(
            _name(layer),
            "backward",
            shape,
            layer.num_parameters,
            products * layer.in_features * layer.out_features * rows,
            itemsize * touched,
        )
    size = 3 * itemsize * layer.width * rows
    return Operation(_name(layer), "backward", (layer.width, rows), 0, 0, size)
