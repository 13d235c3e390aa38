"""The computational graph of one training step, from a plan alone (textbook 5.3); no torch.

Letters: B rows of the batch.
"""

from __future__ import annotations

from dataclasses import dataclass

from dltrain.nn.plan import LayerPlan, LayerPlans, num_parameters


@dataclass(frozen=True)
class Operation:
    """One node of the computational graph of one training step."""

    name: str  # as in ``linear 784 -> 256``
    passes: str  # ``forward``, ``backward`` or ``update``
    shape: tuple[int, ...]  # of what it produces
    num_parameters: int  # it owns (forward) or fills or changes (backward, update)
    multiply_adds: int  # multiplications followed by an addition; other arithmetic is not counted
    bytes: int  # read and written at least once, parameters and activations


def graph(layers: LayerPlans, *, rows: int, loss: str, itemsize: int) -> list[Operation]:
    """List the operations of one training step in the order they are computed.

    Args:
        layers: The layers.
        rows: B, rows of the batch.
        loss: Name of the loss, which both ends the forward and begins the backward pass.
        itemsize: Bytes per number.

    Returns:
        Forward, loss, backward and update of every layer. The first layer's backward pass
        computes no gradient for the inputs, since nothing needs it.
    """
    width = layers[-1].out_features
    size = itemsize * width * rows
    losses = [
        Operation(loss, "forward", (1,), 0, 0, size),
        Operation(loss, "backward", (width, rows), 0, 0, 2 * size),
    ]
    backward = [
        _backward(layer, rows, itemsize, first=layer is layers[0]) for layer in reversed(layers)
    ]
    forward = [_forward(layer, rows, itemsize) for layer in layers]
    updates = [_update(layer, itemsize) for layer in layers if layer.parameters]
    return [*forward, *losses, *backward, *updates]


def _forward(layer: LayerPlan, rows: int, itemsize: int) -> Operation:
    size = num_parameters([layer])
    touched = size + (layer.in_features + layer.out_features) * rows
    return Operation(
        layer.name,
        "forward",
        (layer.out_features, rows),
        size,
        layer.multiply_adds * rows,
        itemsize * touched,
    )


def _backward(layer: LayerPlan, rows: int, itemsize: int, *, first: bool) -> Operation:
    size, products = num_parameters([layer]), 1  # for the weights
    touched = size + (layer.in_features + layer.out_features) * rows
    shape = layer.parameters[0][1] if first and layer.parameters else (layer.in_features, rows)
    if not first:  # a product for the inputs reads as many weights as it multiplies for a row
        products += 1
        touched += layer.multiply_adds + layer.in_features * rows
    return Operation(
        layer.name,
        "backward",
        shape,
        size,
        products * layer.multiply_adds * rows,
        itemsize * touched,
    )


def _update(layer: LayerPlan, itemsize: int) -> Operation:
    size = num_parameters([layer])
    # Parameter and gradient are read, the parameter is written.
    return Operation(layer.name, "update", layer.parameters[0][1], size, size, 3 * itemsize * size)
