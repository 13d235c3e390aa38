"""Plans: parameters by formula, and a graph that counts what the built model does."""

from __future__ import annotations

import sys
from subprocess import run

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from dltrain.nn.model import Model, build_model
from dltrain.nn.plan import (
    ActivationPlan,
    DropoutPlan,
    LinearPlan,
    Operation,
    Plan,
    graph,
    multilayer,
    single_layer,
)

PLANS: dict[str, Plan] = {
    "linear": single_layer(2, 1),
    "softmax": single_layer(784, 10),
    "mlp": multilayer(784, 10, hidden=[256], activation="relu", dropout=0.0),
    "deep": multilayer(20, 5, hidden=[16, 8, 4], activation="tanh", dropout=0.5),
    "wide gelu": multilayer(3, 1, hidden=[50], activation="gelu", dropout=0.1),
}


def build(plan: Plan) -> Model:
    return build_model(
        plan, seeds=[0], init="torch", init_std=[0.01], dropout=[0.5], unit=1.0, like=torch.empty(0)
    )


def operations(plan: Plan, passes: str, *, rows: int = 32) -> list[Operation]:
    every = graph(plan, rows=rows, loss="cross-entropy", itemsize=4)
    return [operation for operation in every if operation.passes == passes]


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
    assert sum(layer.num_parameters for layer in PLANS[name]) == expected


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_has_the_parameters_of_its_model(name: str) -> None:
    plan = PLANS[name]
    built = sum(parameter.numel() for parameter in build(plan).parameters)
    assert sum(layer.num_parameters for layer in plan) == built
    for passes in ("forward", "backward", "update"):
        assert sum(operation.num_parameters for operation in operations(plan, passes)) == built


def test_a_perceptron_alternates_its_layers() -> None:
    kinds = [type(layer) for layer in PLANS["deep"]]
    assert kinds == [LinearPlan, ActivationPlan, DropoutPlan] * 3 + [LinearPlan]


def test_no_dropout_is_no_layer() -> None:
    plan = multilayer(4, 2, hidden=[3], activation="relu", dropout=0.0)
    assert plan == [LinearPlan(4, 3), ActivationPlan("relu", 3), LinearPlan(3, 2)]


def test_no_hidden_layer_is_a_single_layer() -> None:
    plan = multilayer(4, 2, hidden=[], activation="relu", dropout=0.5)
    assert plan == single_layer(4, 2)


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("rows", [1, 32])
@pytest.mark.parametrize("own", [False, True], ids=["shared batch", "own batches"])
@pytest.mark.parametrize("descend", [False, True], ids=["gradients", "descending"])
def test_the_graph_counts_the_products_that_a_step_computes(
    name: str, rows: int, own: bool, descend: bool
) -> None:
    plan = PLANS[name]
    first = plan[0]
    assert isinstance(first, LinearPlan)
    model, inputs = build(plan), torch.randn(*[1] * own, rows, first.in_features)
    for passes in ("forward", "backward"):
        with FlopCounterMode(display=False) as counter:
            if passes == "forward":
                outputs = model.forward(inputs, step=torch.tensor(0, dtype=torch.int32))
            else:
                model.backward(torch.ones_like(outputs), descend=descend)
        counted = sum(each.multiply_adds for each in operations(plan, passes, rows=rows))
        assert counter.get_total_flops() == 2 * counted > 0


def test_the_graph_runs_forward_then_back_then_updates() -> None:
    passes = [each.passes for each in graph(PLANS["deep"], rows=8, loss="loss", itemsize=4)]
    layers = len(PLANS["deep"])
    assert passes == ["forward"] * (layers + 1) + ["backward"] * (layers + 1) + ["update"] * 4


def test_the_backward_pass_mirrors_the_forward_pass() -> None:
    forward, backward = (operations(PLANS["deep"], each) for each in ("forward", "backward"))
    assert [each.name for each in backward] == [each.name for each in reversed(forward)]


def test_the_first_layer_computes_no_gradient_for_the_inputs() -> None:
    first, last = operations(PLANS["mlp"], "backward")[-1], operations(PLANS["mlp"], "backward")[1]
    assert (first.shape, first.multiply_adds) == ((256, 784), 784 * 256 * 32)
    assert (last.shape, last.multiply_adds) == ((256, 32), 2 * 256 * 10 * 32)


def test_the_shapes_are_what_the_layers_produce() -> None:
    shapes = [operation.shape for operation in operations(PLANS["mlp"], "forward", rows=7)]
    assert shapes == [(256, 7), (256, 7), (10, 7), (1,)]


def test_bytes_grow_with_the_numbers_width() -> None:
    narrow, wide = (graph(PLANS["deep"], rows=8, loss="l", itemsize=size) for size in (4, 8))
    assert [2 * each.bytes for each in narrow] == [each.bytes for each in wide]


def test_a_linear_layer_touches_weights_inputs_and_outputs() -> None:
    forward = operations(single_layer(784, 10), "forward", rows=256)[0]
    assert forward.bytes == 4 * (784 * 10 + 10 + 784 * 256 + 10 * 256)


def test_planning_needs_no_torch() -> None:
    program = "import sys, dltrain.nn.plan; print('torch' in sys.modules)"
    result = run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout == "False\n"
