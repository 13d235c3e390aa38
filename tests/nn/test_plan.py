"""Plans: parameters by formula, and names and shapes that are those of the built model."""

from __future__ import annotations

import sys
from subprocess import run

import pytest
import torch

from dltrain.nn.layers import Setup
from dltrain.nn.model import Model
from dltrain.nn.plan import (
    ActivationPlan,
    DropoutPlan,
    LayerPlans,
    LinearPlan,
    multilayer,
    num_parameters,
    single_layer,
    tensor_shapes,
    widths,
)
from tests.scaling import ScalePlan

PLANS: dict[str, LayerPlans] = {
    "linear": single_layer(2, 1),
    "softmax": single_layer(784, 10),
    "mlp": multilayer(784, 10, hidden=[256], activation="relu", dropout=0.0),
    "deep": multilayer(20, 5, hidden=[16, 8, 4], activation="tanh", dropout=0.5),
    "wide gelu": multilayer(3, 1, hidden=[50], activation="gelu", dropout=0.1),
}


def build(plan: LayerPlans) -> Model:
    setup = Setup(
        plans=[plan], seeds=[0], init="torch", init_std=[0.01], unit=1.0, like=torch.empty(0)
    )
    return Model(setup)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("linear", 2 + 1),
        ("softmax", 784 * 10 + 10),
        ("mlp", 784 * 256 + 256 + 256 * 10 + 10),
        ("deep", 20 * 16 + 16 + 16 * 8 + 8 + 8 * 4 + 4 + 4 * 5 + 5),
    ],
)
def test_parameters_are_weights_and_biases(name: str, expected: int) -> None:
    assert num_parameters(PLANS[name]) == expected


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_has_the_parameters_of_its_model(name: str) -> None:
    plan = PLANS[name]
    model = build(plan)
    assert num_parameters(plan) == sum(parameter.numel() for parameter in model.parameters)
    shapes = {name: tuple(tensor.shape[1:]) for name, tensor in model.state().items()}
    assert shapes == tensor_shapes(plan)


def test_widths_are_those_of_the_products() -> None:
    assert widths(PLANS["softmax"]) == [784, 10]
    assert widths([ScalePlan(20), *PLANS["deep"]]) == [20, 16, 8, 4, 5]


def test_a_layer_with_state_has_it_named_after_all_parameters() -> None:
    plan = [ScalePlan(4), *single_layer(4, 3)]
    assert tensor_shapes(plan) == {
        "layers.0.weight": (4,),
        "layers.1.weight": (3, 4),
        "layers.1.bias": (3,),
        "layers.0.largest": (4,),
    }
    assert num_parameters(plan) == 4 + 3 * 4 + 3


def test_a_perceptron_alternates_its_layers() -> None:
    kinds = [type(layer) for layer in PLANS["deep"]]
    assert kinds == [LinearPlan, ActivationPlan, DropoutPlan] * 3 + [LinearPlan]


def test_no_dropout_is_no_layer() -> None:
    plan = multilayer(4, 2, hidden=[3], activation="relu", dropout=0.0)
    assert plan == [LinearPlan(4, 3), ActivationPlan("relu", 3), LinearPlan(3, 2)]


def test_no_hidden_layer_is_a_single_layer() -> None:
    plan = multilayer(4, 2, hidden=[], activation="relu", dropout=0.5)
    assert plan == single_layer(4, 2)


def test_planning_needs_no_torch() -> None:
    program = "import sys, dltrain.nn.plan; print('torch' in sys.modules)"
    result = run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout == "False\n"
