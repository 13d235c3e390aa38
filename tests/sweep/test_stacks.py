"""Which members are trained together: order, cuts, estimates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dltrain.sweep.plan import Group, Member, Plan
from dltrain.sweep.stacks import cut, in_order, largest_stack, sizes_to_try
from dltrain.train.cost import (
    member_bytes,
    num_steps,
    number_bytes,
    optimizer_copies,
    stack_bytes,
    work,
)
from tests.conftest import changed
from tests.sweep.helpers import planned

pytestmark = pytest.mark.usefixtures("here")


def stack(*words: str) -> tuple[list[Member], Group]:
    plan: Plan = planned(*words)
    [group] = plan.groups
    return in_order(plan.members), group


def test_members_of_equal_seed_stand_next_to_each_other() -> None:
    members = planned("optimizer.lr=0.1,0.2", "seed=1,0").members
    assert [member.index for member in in_order(members)] == [1, 3, 0, 2]


@given(st.integers(1, 400), st.integers(1, 500))
def test_a_cut_keeps_all_in_order_in_the_fewest_stacks_as_equal_as_can_be(
    count: int, size: int
) -> None:
    [member] = MEMBER
    members = [replace(member, index=index) for index in range(count)]
    stacks = cut(members, size)
    assert [member for part in stacks for member in part] == members
    assert len(stacks) == -(-count // size)
    lengths = [len(part) for part in stacks]
    assert max(lengths) <= size
    assert max(lengths) - min(lengths) <= 1


MEMBER = planned().members


def test_a_stack_that_exceeds_the_memory_is_cut() -> None:
    members, group = stack("model=mlp", "model.hidden=[64]", "optimizer.lr=range(1,101)")
    needed = stack_bytes([member.config for member in members], group.workload)
    assert largest_stack(members, group, needed) == 100
    assert largest_stack(members, group, 10 * needed) == 100
    assert largest_stack(members, group, needed / 2) == 50
    assert largest_stack(members, group, needed / 3) == 33
    assert [len(part) for part in cut(members, 33)] == [25, 25, 25, 25]


def test_a_member_is_trained_even_where_it_seems_not_to_fit() -> None:
    members, group = stack("seed=0,1")
    assert largest_stack(members, group, 0) == 1
    assert largest_stack(members, group, -1e9) == 1


def test_an_estimate_grows_with_model_rows_and_states() -> None:
    def bytes_of(*words: str) -> float:
        [member], group = stack("model=mlp", *words)
        return member_bytes(member.config, group.workload)

    base = bytes_of("model.hidden=[64]")
    assert bytes_of("model.hidden=[128]") > base
    assert bytes_of("model.hidden=[64]", "trainer.batch_size=512") > base
    assert bytes_of("model.hidden=[64]", "optimizer=adam") > base
    assert bytes_of("model.hidden=[64]", "device.dtype=float64") == 2 * base


def test_members_of_several_seeds_need_several_batches() -> None:
    same, group = stack("optimizer.lr=0.1,0.2", "data=fashion_mnist", "model=softmax")
    different, other = stack("seed=0,1", "data=fashion_mnist", "model=softmax")
    more = stack_bytes([member.config for member in different], other.workload) - stack_bytes(
        [member.config for member in same], group.workload
    )
    assert more == 256 * 784 * 5  # a batch of bytes and of numbers


@pytest.mark.parametrize(
    ("words", "copies", "size"),
    [
        ((), 0, 4),
        (("optimizer.momentum=0.9",), 1, 4),
        (("optimizer=adam",), 2, 4),
        (("optimizer=adamw", "device.dtype=float64"), 2, 8),
        (("optimizer=least_squares",), 0, 8),
    ],
)
def test_optimizers_keep_numbers_for_each_parameter(
    words: tuple[str, ...], copies: int, size: int
) -> None:
    [member] = planned(*words).members
    assert (optimizer_copies(member.config), number_bytes(member.config)) == (copies, size)


LARGE = ("model=mlp", "model.hidden=[512]", "data=fashion_mnist", "trainer.epochs=50")


@pytest.mark.parametrize(
    ("largest", "sizes"),
    [(1, [1]), (15, [15]), (16, [16, 8]), (100, [100, 50, 25, 13]), (200, [200, 100, 50, 25])],
)
def test_halves_of_a_large_stack_are_worth_measuring(largest: int, sizes: list[int]) -> None:
    members, group = stack(*LARGE, "optimizer.lr=range(1,201)")
    assert sizes_to_try(members, group, largest) == sizes


@pytest.mark.parametrize(
    "words",
    [
        ("seed=range(200)",),
        changed(LARGE, "seed=range(200)", "trainer.epochs=1", "model.hidden=[8]"),
    ],
)
def test_what_is_small_or_quickly_done_is_not_worth_measuring(words: Sequence[str]) -> None:
    members, group = stack(*words)
    assert sizes_to_try(members, group, 200) == [200]


@pytest.mark.parametrize(
    ("words", "steps"),
    [
        ((), 10 * 32),  # 1,000 rows in batches of 32
        (("trainer.batch_size=null",), 10),
        (("trainer.batch_size=5000",), 10),
        (("trainer.batch_size=999", "trainer.epochs=3"), 6),
    ],
)
def test_steps_are_counted(words: tuple[str, ...], steps: int) -> None:
    [member], group = stack(*words)
    assert num_steps(member.config, group.workload) == steps


def test_work_is_counted_in_products() -> None:
    words = ("model=mlp", "model.hidden=[3]", "trainer.epochs=4", "trainer.eval_interval=2")
    [member], group = stack(*words, "data.num_train=10", "data.num_val=5")
    # 2-3-1: 9 multiplications a row forward, 9 for the gradients, 3 for what goes back.
    assert work(member.config, group.workload) == 2 * (10 * 4 * (9 + 9 + 3) + 5 * 2 * 9)
