"""The graph of a step counts what the built model does."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from dltrain.nn.graph import Operation, graph
from dltrain.nn.plan import LayerPlans, num_parameters, single_layer
from tests.nn.test_plan import PLANS, build
from tests.scaling import ScalePlan


def operations(plan: LayerPlans, passes: str, *, rows: int = 32) -> list[Operation]:
    every = graph(plan, rows=rows, loss="cross-entropy", itemsize=4)
    return [operation for operation in every if operation.passes == passes]


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("rows", [1, 32])
@pytest.mark.parametrize("own", [False, True], ids=["shared batch", "own batches"])
@pytest.mark.parametrize("descend", [False, True], ids=["gradients", "descending"])
def test_the_graph_counts_the_products_that_a_step_computes(
    name: str, rows: int, own: bool, descend: bool
) -> None:
    plan = PLANS[name]
    model, inputs = build(plan), torch.randn(*[1] * own, rows, plan[0].in_features)
    step = torch.tensor(0, dtype=torch.int32)
    outputs = model.forward(inputs, step=step)  # each shape of products is tried out once
    model.backward(torch.ones_like(outputs), descend=descend)
    for passes in ("forward", "backward"):
        with FlopCounterMode(display=False) as counter:
            if passes == "forward":
                outputs = model.forward(inputs, step=step)
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


@pytest.mark.parametrize("name", PLANS)
def test_each_pass_tells_all_parameters(name: str) -> None:
    for passes in ("forward", "backward", "update"):
        told = sum(operation.num_parameters for operation in operations(PLANS[name], passes))
        assert told == num_parameters(PLANS[name])


def test_a_layer_from_outside_is_an_operation_like_any_other() -> None:
    plan = [ScalePlan(4), *single_layer(4, 3)]
    every = graph(plan, rows=7, loss="squared error", itemsize=4)
    assert [each.name for each in every] == [
        *("scale", "linear 4 -> 3", "squared error", "squared error", "linear 4 -> 3", "scale"),
        *("scale", "linear 4 -> 3"),
    ]
    first, last = every[0], every[-3]
    assert (first.shape, first.num_parameters, first.multiply_adds) == ((4, 7), 4, 0)
    assert first.bytes == 4 * (4 + 2 * 4 * 7)
    assert (last.passes, last.shape) == ("backward", (4,))
    linear = every[4]
    assert linear.multiply_adds == 2 * 4 * 3 * 7  # no longer first, so its inputs need a gradient
