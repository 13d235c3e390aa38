"""Update rules equal ``torch.optim``'s, and a member's steps are those of its single run."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from dltrain.nn.optim import SGD, Adam, ClipNorm, Optimizer, gradient_norms

STEPS = 10
SHAPES = [(4, 3), (4, 1), (2, 4), (2, 1)]
SGD_DEFAULTS: dict[str, Any] = {"momentum": 0.0, "nesterov": False, "weight_decay": 0.0}
ADAM_DEFAULTS: dict[str, Any] = {"betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0}
# name: (our rule, torch's rule, numbers of one member)
TABLE: dict[str, tuple[str, Callable[..., torch.optim.Optimizer], dict[str, Any]]] = {
    "plain": ("sgd", torch.optim.SGD, {"lr": 0.1}),
    "high lr": ("sgd", torch.optim.SGD, {"lr": 10.0}),
    "no lr": ("sgd", torch.optim.SGD, {"lr": 0.0, "momentum": 0.9}),
    "weight decay": ("sgd", torch.optim.SGD, {"lr": 0.1, "weight_decay": 0.3}),
    "momentum": ("sgd", torch.optim.SGD, {"lr": 0.1, "momentum": 0.9}),
    "momentum and weight decay": (
        "sgd",
        torch.optim.SGD,
        {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.3},
    ),
    "nesterov": ("sgd", torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    "nesterov and weight decay": (
        "sgd",
        torch.optim.SGD,
        {"lr": 0.1, "momentum": 0.5, "nesterov": True, "weight_decay": 0.3},
    ),
    "adam": ("adam", torch.optim.Adam, {"lr": 0.01}),
    "adam, high lr": ("adam", torch.optim.Adam, {"lr": 1.0}),
    "adam, weight decay": ("adam", torch.optim.Adam, {"lr": 0.01, "weight_decay": 0.3}),
    "adam, other betas and eps": (
        "adam",
        torch.optim.Adam,
        {"lr": 0.01, "betas": (0.5, 0.9), "eps": 0.1},
    ),
    "adam, no betas": ("adam", torch.optim.Adam, {"lr": 0.01, "betas": (0.0, 0.0)}),
    "adamw": ("adamw", torch.optim.AdamW, {"lr": 0.01, "weight_decay": 0.3}),
    "adamw, no decay": ("adamw", torch.optim.AdamW, {"lr": 0.01, "weight_decay": 0.0}),
}


def build(rule: str, parameters: Sequence[Tensor], members: Sequence[dict[str, Any]]) -> Optimizer:
    defaults = SGD_DEFAULTS if rule == "sgd" else ADAM_DEFAULTS
    columns: dict[str, Any] = {
        key: [(defaults | m)[key] for m in members] for key in ("lr", *defaults)
    }
    if rule == "sgd":
        return SGD(parameters, **columns)
    return Adam(parameters, **columns, decoupled=rule == "adamw")


def draw(members: int, dtype: torch.dtype, seed: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    draws = [torch.randn(members, *shape, generator=generator) for shape in SHAPES]
    return [tensor.to(dtype) for tensor in draws]


def train(rule: str, members: Sequence[dict[str, Any]], which: Sequence[int]) -> list[Tensor]:
    """Step some members, each with parameters and gradients of its own; [M, ...] each."""
    dtype = torch.float32
    parameters = [tensor[which].clone() for tensor in draw(8, dtype, 0)]
    optimizer = build(rule, parameters, members)
    for step in range(STEPS):
        optimizer.step([tensor[which] for tensor in draw(8, dtype, 1 + step)])
    return parameters


def train_both(
    name: str, dtype: torch.dtype
) -> tuple[list[Tensor], list[Tensor], Optimizer, torch.optim.Optimizer]:
    """Step our rule and torch's over the same gradients."""
    rule, theirs, numbers = TABLE[name]
    ours = draw(1, dtype, 0)
    copies = [tensor[0].clone().requires_grad_() for tensor in ours]
    # foreach and fused are kernels that change the last bits; the loop is the plain rule.
    optimizer, reference = build(rule, ours, [numbers]), theirs(copies, **numbers, foreach=False)
    for step in range(STEPS):
        gradients = draw(1, dtype, 1 + step)
        for copy, gradient in zip(copies, gradients, strict=True):
            copy.grad = gradient[0].clone()
        reference.step()
        optimizer.step(gradients)
    return ours, [copy.detach() for copy in copies], optimizer, reference


def relative_error(ours: Sequence[Tensor], theirs: Sequence[Tensor]) -> float:
    pairs = zip(ours, theirs, strict=True)
    return max(float((a - b).norm() / b.norm().clamp(min=1e-30)) for a, b in pairs)


@pytest.mark.parametrize("name", TABLE)
def test_a_rule_equals_torchs_in_float64(name: str) -> None:
    ours, theirs, _, _ = train_both(name, torch.float64)
    assert relative_error([tensor[0] for tensor in ours], theirs) < 1e-14


