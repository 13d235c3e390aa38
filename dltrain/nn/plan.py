"""Layer plans: which layers a model has and of which widths, without tensors and so without torch.

A new kind of layer is one class here, or outside the package, that says all there is to know of it
(``LayerPlan``), and one class that computes (``layers.Layer``). ``model.py`` builds the layers;
``dltrain model show`` prints them. Letters: B rows of the batch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from dltrain.nn.layers import Layer, Setup

Shape = tuple[int, ...]
# Names and shapes of one member's tensors.
Shapes = Sequence[tuple[str, Shape]]


class LayerPlan(Protocol):
    """Interface of a planned layer: its shapes, state and cost before there is a tensor."""

    @property
    def name(self) -> str:
        """The layer as ``dltrain model show`` prints it: ``linear 784 -> 256``."""

    @property
    def in_features(self) -> int:
        """Width of the inputs."""

    @property
    def out_features(self) -> int:
        """Width of the outputs."""

    @property
    def parameters(self) -> Shapes:
        """Names and shapes that the optimizer updates, as in a checkpoint; the weight first."""

    @property
    def state(self) -> Shapes:
        """Names and shapes kept from step to step beside the parameters, as in a checkpoint."""

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of the layer's matrix product for one row; 0 if it has none."""

    @property
    def training_only(self) -> bool:
        """Whether the layer changes nothing in evaluation.

        Such a layer does not count in the names of parameters, so that a member has the same names
        beside members that have no such layer.
        """

    def num_activations(self, *, rows: int, evaluated: int) -> int:
        """Count the numbers in memory for a batch of ``rows``, and for ``evaluated`` rows at once.

        Outputs, their gradient, and what else is kept, but no parameters.
        """

    def build(self, setup: Setup, *, index: int) -> Layer:
        """Build the layer at this index of a model, for all members.

        ``setup.layer_plans(index)`` are the members' own plans of it, which may differ in numbers.
        """


LayerPlans = Sequence[LayerPlan]


@dataclass(frozen=True)
class LinearPlan:
    """A linear layer: outputs = weight @ inputs + bias."""

    in_features: int
    out_features: int
    state = ()
    training_only = False

    @property
    def name(self) -> str:
        """See ``LayerPlan``."""
        return f"linear {self.in_features} -> {self.out_features}"

    @property
    def parameters(self) -> Shapes:
        """See ``LayerPlan``."""
        return ("weight", (self.out_features, self.in_features)), ("bias", (self.out_features,))

    @property
    def multiply_adds(self) -> int:
        """See ``LayerPlan``."""
        return self.in_features * self.out_features

    def num_activations(self, *, rows: int, evaluated: int) -> int:
        """Count the outputs, and of a batch the gradient and what the loss makes of it."""
        return (3 * rows + evaluated) * self.out_features

    def build(self, setup: Setup, *, index: int) -> Layer:
        """Draw the first weights; a model's first layer takes the unit of the inputs."""
        from dltrain.nn.layers import Linear, initial_parameters

        weight, bias = initial_parameters(
            setup.generators,
            in_features=self.in_features,
            out_features=self.out_features,
            init=setup.init,
            init_std=setup.init_std,
            dtype=setup.like.dtype,
        )
        return Linear(
            weight.to(setup.like.device),
            bias.to(setup.like.device),
            unit=1.0 if index else setup.unit,
            rounded_to=setup.rounded_to,
            products=setup.products,
        )


@dataclass(frozen=True)
class ActivationPlan:
    """An elementwise nonlinearity."""

    name: str
    in_features: int
    parameters = state = ()
    multiply_adds = 0
    training_only = False

    @property
    def out_features(self) -> int:
        """See ``LayerPlan``."""
        return self.in_features

    def num_activations(self, *, rows: int, evaluated: int) -> int:
        """Count what GELU keeps; all other nonlinearities work in place."""
        return (3 * rows + 2 * evaluated) * self.in_features if self.name == "gelu" else 0

    def build(self, setup: Setup, *, index: int) -> Layer:
        """See ``LayerPlan``."""
        from dltrain.nn.activations import ACTIVATIONS

        return ACTIVATIONS[self.name]()


@dataclass(frozen=True)
class DropoutPlan:
    """A dropout layer."""

    share: float
    in_features: int
    parameters = state = ()
    multiply_adds = 0
    training_only = True

    @property
    def name(self) -> str:
        """See ``LayerPlan``."""
        return f"dropout {self.share:g}"

    @property
    def out_features(self) -> int:
        """See ``LayerPlan``."""
        return self.in_features

    def num_activations(self, *, rows: int, evaluated: int) -> int:
        """Count random draws, masks and outputs."""
        return 3 * rows * self.in_features

    def build(self, setup: Setup, *, index: int) -> Layer:
        """Build dropout with each member's share; 0 for a member without this layer."""
        from dltrain.nn.layers import Dropout
        from dltrain.nn.random import Draws

        like = setup.like
        draws = Draws(setup.seeds, f"dropout.{index}", self.in_features, device=like.device)
        shares = [plan.share if plan else 0.0 for plan in setup.layer_plans(index)]
        return Dropout(like.new_tensor(shares), draws)


def num_parameters(layers: LayerPlans) -> int:
    """Count the weights and biases of a model."""
    return sum(math.prod(shape) for layer in layers for _, shape in layer.parameters)


def tensor_shapes(layers: LayerPlans) -> dict[str, Shape]:
    """Return the shape of each tensor of one member as a checkpoint has it: parameters, then state.

    Example:
        >>> tensor_shapes([LinearPlan(4, 3)])
        {'layers.0.weight': (3, 4), 'layers.0.bias': (3,)}
    """
    kept = [layer for layer in layers if not layer.training_only]
    tensors = [(index, *tensor) for index, layer in enumerate(kept) for tensor in layer.parameters]
    tensors += [(index, *tensor) for index, layer in enumerate(kept) for tensor in layer.state]
    return {f"layers.{index}.{name}": shape for index, name, shape in tensors}


def widths(layers: LayerPlans) -> list[int]:
    """Return the width of the inputs and that of each matrix product's outputs.

    Example:
        >>> widths([LinearPlan(4, 3), ActivationPlan("relu", 3), LinearPlan(3, 1)])
        [4, 3, 1]
    """
    return [layers[0].in_features, *(layer.out_features for layer in layers if layer.multiply_adds)]


def single_layer(in_features: int, out_features: int) -> LayerPlans:
    """Plan linear or softmax regression: one linear layer."""
    return [LinearPlan(in_features, out_features)]


def multilayer(
    in_features: int, out_features: int, *, hidden: Sequence[int], activation: str, dropout: float
) -> LayerPlans:
    """Plan a multilayer perceptron.

    Args:
        in_features: Width of the inputs.
        out_features: Outputs: one number, or one logit per class.
        hidden: Widths of the hidden layers; ``[]`` is a single linear layer.
        activation: Nonlinearity after each hidden layer.
        dropout: Share of hidden units dropped in training; 0 leaves the layer out.

    Example:
        >>> num_parameters(multilayer(784, 10, hidden=[256], activation="relu", dropout=0.0))
        203530
    """
    layers: list[LayerPlan] = []
    width = in_features
    for units in hidden:
        layers += [LinearPlan(width, units), ActivationPlan(activation, units)]
        layers += [DropoutPlan(dropout, units)] if dropout > 0 else []
        width = units
    return [*layers, LinearPlan(width, out_features)]
