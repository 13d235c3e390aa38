"""Nonlinearities against autograd."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from dltrain.nn.activations import ACTIVATIONS
from tests.nn.test_layers import (
    FLOAT64,
    MEMBERS,
    Function,
    assert_passes_equal_autograd,
    draw,
)

FUNCTIONS: dict[str, Function] = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "gelu": F.gelu,
}


def test_every_activation_is_in_the_table_of_functions() -> None:
    assert set(FUNCTIONS) == set(ACTIVATIONS)


@pytest.mark.parametrize("members", MEMBERS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_activation_equals_autograd(name: str, members: int) -> None:
    assert_passes_equal_autograd(ACTIVATIONS[name](), FUNCTIONS[name], 3 * draw(members, 5, 7))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_activation_equals_autograd_at_its_extremes(name: str) -> None:
    inputs = torch.tensor([[[-50.0, -1.0, 0.0, 1e-8, 50.0]]], dtype=FLOAT64)
    assert_passes_equal_autograd(ACTIVATIONS[name](), FUNCTIONS[name], inputs)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_activation_has_no_parameters(name: str) -> None:
    layer = ACTIVATIONS[name]()
    assert not [*layer.parameters, *layer.gradients, *layer.state]