@pytest.mark.parametrize("name", TABLE)
def test_a_rule_equals_torchs_in_float32(name: str) -> None:
    ours, theirs, _, _ = train_both(name, torch.float32)
    assert relative_error([tensor[0] for tensor in ours], theirs) < 2e-6


def test_an_lr_of_zero_changes_no_weight() -> None:
    ours, _, _, _ = train_both("no lr", torch.float32)
    assert all(torch.equal(a, b) for a, b in zip(ours, draw(1, torch.float32, 0), strict=True))


def test_adams_second_moment_equals_torchs_in_float32() -> None:
    ours, _, optimizer, reference = train_both("adam", torch.float32)
    moments = [entry["exp_avg_sq"] for entry in reference.state.values()]
    own = [optimizer.state()[f"second.{i}"][0] for i in range(len(ours))]
    assert relative_error(own, moments) < 1e-6


def test_the_state_holds_what_torch_holds() -> None:
    ours, _, optimizer, reference = train_both("momentum", torch.float64)
    buffers = [entry["momentum_buffer"] for entry in reference.state.values()]
    own = [optimizer.state()[f"momentum.{i}"][0] for i in range(len(ours))]
    assert relative_error(own, buffers) < 1e-14


def test_a_rule_without_memory_has_an_empty_state() -> None:
    assert build("sgd", draw(1, torch.float32, 0), [{"lr": 0.1}]).state() == {}


def test_adams_state_holds_both_moments_and_the_steps() -> None:
    _, _, optimizer, _ = train_both("adam", torch.float64)
    names = [f"{moment}.{i}" for moment in ("first", "second") for i in range(len(SHAPES))]
    assert [*optimizer.state()] == [*names, "steps"]
    assert optimizer.state()["steps"].tolist() == [STEPS]


@pytest.mark.parametrize("rule", ["sgd", "adam", "adamw"])
def test_a_state_is_that_of_all_members(rule: str) -> None:
    members: list[dict[str, Any]] = [{"lr": 0.1, "weight_decay": 0.1}] * 3
    if rule == "sgd":
        members = [{"lr": 0.1, "momentum": momentum} for momentum in (0.1, 0.5, 0.9)]
    parameters = draw(3, torch.float32, 0)
    optimizer = build(rule, parameters, members)
    optimizer.step(draw(3, torch.float32, 1))
    state = optimizer.state()
    assert state
    assert {len(tensor) for tensor in state.values()} == {3}
    for name, tensor in state.items():
        if name != "steps":
            assert tensor.shape == parameters[int(name.partition(".")[2])].shape


def test_a_members_state_is_its_own() -> None:
    parameters = draw(3, torch.float32, 0)
    optimizer = build("sgd", parameters, [{"lr": 0.1, "momentum": m} for m in (0.0, 0.5, 0.9)])
    gradients = draw(3, torch.float32, 1)
    optimizer.step(gradients)
    assert torch.equal(optimizer.state()["momentum.1"][2], gradients[1][2])


MIXED: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "rates": ("sgd", [{"lr": lr} for lr in (0.0, 0.01, 0.1, 10.0)]),
    "rates of adam": ("adam", [{"lr": lr} for lr in (0.0, 0.01, 0.1, 10.0)]),
    "with and without momentum": (
        "sgd",
        [{"lr": 0.1, "momentum": 0.9}, {"lr": 0.1}, {"lr": 0.2, "momentum": 0.5}],
    ),
    "with and without nesterov": (
        "sgd",
        [
            {"lr": 0.1, "momentum": 0.9, "nesterov": True},
            {"lr": 0.1, "momentum": 0.9, "nesterov": False},
            {"lr": 0.1},
        ],
    ),
    "with and without weight decay": ("sgd", [{"lr": 0.1, "weight_decay": 0.3}, {"lr": 0.1}]),
    "adam with and without weight decay": (
        "adam",
        [{"lr": 0.01, "weight_decay": 0.3}, {"lr": 0.01}],
    ),
    "adamw with and without weight decay": (
        "adamw",
        [{"lr": 0.01, "weight_decay": 0.3}, {"lr": 0.02, "weight_decay": 0.0}],
    ),
    "betas and eps": (
        "adam",
        [{"lr": 0.01}, {"lr": 0.01, "betas": (0.5, 0.9)}, {"lr": 0.01, "eps": 0.1}],
    ),
}


@pytest.mark.parametrize("name", MIXED)
def test_a_member_of_a_stack_equals_its_single_run_byte_for_byte(name: str) -> None:
    rule, members = MIXED[name]
    stack = train(rule, members, range(len(members)))
    for index, numbers in enumerate(members):
        single = train(rule, [numbers], [index])
        assert all(torch.equal(a[index], b[0]) for a, b in zip(stack, single, strict=True))


