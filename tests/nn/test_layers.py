"""Every layer's two passes equal autograd in float64, and its first weights are as stated."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from dltrain.nn.layers import Dropout, Layer, Linear, initial_parameters

FLOAT64 = torch.float64
STEP = torch.tensor(0, dtype=torch.int32)
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
    assert_equal(layer.forward(inputs.clone(), step=STEP), expected.detach())
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
    assert_equal(layer.forward(inputs, step=STEP), expected.detach())
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
    outputs = layer.forward(inputs, step=STEP).clone()
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
    assert_equal(
        first.forward(inputs.mT, step=STEP), second.forward(inputs.mT.contiguous(), step=STEP)
    )
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
    layer.forward(inputs, step=STEP)
    layer.backward(gradient, to_inputs=False)
    seen, output_gradient = layer.seen()
    assert torch.equal(seen, inputs.t())
    assert torch.equal(output_gradient, gradient)


@pytest.mark.parametrize("batches", [0, 1, 2, 4], ids=lambda n: f"{n} batches" if n else "shared")
@pytest.mark.parametrize("rows", [1, 6])
@pytest.mark.parametrize("unit", [1.0, 1 / 255])
@pytest.mark.parametrize("to_inputs", [False, True])
def test_to_descend_is_to_add_the_gradients_to_the_parameters(
    batches: int, rows: int, unit: float, to_inputs: bool
) -> None:
    plain, descending = linear(4, unit=unit), linear(4, unit=unit)
    inputs = draw(batches, 5, rows) if batches else draw(rows, 5)
    gradient = draw(4, 4, rows, seed=9)
    flowing = []
    for layer in (plain, descending):
        layer.forward(inputs, step=STEP)
        backward = layer.descend if layer is descending else layer.backward
        flowing.append(backward(gradient.clone(), to_inputs=to_inputs))
    if to_inputs:  # they are of the weights before the step
        first, second = flowing
        assert first is not None
        assert second is not None
        assert torch.equal(first, second)
    else:
        assert flowing == [None, None]
    for start, step, ours in zip(
        plain.parameters, plain.gradients, descending.parameters, strict=True
    ):
        assert_equal(ours, start + step)


@pytest.mark.parametrize("own", [False, True], ids=["shared batch", "own batches"])
def test_to_descend_writes_no_gradient_of_the_weights(own: bool) -> None:
    """It would take as much room in the cache as the weights."""
    layer = linear(3)
    layer.gradients[0].fill_(math.nan)
    layer.forward(draw(*[3] * own, *((5, 6) if own else (6, 5))), step=STEP)
    layer.descend(draw(3, 4, 6, seed=9), to_inputs=True)
    assert layer.gradients[0].isnan().all()
    assert all(parameter.isfinite().all() for parameter in layer.parameters)


@pytest.mark.parametrize("own", [False, True], ids=["shared batch", "own batches"])
def test_parameters_stay_where_they_are_when_descending(own: bool) -> None:
    layer = linear(3)
    weight, bias = layer.parameters
    places = [tensor.data_ptr() for tensor in (weight, bias)]
    layer.forward(draw(*[3] * own, *((5, 6) if own else (6, 5))), step=STEP)
    layer.descend(draw(3, 4, 6, seed=9), to_inputs=False)
    assert [layer.weight is weight, layer.bias is bias] == [True, True]
    assert [tensor.data_ptr() for tensor in (layer.weight, layer.bias)] == places


def whole_numbers(*shape: int) -> Tensor:
    """Draw uniform whole numbers of 32 bits with sign."""
    generator = torch.Generator().manual_seed(3)
    return torch.randint(-(2**31), 2**31, shape, generator=generator, dtype=torch.int32)


def as_shares(draws: Tensor) -> Tensor:
    """Where whole numbers stand between the lowest, 0, and one more than the highest, 1."""
    return (draws.double() + 2**31) / 2**32


def dropout(shares: list[float], draws: Tensor) -> Dropout:
    return Dropout(torch.tensor(shares, dtype=FLOAT64), lambda step, rows: draws[:, :, :rows])


@pytest.mark.parametrize("shares", [[0.3], [0.0, 0.3, 0.9]])
def test_dropout_equals_autograd_through_its_mask(shares: list[float]) -> None:
    members = len(shares)
    draws = whole_numbers(members, 5, 7)
    share = torch.tensor(shares, dtype=FLOAT64).view(-1, 1, 1)
    dropped = as_shares(draws) < share
    mask = torch.where(dropped, torch.zeros(1, dtype=FLOAT64), 1 / (1 - share))
    layer = dropout(shares, draws)
    assert_passes_equal_autograd(layer, lambda inputs: inputs * mask, draw(members, 5, 7))


def test_dropout_of_members_that_share_their_draws() -> None:
    draws = whole_numbers(1, 50, 40)
    outputs = dropout([0.2, 0.6], draws).forward(torch.ones(2, 50, 40, dtype=FLOAT64), step=STEP)
    dropped = outputs == 0
    assert torch.equal(dropped[0] & dropped[1], dropped[0])  # the larger share drops these too


def test_dropout_drops_its_share_and_keeps_the_mean() -> None:
    draws = whole_numbers(1, 200, 200)
    outputs = dropout([0.3], draws).forward(torch.ones(1, 200, 200, dtype=FLOAT64), step=STEP)
    assert float((outputs == 0).double().mean()) == pytest.approx(0.3, abs=0.01)
    assert float(outputs.mean()) == pytest.approx(1.0, abs=0.02)


def test_dropout_does_nothing_out_of_training() -> None:
    draws = torch.full((1, 5, 7), -(2**31), dtype=torch.int32)
    layer, inputs = dropout([0.5], draws), draw(1, 5, 7)
    assert layer.forward(inputs.clone(), step=STEP).eq(0).all()
    assert torch.equal(layer.forward(inputs.clone(), step=None), inputs)
    assert layer.backward(inputs, to_inputs=True) is inputs
    assert torch.equal(inputs, draw(1, 5, 7))


def test_dropout_draws_for_the_step_and_the_rows() -> None:
    asked: list[tuple[Tensor, int]] = []

    def drawing(step: Tensor, rows: int) -> Tensor:
        asked.append((step, rows))
        return torch.ones(1, 5, rows, dtype=torch.int32)

    layer, eight = Dropout(torch.tensor([0.5]), drawing), torch.tensor(8, dtype=torch.int32)
    layer.forward(torch.ones(1, 5, 3), step=eight)
    layer.forward(torch.ones(1, 5, 2), step=None)
    assert [(step is eight, rows) for step, rows in asked] == [(True, 3)]


# The lowest numbers there are, some about the middle, and the highest.
EDGES = [-(2**31), -(2**31) + 1, -1, 0, 1, 2**31 - 2, 2**31 - 1]
LARGEST = 1 - 2**-53  # of the shares below 1 in float64


DROPPED = [
    (0.0, 0),
    (2**-33, 0),  # half of what one number in 2^32 would be: rounded to none
    (2**-32, 1),
    (2**-31, 2),
    (0.5 - 2**-32, 2),
    (0.5, 3),
    (0.5 + 2**-32, 4),
    (1 - 2**-31, 5),
    (1 - 2**-32, 6),
    (1 - 2**-33, 6),  # would be all of them: the highest number is kept
    (LARGEST, 6),
]


@pytest.mark.parametrize(
    ("share", "dropped", "dtype"),
    [
        (share, dropped, dtype)
        for share, dropped in DROPPED
        for dtype in (torch.float32, FLOAT64)
        if float(torch.tensor(share, dtype=dtype)) == share  # not each is a number of 32 bits
    ],
)
def test_dropout_drops_the_lowest_of_all_whole_numbers(
    share: float, dropped: int, dtype: torch.dtype
) -> None:
    shares = torch.tensor([share], dtype=dtype)
    draws = torch.tensor(EDGES, dtype=torch.int32).view(1, -1, 1)
    layer = Dropout(shares, lambda step, rows: draws)
    outputs = layer.forward(torch.ones(1, len(EDGES), 1, dtype=dtype), step=STEP)
    assert outputs.isfinite().all()
    assert outputs.eq(0).flatten().tolist() == [i < dropped for i in range(len(EDGES))]


@pytest.mark.parametrize("dtype", [torch.float32, FLOAT64])
def test_a_share_close_to_one_leaves_a_few_units_with_a_large_scale(dtype: torch.dtype) -> None:
    share = torch.tensor([0.999999], dtype=dtype)
    edge = round((float(share) - 0.5) * 2**32)  # the lowest number that is kept
    draws = torch.tensor([-(2**31), 0, edge - 1, edge, 2**31 - 1], dtype=torch.int32)
    layer = Dropout(share, lambda step, rows: draws.view(1, -1, 1))
    outputs = layer.forward(torch.ones(1, 5, 1, dtype=dtype), step=STEP).flatten().tolist()
    assert outputs[:3] == [0, 0, 0]
    # In float32 the share is 0.99999899, whatever it was meant to be.
    assert outputs[3:] == pytest.approx([1 / (1 - float(share))] * 2, rel=1e-6)


def initial(
    seeds: list[int], init: str, *, std: float = 0.01, dtype: torch.dtype = torch.float32
) -> tuple[Tensor, Tensor]:
    return initial_parameters(
        [torch.Generator().manual_seed(seed) for seed in seeds],
        in_features=400,
        out_features=300,
        init=init,
        init_std=[std] * len(seeds),
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
        init_std=[0.0, 1.0, 2.0],
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
