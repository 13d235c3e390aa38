"""Random numbers: a generator for each purpose, and those of dropout by their place."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import pytest
import torch
from scipy import stats
from torch import Tensor

from dltrain.nn.layers import Dropout
from dltrain.nn.random import Draws, generator
from tests.nn.test_model import PLANS, SEEDS, STEP, build, draw
from tests.stacked import CPU

WIDTH, ROWS, STEPS = 64, 128, 128


def test_a_generator_depends_on_nothing_but_its_arguments() -> None:
    torch.manual_seed(0)
    first = torch.rand(4, generator=generator(1, "order", 2))
    torch.rand(7)
    assert torch.equal(torch.rand(4, generator=generator(1, "order", 2)), first)


def test_generators_of_other_arguments_draw_other_numbers() -> None:
    arguments = itertools.product([0, 1, 12], ["init", "order", "dropout"], [0, 1, 2, 11])
    draws = [tuple(torch.rand(4, generator=generator(*each)).tolist()) for each in arguments]
    assert len(set(draws)) == len(draws) == 36


def test_making_a_generator_leaves_torchs_own_alone() -> None:
    before = torch.get_rng_state()
    build(PLANS["mlp with dropout"], SEEDS).forward(draw(6, 20), step=STEP + 1)
    generator(1, "order")
    assert torch.equal(torch.get_rng_state(), before)


def draws(seeds: Sequence[int] = (0,), purpose: str = "dropout.2", width: int = WIDTH) -> Draws:
    return Draws(seeds, purpose, width, device=CPU)


def drawn(made: Draws, *, first: int = 0, rows: int = ROWS, steps: int = STEPS) -> Tensor:
    """Numbers of some steps, [T, seeds, width, rows]."""
    counts = torch.arange(first, first + steps, dtype=torch.int32)
    return torch.stack([made(step, rows).clone() for step in counts])


def uniform(numbers: Tensor) -> Tensor:
    """Where whole numbers stand between the lowest, -0.5, and the highest, 0.5."""
    return (numbers.double() + 0.5) / 2**32


def assert_equally_often(bins: Tensor, count: int) -> None:
    """Chi-square; a true generator fails once in a million."""
    found = torch.bincount(bins.flatten(), minlength=count)
    assert len(found) == count
    expected = bins.numel() / count
    assert expected > 5
    square = float(((found - expected) ** 2 / expected).sum())
    low, high = stats.chi2.ppf([5e-7, 1 - 5e-7], count - 1)
    assert low < square < high


@pytest.mark.parametrize("first", [0, 1000, 2**30])
@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1])
def test_each_byte_of_dropouts_numbers_is_uniform(seed: int, first: int) -> None:
    found = drawn(draws([seed]), first=first).long()
    for shift in (0, 8, 16, 24):
        assert_equally_often(found >> shift & 255, 256)
    assert_equally_often((found + 2**31) >> 20, 4096)


@pytest.mark.parametrize("axis", [0, 2, 3], ids=["steps", "units", "rows"])
def test_dropouts_numbers_are_uniform_along_each_axis(axis: int) -> None:
    """Of one unit in one row over many steps, and so on."""
    shape = {0: (20000, 4, 2), 2: (2, 20000, 4), 3: (2, 4, 20000)}[axis]
    found = drawn(draws(width=shape[1]), steps=shape[0], rows=shape[2])
    for line in uniform(found).movedim(axis, -1).reshape(-1, 20000):
        assert stats.kstest(line.numpy() + 0.5, "uniform").pvalue > 1e-5


def assert_unrelated(first: Tensor, second: Tensor) -> None:
    """Neither their numbers nor the cells of a table of both show that they belong together."""
    a, b = uniform(first).flatten(), uniform(second).flatten()
    correlation = float((a * b).mean() / (a.std() * b.std()))
    assert abs(correlation) < 5 / math.sqrt(len(a))
    cells = ((first.long() + 2**31) >> 28) * 16 + ((second.long() + 2**31) >> 28)
    assert_equally_often(cells, 256)
    # For shares about a half, what is dropped follows from the first bit alone.
    agree = float(((first < 0) == (second < 0)).double().mean())
    assert abs(agree - 0.5) < 2.5 / math.sqrt(len(a))


@pytest.mark.parametrize("lag", [1, 2, 7, 16, 64])
@pytest.mark.parametrize("axis", [0, 2, 3], ids=["steps", "units", "rows"])
def test_dropouts_numbers_of_neighbours_are_unrelated(axis: int, lag: int) -> None:
    found = drawn(draws(width=96))
    size = found.shape[axis]
    assert_unrelated(found.narrow(axis, 0, size - lag), found.narrow(axis, lag, size - lag))


@pytest.mark.parametrize("seeds", [(0, 1), (1, 2), (7, 7 + 2**16), (0, 2**32 - 1)], ids=str)
def test_dropouts_numbers_of_two_seeds_are_unrelated(seeds: tuple[int, int]) -> None:
    found = drawn(draws(seeds))
    assert_unrelated(found[:, 0], found[:, 1])


def test_dropouts_numbers_of_two_layers_are_unrelated() -> None:
    assert_unrelated(drawn(draws()), drawn(draws(purpose="dropout.5")))


def test_no_number_comes_twice_in_a_step() -> None:
    """The hash maps different places to different numbers, so that units cannot go in pairs."""
    found = draws(width=500)(torch.tensor(5, dtype=torch.int32), 400)
    assert len(torch.unique(found)) == 500 * 400


def test_how_many_units_are_dropped_varies_as_it_would_by_chance() -> None:
    found = drawn(draws(), steps=1000, rows=16)  # 1024 numbers in each step
    for share in (0.1, 0.5):
        dropped = (uniform(found) + 0.5 < share).flatten(1).sum(dim=1).double()
        expected = 1024 * share * (1 - share)
        spread = float(((dropped - 1024 * share) ** 2).mean()) / expected
        assert spread == pytest.approx(1, abs=5 * math.sqrt(2 / 1000))


def test_members_of_equal_seed_draw_equal_numbers_alone_and_in_a_stack() -> None:
    seeds = [3, 8, 3, 2**32 - 1]
    together = drawn(draws(seeds), steps=4)
    assert together.shape == (4, 4, WIDTH, ROWS)
    for member, seed in enumerate(seeds):
        assert torch.equal(together[:, member], drawn(draws([seed]), steps=4)[:, 0])


def test_members_of_one_seed_share_their_numbers() -> None:
    assert draws([5, 5, 5])(torch.tensor(0, dtype=torch.int32), 7).shape == (1, WIDTH, 7)


def test_the_numbers_of_a_row_do_not_depend_on_how_many_rows_there_are() -> None:
    made, step = draws([3, 8]), torch.tensor(9, dtype=torch.int32)
    few = made(step, 7).clone()
    many = made(step, 50).clone()
    assert torch.equal(many[..., :7], few)
    for rows in (1, 7, 50, 51):  # whatever was asked for before
        assert torch.equal(
            made(step, rows)[..., :50], draws([3, 8])(step, 99)[..., : min(rows, 50)]
        )


def test_the_numbers_of_a_step_do_not_depend_on_the_steps_before() -> None:
    made = draws([3])
    later = drawn(made, first=50, steps=2)
    drawn(made, steps=20)
    assert torch.equal(drawn(made, first=50, steps=2), later)


@pytest.mark.parametrize("first", [2**31 - 3, -(2**31)])
def test_steps_may_be_as_many_as_their_type_holds(first: int) -> None:
    found = torch.stack(
        [draws()(torch.tensor(first + i, dtype=torch.int32), ROWS).clone() for i in range(3)]
    )
    assert len(torch.unique(found)) > 0.99 * found.numel()


def dropping(share: float, count: int) -> Tensor:
    layer = Dropout(torch.tensor([share]), draws(width=1000))
    steps = torch.arange(count, dtype=torch.int32)
    return torch.stack([layer.forward(torch.ones(1, 1000, 1000), step=each) for each in steps])


def test_a_share_of_zero_drops_nothing_of_millions() -> None:
    assert dropping(0.0, 4).eq(1).all()


def test_a_share_close_to_one_keeps_about_its_part_of_millions() -> None:
    kept = dropping(0.999999, 8)
    count = int(kept.ne(0).sum())
    assert 0 < count < 30  # 8 expected
    # In float32 the share is 0.99999899.
    assert kept.max() == pytest.approx(1 / (1 - float(torch.tensor(0.999999))), rel=1e-6)


@pytest.mark.parametrize("share", [0.01, 0.25, 0.5, 0.9, 0.99])
def test_a_share_is_dropped_to_within_chance(share: float) -> None:
    dropped = float(dropping(share, 4).eq(0).double().mean())
    assert dropped == pytest.approx(share, abs=5 * math.sqrt(share * (1 - share) / 4e6))
