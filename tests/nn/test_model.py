"""Models: shapes, members against single models, and weights that torch can load."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from dltrain.nn.layers import Dropout, Setup
from dltrain.nn.model import Model
from dltrain.nn.plan import (
    ActivationPlan,
    DropoutPlan,
    LayerPlans,
    LinearPlan,
    multilayer,
    single_layer,
)

SEEDS = [3, 8, 3]
STEP = torch.tensor(0, dtype=torch.int32)  # the first
ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "gelu": nn.GELU,
}


def mlp(activation: str = "relu", *, dropout: float = 0.0) -> LayerPlans:
    return multilayer(20, 5, hidden=[16, 8], activation=activation, dropout=dropout)


PLANS: dict[str, LayerPlans] = {
    "linear": single_layer(13, 1),
    "softmax": single_layer(784, 10),
    "mlp": mlp(),
    "mlp with dropout": mlp(dropout=0.4),
    "gelu": mlp("gelu"),
}


def build(
    plan: LayerPlans,
    seeds: Sequence[int] = (0,),
    *,
    unit: float = 1.0,
    dtype: torch.dtype = torch.float32,
) -> Model:
    setup = Setup(
        seeds=seeds,
        init="torch",
        init_std=[0.01] * len(seeds),
        plans=[plan] * len(seeds),
        unit=unit,
        like=torch.empty(0, dtype=dtype),
    )
    return Model(setup)


def draw(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=dtype)


def widths(plan: LayerPlans) -> tuple[int, int]:
    return plan[0].in_features, plan[-1].out_features


def as_torch(plan: LayerPlans) -> nn.Sequential:
    """The same model from torch's own layers; dropout, which evaluation has not, is left out."""
    layers: list[nn.Module] = []
    for layer in plan:
        match layer:
            case LinearPlan():
                layers.append(nn.Linear(layer.in_features, layer.out_features))
            case ActivationPlan():
                layers.append(ACTIVATIONS[layer.name]())
            case _:
                pass
    return nn.Sequential(*layers)


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("rows", [1, 6])
def test_shapes_are_members_outputs_rows(name: str, rows: int) -> None:
    plan = PLANS[name]
    in_features, out_features = widths(plan)
    model = build(plan, SEEDS)
    assert model.num_members == 3
    shared = model.forward(draw(rows, in_features)).clone()
    own = model.forward(draw(3, rows, in_features))
    assert shared.shape == own.shape == (3, out_features, rows)
    model.backward(torch.ones_like(own))
    assert [g.shape for g in model.gradients] == [p.shape for p in model.parameters]


def test_members_that_share_a_batch_or_get_copies_of_it_agree() -> None:
    model, inputs = build(PLANS["mlp"], SEEDS, dtype=torch.float64), draw(6, 20).double()
    shared = model.forward(inputs).clone()
    copies = model.forward(inputs.expand(3, -1, -1))
    torch.testing.assert_close(shared, copies, rtol=1e-12, atol=1e-14)


