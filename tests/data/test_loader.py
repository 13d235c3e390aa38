"""Minibatches: every row once, in an order of its own, shared where members agree."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from dltrain.data import EVALUATION_ROWS
from dltrain.data.loader import Loader, Rows
from dltrain.models import generator

NUM_ROWS = 10


def rows(count: int = NUM_ROWS, dtype: torch.dtype = torch.float32) -> Rows:
    """Rows that know their number: row i holds i, 100 + i and the target i."""
    numbers = torch.arange(count)
    inputs = torch.stack([numbers, 100 + numbers], dim=1).to(dtype)
    return Rows(inputs, numbers, dtype=dtype)


def order(seed: int, epoch: int) -> Tensor:
    return torch.randperm(NUM_ROWS, generator=generator(seed, "order", epoch))


def loader(seeds: Sequence[int] = (0,), batch_size: int | None = 4) -> Loader:
    return Loader(rows(), batch_size=batch_size, order=order, seeds=seeds)


def targets(loader: Loader, epoch: int = 1) -> Tensor:
    """All targets of an epoch, [N] or [M, N]; checks that each comes with its inputs."""
    parts = []
    for inputs, batch in loader.epoch(epoch):
        assert torch.equal(inputs, torch.stack([batch, 100 + batch], dim=-1).float())
        parts.append(batch.clone())
    return torch.cat(parts, dim=-1)


@pytest.mark.parametrize("batch_size", [1, 3, 4, 5, 9, 10, 99, None])
@pytest.mark.parametrize("seeds", [(0,), (7, 7, 7), (7, 8, 7)], ids=str)
def test_every_row_comes_once_per_epoch(seeds: tuple[int, ...], batch_size: int | None) -> None:
    for epoch in (1, 2):
        found = targets(loader(seeds, batch_size), epoch)
        assert torch.equal(found.sort(dim=-1).values, torch.arange(NUM_ROWS).expand(found.shape))


@pytest.mark.parametrize(
    ("batch_size", "sizes"),
    [(4, [4, 4, 2]), (5, [5, 5]), (1, [1] * 10), (9, [9, 1]), (10, [10]), (99, [10]), (None, [10])],
)
def test_the_last_batch_may_be_smaller(batch_size: int | None, sizes: list[int]) -> None:
    batches = loader(batch_size=batch_size)
    assert [len(batch) for _, batch in batches.epoch(1)] == sizes
    assert len(batches) == len(sizes)
    assert batches.batch_size == sizes[0]


def test_the_same_seed_and_epoch_give_the_same_order() -> None:
    first = loader()
    targets(first, 1)
    assert torch.equal(targets(first, 3), targets(loader(), 3))


def test_other_epochs_and_other_seeds_give_other_orders() -> None:
    orders = [targets(loader([seed]), epoch) for seed in (0, 1) for epoch in (1, 2)]
    assert len({tuple(each.tolist()) for each in orders}) == 4


def test_the_order_is_what_was_asked_for() -> None:
    assert torch.equal(targets(loader([5]), 2), order(5, 2))


def test_members_of_one_seed_share_their_batches() -> None:
    inputs, batch = next(loader([3, 3, 3]).epoch(1))
    assert (inputs.shape, batch.shape) == ((4, 2), (4,))


def test_members_of_several_seeds_get_batches_of_their_own() -> None:
    inputs, batch = next(loader([3, 4, 3]).epoch(1))
    assert (inputs.shape, batch.shape) == ((3, 4, 2), (3, 4))


def test_neighbours_of_one_seed_share_a_batch() -> None:
    gathered = []
    for inputs, batch in loader([0, 0, 1, 1]).epoch(1):
        assert inputs.shape == (2, batch.shape[1], 2)
        assert batch.shape[0] == 4
        assert torch.equal(batch[0], batch[1])
        assert torch.equal(batch[2], batch[3])
        assert torch.equal(inputs[:, :, 0], batch[[0, 2]].float())
        gathered.append(batch.clone())
    together = torch.cat(gathered, dim=-1)
    for member, seed in enumerate([0, 0, 1, 1]):
        assert torch.equal(together[member], targets(loader([seed])))
    assert not torch.equal(together[0], together[2])


@pytest.mark.parametrize(
    ("seeds", "batches"),
    [
        ([0, 1], 2),
        ([0, 1, 0, 1], 4),
        ([0, 0, 1, 1, 0, 0], 3),
        ([0, 0, 0, 0, 1, 1], 3),
        ([0, 0, 1], 3),
        ([0, 0, 0, 1, 1, 1], 2),
        ([0, 0, 0, 0], 1),
    ],
)
def test_no_more_batches_are_gathered_than_runs_of_seeds_need(
    seeds: list[int], batches: int
) -> None:
    for inputs, batch in loader(seeds).epoch(1):
        assert inputs.shape[:-2] == ((batches,) if batches > 1 else ())
        assert batch.shape[:-1] == ((len(seeds),) if batches > 1 else ())
        for member, seed in enumerate(seeds if batches > 1 else []):
            assert torch.equal(batch[member], batch[seeds.index(seed)])
            shared = inputs[member * batches // len(seeds)]
            assert torch.equal(shared[:, 0], batch[member].float())


def test_a_member_sees_the_same_rows_alone_and_in_a_stack() -> None:
    together = targets(loader([3, 4, 3]), 2)
    for member, seed in enumerate([3, 4, 3]):
        assert torch.equal(together[member], targets(loader([seed]), 2))


@pytest.mark.parametrize("batch_size", [None, NUM_ROWS, 99])
def test_all_rows_at_once_come_shared_and_in_their_own_order(batch_size: int | None) -> None:
    batches = loader([3, 4], batch_size)
    assert torch.equal(targets(batches), torch.arange(NUM_ROWS))


def test_a_batch_holds_until_the_next_is_taken() -> None:
    taken = rows()
    first, _ = taken.take(torch.tensor([1, 2]))
    held = first.clone()
    second, _ = taken.take(torch.tensor([3, 4]))
    assert torch.equal(held, torch.tensor([[1.0, 101.0], [2.0, 102.0]]))
    assert torch.equal(second, torch.tensor([[3.0, 103.0], [4.0, 104.0]]))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_bytes_become_whole_numbers(dtype: torch.dtype) -> None:
    pictures = torch.arange(256, dtype=torch.uint8).view(2, 128)
    taken = Rows(pictures, torch.arange(2), dtype=dtype)
    for inputs, _ in (taken.part(0, 2), taken.take(torch.tensor([0, 1])), *taken.in_order()):
        assert inputs.dtype == dtype
        assert torch.equal(inputs, torch.arange(256, dtype=dtype).view(2, 128))
    assert taken.inputs.dtype == torch.uint8


def test_a_part_of_numbers_is_no_copy() -> None:
    whole = rows()
    inputs, _ = whole.part(2, 5)
    assert inputs.data_ptr() == whole.inputs[2:].data_ptr()


@pytest.mark.parametrize("count", [0, 1, EVALUATION_ROWS, EVALUATION_ROWS + 1])
def test_rows_in_order_come_once(count: int) -> None:
    batches = [batch for _, batch in rows(count).in_order()]
    assert all(0 < len(batch) <= EVALUATION_ROWS for batch in batches)
    assert torch.equal(torch.cat([torch.arange(0), *batches]), torch.arange(count))


def test_the_rows_themselves_never_change() -> None:
    batches = loader([3, 4])
    for _ in range(2):
        for inputs, _ in batches.epoch(1):
            inputs.zero_()
    assert torch.equal(batches.rows.inputs, rows().inputs)