def test_a_member_that_is_not_finite_does_not_disturb_the_others() -> None:
    members = [{"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1}] * 2
    parameters, alone = draw(2, torch.float32, 0), draw(2, torch.float32, 0)
    stacks = [build("sgd", tensors, members) for tensors in (parameters, alone)]
    for step in range(STEPS):
        gradients = draw(2, torch.float32, 1 + step)
        stacks[1].step(gradients)
        for gradient in gradients:
            gradient[0] = math.nan
        stacks[0].step(gradients)
    assert all(torch.equal(a[1], b[1]) for a, b in zip(parameters, alone, strict=True))
    assert all(p[0].isnan().all() for p in parameters)


@pytest.mark.parametrize("rule", ["sgd", "adam", "adamw"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_rule_keeps_the_dtype_and_the_gradients(rule: str, dtype: torch.dtype) -> None:
    parameters, gradients = draw(2, dtype, 0), draw(2, dtype, 1)
    members = [{"lr": 0.1, "weight_decay": 0.1}] * 2
    build(rule, parameters, members).step(gradients)
    assert {p.dtype for p in parameters} == {dtype}
    assert all(torch.equal(a, b) for a, b in zip(gradients, draw(2, dtype, 1), strict=True))


@pytest.mark.parametrize(
    ("rule", "numbers"),
    [
        ("sgd", {"lr": 0.1}),
        ("sgd", {"lr": 0.1, "momentum": 0.5}),
        ("sgd", {"lr": 0.1, "momentum": 0.5, "nesterov": True}),
        ("adam", {"lr": 0.05}),
        ("adamw", {"lr": 0.05, "weight_decay": 0.1}),
    ],
)
def test_a_rule_comes_down_a_parabola(rule: str, numbers: dict[str, Any]) -> None:
    parameter = torch.tensor([[[3.0, -2.0]]])
    optimizer = build(rule, [parameter], [numbers])
    for _ in range(300):
        optimizer.step([parameter.clone()])  # of parameter^2 / 2
    assert parameter.abs().max() < 0.01


def test_the_norm_is_each_members_own() -> None:
    gradients = [torch.tensor([[[3.0], [4.0]], [[0.0], [1.0]]]), torch.tensor([[[12.0]], [[0.0]]])]
    assert torch.equal(gradient_norms(gradients), torch.tensor([[5.0, 1.0], [12.0, 0.0]]))


def test_clipping_leaves_small_gradients_alone() -> None:
    gradients = draw(2, torch.float32, 0)
    ClipNorm([1e3, None], like=gradients[0])(gradients)
    assert all(torch.equal(a, b) for a, b in zip(gradients, draw(2, torch.float32, 0), strict=True))


def test_clipping_scales_a_large_gradient_by_bound_over_norm() -> None:
    gradients, originals = draw(1, torch.float64, 0), draw(1, torch.float64, 0)
    norm = math.sqrt(sum(float(tensor.square().sum()) for tensor in originals))
    ClipNorm([0.5], like=gradients[0])(gradients)
    assert norm > 0.5
    for clipped, original in zip(gradients, originals, strict=True):
        torch.testing.assert_close(clipped, original * (0.5 / norm), rtol=1e-14, atol=0)


def test_clipping_none_never_clips() -> None:
    gradients = [tensor * 1e6 for tensor in draw(2, torch.float32, 0)]
    originals = [tensor.clone() for tensor in gradients]
    ClipNorm([None, 1.0], like=gradients[0])(gradients)
    assert all(torch.equal(a[0], b[0]) for a, b in zip(gradients, originals, strict=True))
    assert not torch.equal(gradients[0][1], originals[0][1])


def test_clipping_takes_no_gradient_and_one_that_is_not_finite() -> None:
    gradients = [torch.zeros(2, 3, 1), torch.zeros(2, 1, 1)]
    gradients[0][1] = math.nan
    ClipNorm([1.0, 1.0], like=gradients[0])(gradients)
    assert gradients[0][0].eq(0).all()
    assert gradients[0][1].isnan().all()


def test_clipping_a_stack_equals_clipping_each_member() -> None:
    bounds = [0.1, 1.0, None, 100.0]
    stack = draw(4, torch.float32, 0)
    ClipNorm(bounds, like=stack[0])(stack)
    for member, bound in enumerate(bounds):
        single = [tensor[member : member + 1].clone() for tensor in draw(4, torch.float32, 0)]
        ClipNorm([bound], like=single[0])(single)
        for a, b in zip(stack, single, strict=True):
            torch.testing.assert_close(a[member], b[0], rtol=1e-6, atol=0)


def test_constructing_an_optimizer_does_not_import_torchs_compiler() -> None:
    program = """
import sys, torch
from dltrain.nn.optim import SGD, Adam
parameters = [torch.zeros(1, 2, 3)]
SGD(parameters, lr=[1.0], momentum=[0.9], nesterov=[True], weight_decay=[0.1]).step(parameters)
Adam(parameters, lr=[1.0], betas=[[0.9, 0.99]], eps=[1e-8], weight_decay=[0.1],
     decoupled=True).step(parameters)
print("torch._dynamo" in sys.modules)
"""
    command = [sys.executable, "-c", program]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout == "False\n"