def assert_close(ours: Tensor, theirs: Tensor, *, tolerance: float) -> None:
    assert float((ours - theirs).norm() / theirs.norm()) < tolerance


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("own", [False, True], ids=["shared batch", "own batches"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_member_equals_a_single_model_of_its_seed(
    name: str, own: bool, dtype: torch.dtype
) -> None:
    """First weights and masks are equal byte for byte; products may add up in another order."""
    plan, rows = PLANS[name], 32
    in_features, out_features = widths(plan)
    inputs = draw(*[3] * own, rows, in_features, dtype=dtype)
    gradient = draw(3, out_features, rows, dtype=dtype)
    stack = build(plan, SEEDS, dtype=dtype)
    outputs = stack.forward(inputs, step=STEP + 4)
    stack.backward(gradient.clone())
    tolerance = 1e-5 if dtype == torch.float32 else 1e-13
    for member, seed in enumerate(SEEDS):
        single = build(plan, [seed], dtype=dtype)
        for a, b in zip(stack.parameters, single.parameters, strict=True):
            assert torch.equal(a[member], b[0])
        alone = single.forward(inputs[member] if own else inputs, step=STEP + 4)
        assert_close(outputs[member], alone[0], tolerance=tolerance)
        single.backward(gradient[member : member + 1].clone())
        for a, b in zip(stack.gradients, single.gradients, strict=True):
            assert_close(a[member], b[0], tolerance=tolerance)


@pytest.mark.parametrize("name", PLANS)
def test_members_that_share_batches_by_neighbours_equal_members_with_copies(name: str) -> None:
    seeds, plan = [3, 3, 8, 8], PLANS[name]
    in_features, out_features = widths(plan)
    inputs = draw(2, 6, in_features, dtype=torch.float64)
    gradient = draw(4, out_features, 6, dtype=torch.float64)
    sharing, copying = (build(plan, seeds, dtype=torch.float64) for _ in range(2))
    outputs = sharing.forward(inputs, step=STEP + 4)
    copies = copying.forward(inputs.repeat_interleave(2, dim=0), step=STEP + 4)
    torch.testing.assert_close(outputs, copies, rtol=1e-12, atol=1e-14)
    for model in (sharing, copying):
        model.backward(gradient.clone())
    for a, b in zip(sharing.gradients, copying.gradients, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", PLANS)
def test_members_of_equal_seed_are_equal(name: str) -> None:
    """To a last place: some processors' kernels sum the edges of a product in another order."""
    model = build(PLANS[name], SEEDS)
    outputs = model.forward(draw(32, widths(PLANS[name])[0]), step=STEP + 4)
    torch.testing.assert_close(outputs[0], outputs[2], rtol=1e-6, atol=1e-6)
    assert not torch.equal(outputs[0], outputs[1])


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradients_equal_torchs_through_all_layers(activation: str) -> None:
    plan = mlp(activation)
    model, inputs = build(plan, dtype=torch.float64), draw(7, 20, dtype=torch.float64)
    torchs = as_torch(plan).double()
    torchs.load_state_dict(renamed(model.state(), 0))
    expected = torchs(inputs)
    gradient = draw(7, 5, dtype=torch.float64)
    wanted = torch.autograd.grad(expected, list(torchs.parameters()), gradient)
    outputs = model.forward(inputs, step=STEP)
    torch.testing.assert_close(outputs[0].t(), expected.detach(), rtol=1e-12, atol=1e-14)
    model.backward(gradient.t()[None].contiguous())
    for ours, theirs in zip(model.gradients, wanted, strict=True):
        torch.testing.assert_close(ours[0].view_as(theirs), theirs, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("shares", [[0.5], [0.0, 0.3, 0.8]], ids=str)
def test_gradients_through_dropout_equal_autograds(activation: str, shares: list[float]) -> None:
    """All layers together: none may write over what another keeps for its backward pass."""
    members = len(shares)
    setup = Setup(
        seeds=list(range(members)),
        init="torch",
        init_std=[0.1] * members,
        plans=[
            multilayer(6, 3, hidden=[5, 4], activation=activation, dropout=share)
            for share in shares
        ],
        unit=1.0,
        like=torch.empty(0, dtype=torch.float64),
    )
    model = Model(setup)
    inputs, gradient = draw(7, 6, dtype=torch.float64), draw(members, 3, 7, dtype=torch.float64)
    outputs = model.forward(inputs, step=STEP + 2).clone()
    masks = [layer._mask for layer in model.layers if isinstance(layer, Dropout)]
    leaves = [parameter.clone().requires_grad_() for parameter in model.parameters]
    flowing = inputs.t().expand(members, 6, 7)
    for i, mask in enumerate([*masks, None]):
        flowing = leaves[2 * i] @ flowing + leaves[2 * i + 1]
        if mask is not None:
            flowing = getattr(torch.nn.functional, activation)(flowing) * mask.clone()
    torch.testing.assert_close(outputs, flowing.detach(), rtol=1e-12, atol=1e-14)
    model.backward(gradient.clone())
    for ours, theirs in zip(
        model.gradients, torch.autograd.grad(flowing, leaves, gradient), strict=True
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-14)


def renamed(state: dict[str, Tensor], member: int) -> dict[str, Tensor]:
    return {name.removeprefix("layers."): tensor[member] for name, tensor in state.items()}


@pytest.mark.parametrize("name", PLANS)
def test_a_state_loads_into_torchs_layers_and_gives_the_same_outputs(name: str) -> None:
    plan = PLANS[name]
    model, torchs = build(plan, SEEDS, dtype=torch.float64), as_torch(plan).double()
    inputs = draw(6, widths(plan)[0], dtype=torch.float64)
    outputs = model.forward(inputs)
    for member in range(3):
        torchs.load_state_dict(renamed(model.state(), member))
        with torch.no_grad():
            expected = torchs(inputs)
        torch.testing.assert_close(outputs[member].t(), expected, rtol=1e-12, atol=1e-14)


def test_a_state_loads_into_one_of_torchs_linear_layers() -> None:
    layer = nn.Linear(784, 10)
    state = build(PLANS["softmax"]).state()
    layer.load_state_dict({name.rpartition(".")[2]: tensor[0] for name, tensor in state.items()})
    assert torch.equal(layer.weight, state["layers.0.weight"][0])


def test_a_state_is_that_of_all_members() -> None:
    model = build(PLANS["mlp with dropout"], SEEDS)
    state = model.state()
    assert [*state] == model.names
    assert [tuple(tensor.shape) for tensor in state.values()] == [
        (3, 16, 20),
        (3, 16),
        (3, 8, 16),
        (3, 8),
        (3, 5, 8),
        (3, 5),
    ]
    for tensor, parameter in zip(state.values(), model.parameters, strict=True):
        assert torch.equal(tensor, parameter.view_as(tensor))


def test_the_unit_stands_for_division_of_the_inputs_of_the_first_layer() -> None:
    plan, pictures = mlp(), torch.randint(256, (6, 20)).double()
    scaled, plain = (build(plan, unit=unit, dtype=torch.float64) for unit in (1 / 255, 1.0))
    outputs = (scaled.forward(pictures), plain.forward(pictures / 255))
    torch.testing.assert_close(*outputs, rtol=1e-12, atol=1e-14)
    for model in (scaled, plain):
        model.backward(torch.ones(1, 5, 6, dtype=torch.float64))
    for a, b in zip(scaled.gradients, plain.gradients, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-14)


def test_names_follow_the_layers_and_do_not_count_dropout() -> None:
    names = build(PLANS["mlp with dropout"]).names
    assert names == [f"layers.{i}.{name}" for i in (0, 2, 4) for name in ("weight", "bias")]


def test_there_is_no_dropout_in_evaluation() -> None:
    with_dropout = build(PLANS["mlp with dropout"], SEEDS)
    plain, inputs = build(PLANS["mlp"], SEEDS), draw(6, 20)
    first = with_dropout.forward(inputs).clone()
    assert torch.equal(with_dropout.forward(inputs), first)
    assert torch.equal(plain.forward(inputs), first)


def mask(model: Model, *, step: Tensor, rows: int = 50) -> Tensor:
    """Which units of the first hidden layer are dropped: those whose weights get no gradient."""
    inputs = torch.ones(rows, 20)
    for layer in model.layers:
        for parameter in layer.parameters:
            parameter.fill_(1.0)  # so that no unit is silent of its own accord
    activations = inputs
    for layer in model.layers[:3]:
        activations = layer.forward(activations, step=step)
    return activations == 0


def test_dropout_draws_the_same_alone_and_in_a_stack() -> None:
    plan = PLANS["mlp with dropout"]
    together = mask(build(plan, SEEDS), step=STEP + 5)
    for member, seed in enumerate(SEEDS):
        assert torch.equal(mask(build(plan, [seed]), step=STEP + 5)[0], together[member])
    assert not torch.equal(together[0], together[1])


def test_dropout_draws_anew_for_each_step_and_each_layer() -> None:
    model = build(PLANS["mlp with dropout"])
    first = mask(model, step=STEP + 5)
    assert torch.equal(mask(model, step=STEP + 5), first)
    assert not torch.equal(mask(model, step=STEP + 6), first)
    wide = multilayer(4, 1, hidden=[16, 16], activation="relu", dropout=0.5)
    draws = [layer._draw(STEP, 9) for layer in build(wide).layers if hasattr(layer, "_draw")]
    assert len(draws) == 2
    assert not torch.equal(*draws)


def test_a_dropout_of_zero_drops_nothing() -> None:
    inputs = draw(6, 20)
    plan = PLANS["mlp with dropout"]
    silent = build([replace(x, share=0.0) if isinstance(x, DropoutPlan) else x for x in plan])
    assert torch.equal(
        silent.forward(inputs, step=STEP + 3), build(PLANS["mlp"]).forward(inputs, step=STEP + 3)
    )


def test_an_optimizer_changes_what_the_model_computes() -> None:
    model, inputs = build(PLANS["mlp"], SEEDS), draw(6, 20)
    before = model.forward(inputs).clone()
    model.parameters[-1].add_(1.0)
    torch.testing.assert_close(model.forward(inputs), before + 1.0)
