"""Every layer's two passes equal autograd in float64, and its first weights are as stated."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from dltrain.layers import ACTIVATIONS, Dropout, Layer, Linear, initial_parameters

FLOAT64 = torch.float64
Function = Callable[[Tensor], Tensor]
MEMBERS = [1, 3]


def draw(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=FLOAT64)


def assert_equal(ours: Tensor | None, theirs: Tensor) -> None:
    assert ours is not None
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-14)


def assert_passes_equal_autograd(layer: Layer, function: Function, inputs: Tensor) -> None:
    leaf = inputs.clone().requires_grad_()
    expected = function(leaf)
    gradient = draw(*expected.shape, seed=9)
    (wanted,) = torch.autograd.grad(expected, leaf, gradient)
    assert_equal(layer.forward(inputs.clone(), step=0), expected.detach())
    assert_equal(layer.backward(gradient.clone(), to_inputs=True), wanted)


def linear(members: int, *, unit: float = 1.0) -> Linear:
    return Linear(draw(members, 4, 5, seed=1), draw(members, 4, 1, seed=2), unit=unit)


def assert_linear_equals_autograd(layer: Linear, inputs: Tensor) -> None:
    """``inputs`` are [B, I], or [M, I, B]."""
    weight, bias = (tensor.clone().requires_grad_() for tensor in layer.parameters)
    leaf = inputs.clone().requires_grad_()
    expected = weight @ (leaf if inputs.dim() == 3 else leaf.t()) * layer.unit + bias
    gradient = draw(*expected.shape, seed=9)
    wanted = torch.autograd.grad(expected, [weight, bias], gradient)
    assert_equal(layer.forward(inputs, step=0), expected.detach())
    assert layer.backward(gradient, to_inputs=False) is None
    for ours, theirs in zip(layer.gradients, wanted, strict=True):
        assert_equal(ours, theirs)


@pytest.mark.parametrize("members", MEMBERS)
@pytest.mark.parametrize("rows", [1, 6])
@pytest.mark.parametrize("unit", [1.0, 1 / 255])
def test_linear_equals_autograd_on_a_batch_that_members_share(
    members: int, rows: int, unit: float
) -> None:
    assert_linear_equals_autograd(linear(members, unit=unit), draw(rows, 5))


@pytest.mark.parametrize("members", MEMBERS)
@pytest.mark.parametrize("rows", [1, 6])
@pytest.mark.parametrize("unit", [1.0, 1 / 255])
def test_linear_equals_autograd_on_batches_of_their_own(
    members: int, rows: int, unit: float
) -> None:
    assert_linear_equals_autograd(linear(members, unit=unit), draw(members, 5, rows))


@pytest.mark.parametrize(("members", "batches"), [(4, 2), (4, 4), (4, 1), (6, 2), (6, 3)])
@pytest.mark.parametrize("rows", [1, 6])
@pytest.mark.parametrize("unit", [1.0, 1 / 255])
def test_linear_on_batches_that_some_members_share_equals_member_by_member(
    members: int, batches: int, rows: int, unit: float
) -> None:
    layer, inputs = linear(members, unit=unit), draw(batches, 5, rows)
    gradient = draw(members, 4, rows, seed=9)
    outputs = layer.forward(inputs, step=0).clone()
    to_inputs = layer.backward(gradient.clone(), to_inputs=True)
    assert outputs.shape == (members, 4, rows)
    assert to_inputs is not None
    for member in range(members):
        weight, bias = (tensor[member].clone().requires_grad_() for tensor in layer.parameters)
        leaf = inputs[member * batches // members].clone().requires_grad_()
        expected = weight @ leaf * unit + bias
        *wanted, inner = torch.autograd.grad(expected, [weight, bias, leaf], gradient[member])
        assert_equal(outputs[member], expected.detach())
        for ours, theirs in zip(layer.gradients, wanted, strict=True):
            assert_equal(ours[member], theirs)
        if unit == 1:  # only a first layer has a unit, and nobody asks it for this
            assert_equal(to_inputs[member], inner)


def test_linear_takes_transposed_batches_that_some_members_share() -> None:
    first, second = linear(4), linear(4)
    inputs, gradient = draw(2, 6, 5), draw(4, 4, 6, seed=9)
    assert_equal(first.forward(inputs.mT, step=0), second.forward(inputs.mT.contiguous(), step=0))
    for layer in (first, second):
        layer.backward(gradient, to_inputs=False)
    for ours, theirs in zip(first.gradients, second.gradients, strict=True):
        assert_equal(ours, theirs)


def test_linear_takes_a_transposed_batch() -> None:
    assert_linear_equals_autograd(linear(3), draw(3, 6, 5).mT)


@pytest.mark.parametrize("members", MEMBERS)
def test_linear_hands_the_gradient_on_to_its_inputs(members: int) -> None:
    layer = linear(members)
    assert_passes_equal_autograd(
        layer, lambda inputs: layer.weight @ inputs + layer.bias, draw(members, 5, 6)
    )


def test_linear_follows_batches_of_changing_size() -> None:
    layer = linear(3)
    for rows in (6, 2, 9, 6):
        assert_linear_equals_autograd(layer, draw(rows, 5, seed=rows))
        assert_linear_equals_autograd(layer, draw(3, 5, rows, seed=rows))


def test_linear_sees_an_update_of_its_weights_in_place() -> None:
    layer = linear(3)
    layer.weight.mul_(2)
    layer.bias.sub_(1)
    assert_linear_equals_autograd(layer, draw(6, 5))


def test_linear_fills_gradients_whatever_they_held() -> None:
    layer = linear(3)
    for gradient in layer.gradients:
        gradient.fill_(math.nan)
    assert_linear_equals_autograd(layer, draw(6, 5))
    for gradient in layer.gradients:
        gradient.fill_(math.nan)
    assert_linear_equals_autograd(layer, draw(3, 5, 6))


def test_linear_says_what_its_last_backward_pass_saw() -> None:
    layer, inputs, gradient = linear(2), draw(6, 5), draw(2, 4, 6, seed=3)
    layer.forward(inputs, step=0)
    layer.backward(gradient, to_inputs=False)
    assert [torch.equal(a, b) for a, b in zip(layer.seen(), (inputs, gradient), strict=True)] == [
        True,
        True,
    ]


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
    assert (layer.parameters, layer.gradients) == ([], [])


def dropout(shares: list[float], draws: Tensor) -> Dropout:
    return Dropout(torch.tensor(shares, dtype=FLOAT64), lambda step, rows: draws[:, :, :rows])


@pytest.mark.parametrize("shares", [[0.3], [0.0, 0.3, 0.9]])
def test_dropout_equals_autograd_through_its_mask(shares: list[float]) -> None:
    members = len(shares)
    draws = torch.rand(members, 5, 7, generator=torch.Generator().manual_seed(3))
    share = torch.tensor(shares, dtype=FLOAT64).view(-1, 1, 1)
    mask = torch.where(draws < share, torch.zeros(1, dtype=FLOAT64), 1 / (1 - share))
    layer = dropout(shares, draws)
    assert_passes_equal_autograd(layer, lambda inputs: inputs * mask, draw(members, 5, 7))


def test_dropout_of_members_that_share_their_draws() -> None:
    draws = torch.rand(1, 50, 40, generator=torch.Generator().manual_seed(3))
    outputs = dropout([0.2, 0.6], draws).forward(torch.ones(2, 50, 40, dtype=FLOAT64), step=0)
    dropped = outputs == 0
    assert torch.equal(dropped[0] & dropped[1], dropped[0])  # the larger share drops these too


def test_dropout_drops_its_share_and_keeps_the_mean() -> None:
    draws = torch.rand(1, 200, 200, generator=torch.Generator().manual_seed(3))
    outputs = dropout([0.3], draws).forward(torch.ones(1, 200, 200, dtype=FLOAT64), step=0)
    assert float((outputs == 0).double().mean()) == pytest.approx(0.3, abs=0.01)
    assert float(outputs.mean()) == pytest.approx(1.0, abs=0.02)


def test_dropout_does_nothing_out_of_training() -> None:
    layer, inputs = dropout([0.5], torch.zeros(1, 5, 7)), draw(1, 5, 7)
    layer.forward(inputs, step=0)
    assert torch.equal(layer.forward(inputs, step=None), inputs)
    assert layer.backward(inputs, to_inputs=True) is inputs


def test_dropout_draws_for_the_step_and_the_rows() -> None:
    asked: list[tuple[int, int]] = []

    def drawing(step: int, rows: int) -> Tensor:
        asked.append((step, rows))
        return torch.ones(1, 5, rows)

    layer = Dropout(torch.tensor([0.5]), drawing)
    layer.forward(torch.ones(1, 5, 3), step=8)
    layer.forward(torch.ones(1, 5, 2), step=None)
    assert asked == [(8, 3)]


def initial(
    seeds: list[int], init: str, *, std: float = 0.01, dtype: torch.dtype = torch.float32
) -> tuple[Tensor, Tensor]:
    return initial_parameters(
        [torch.Generator().manual_seed(seed) for seed in seeds],
        in_features=400,
        out_features=300,
        init=init,
        init_std=torch.tensor([std] * len(seeds), dtype=FLOAT64),
        dtype=dtype,
    )


INITS = ["normal", "torch", "he"]


@pytest.mark.parametrize("init", INITS)
def test_first_weights_have_the_stated_deviation(init: str) -> None:
    weight, _ = initial([0], init)
    expected = {"normal": 0.01, "torch": 1 / 20 / math.sqrt(3), "he": math.sqrt(2 / 400)}[init]
    assert float(weight.std()) == pytest.approx(expected, rel=0.01)
    assert abs(float(weight.mean())) < 4 * expected / math.sqrt(weight.numel())


@pytest.mark.parametrize("init", ["normal", "he"])
def test_normal_weights_are_normal_and_biases_zero(init: str) -> None:
    weight, bias = initial([0], init)
    inside = (weight.abs() < weight.std()).double().mean()
    assert float(inside) == pytest.approx(0.6827, abs=0.01)
    assert bias.eq(0).all()


def test_torchs_weights_and_biases_are_uniform_within_their_bound() -> None:
    weight, bias = initial([0], "torch")
    for values in (weight, bias):
        assert 0.049 < float(values.abs().max()) <= 0.05
        assert float((values.abs() < 0.025).double().mean()) == pytest.approx(0.5, abs=0.1)


def test_the_deviation_of_normal_weights_is_each_members_own() -> None:
    generators = [torch.Generator().manual_seed(7) for _ in range(3)]
    weight, _ = initial_parameters(
        generators,
        in_features=4,
        out_features=2,
        init="normal",
        init_std=torch.tensor([0.0, 1.0, 2.0]),
        dtype=torch.float32,
    )
    assert weight[0].eq(0).all()
    assert torch.equal(weight[2], 2 * weight[1])


@pytest.mark.parametrize("init", INITS)
def test_a_member_draws_the_same_alone_and_in_a_stack(init: str) -> None:
    stack = initial([5, 6, 5], init)
    for member, seed in enumerate([5, 6, 5]):
        single = initial([seed], init)
        assert all(torch.equal(a[member], b[0]) for a, b in zip(stack, single, strict=True))
    assert not torch.equal(stack[0][0], stack[0][1])


@pytest.mark.parametrize("init", INITS)
def test_the_dtype_changes_no_draw(init: str) -> None:
    narrow, wide = initial([0], init), initial([0], init, dtype=FLOAT64)
    assert [tensor.dtype for tensor in wide] == [FLOAT64] * 2
    assert all(torch.equal(a.double(), b) for a, b in zip(narrow, wide, strict=True))


def test_first_weights_have_the_layouts_of_the_layer() -> None:
    weight, bias = initial([0, 1], "he")
    assert (weight.shape, bias.shape) == ((2, 300, 400), (2, 300, 1))
    assert weight.is_contiguous()
    assert bias.is_contiguous()


def test_an_unknown_init_is_refused() -> None:
    with pytest.raises(ValueError, match="init=zeros: must be normal, torch or he"):
        initial([0], "zeros")
