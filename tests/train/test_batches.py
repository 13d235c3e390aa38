"""Minibatches: every row once, in an order of its own, shared where members agree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
import torch
from torch import Tensor

from dltrain.data.dataset import EVALUATION_ROWS
from dltrain.nn.random import generator
from dltrain.train import batches as module
from dltrain.train.batches import (
    WINDOW_ROWS,
    WINDOW_STEPS,
    Batches,
    Rows,
    batch_seeds,
)
from tests.stacked import Noise

NUM_ROWS = 10
STEP = torch.tensor(0, dtype=torch.int32)


def rows(count: int = NUM_ROWS, dtype: torch.dtype = torch.float32) -> Rows:
    """Rows that know their number: row i holds i, 100 + i and the target i."""
    numbers = torch.arange(count)
    inputs = torch.stack([numbers, 100 + numbers], dim=1).to(dtype)
    return Rows(inputs, numbers, dtype=dtype)


def order(seed: int, epoch: int) -> Tensor:
    return torch.randperm(NUM_ROWS, generator=generator(seed, "order", epoch))


def loader(seeds: Sequence[int] = (0,), batch_size: int | None = 4) -> Batches:
    few = rows()
    return Batches(few, batch_size=batch_size, order=order, seeds=seeds, transform=few.to_float)


def batches(loader: Batches, epoch: int = 1) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield all batches of an epoch, each good until the next."""
    for window in loader.windows(epoch):
        for index in range(len(window)):
            yield loader.batch(index, step=STEP)[:2]


def targets(loader: Batches, epoch: int = 1) -> Tensor:
    """All targets of an epoch, [N] or [S, N]; checks that each comes with its inputs."""
    parts = []
    for inputs, batch in batches(loader, epoch):
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
    loading = loader(batch_size=batch_size)
    assert [len(batch) for _, batch in batches(loading)] == sizes
    assert len(loading) == len(sizes)
    assert loading.batch_size == sizes[0]


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
    inputs, batch = next(batches(loader([3, 3, 3])))
    assert (inputs.shape, batch.shape) == ((4, 2), (4,))


def test_members_of_several_seeds_get_batches_of_their_own() -> None:
    inputs, batch = next(batches(loader([3, 4, 3])))
    assert (inputs.shape, batch.shape) == ((3, 4, 2), (3, 4))


def test_neighbours_of_one_seed_share_a_batch() -> None:
    gathered = []
    for inputs, batch in batches(loader([0, 0, 1, 1])):
        assert inputs.shape == (2, batch.shape[1], 2)
        assert batch.shape[0] == 2
        assert torch.equal(inputs[:, :, 0], batch.float())
        gathered.append(batch.clone())
    together = torch.cat(gathered, dim=-1)
    for member, seed in enumerate([0, 0, 1, 1]):
        assert torch.equal(together[member // 2], targets(loader([seed])))
    assert not torch.equal(together[0], together[1])


@pytest.mark.parametrize(
    ("seeds", "count"),
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
def test_no_more_batches_are_gathered_than_runs_of_seeds_need(seeds: list[int], count: int) -> None:
    for inputs, batch in batches(loader(seeds)):
        assert inputs.shape[:-2] == batch.shape[:-1] == ((count,) if count > 1 else ())
    together = targets(loader(seeds)).expand(count, -1)
    for member, seed in enumerate(seeds):
        own = together[member * count // len(seeds)]
        assert torch.equal(own, targets(loader([seed])))


def test_a_member_sees_the_same_rows_alone_and_in_a_stack() -> None:
    together = targets(loader([3, 4, 3]), 2)
    for member, seed in enumerate([3, 4, 3]):
        assert torch.equal(together[member], targets(loader([seed]), 2))


@pytest.mark.parametrize("batch_size", [None, NUM_ROWS, 99])
def test_all_rows_at_once_come_shared_and_in_their_own_order(batch_size: int | None) -> None:
    assert torch.equal(targets(loader([3, 4], batch_size)), torch.arange(NUM_ROWS))


def test_a_batch_holds_until_the_next_is_taken() -> None:
    taken = rows()
    first = taken.take(torch.tensor([1, 2]))
    held = first.clone()
    second = taken.take(torch.tensor([3, 4]))
    assert torch.equal(held, torch.tensor([[1.0, 101.0], [2.0, 102.0]]))
    assert torch.equal(second, torch.tensor([[3.0, 103.0], [4.0, 104.0]]))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("batch_size", [1, None])
def test_bytes_become_whole_numbers(dtype: torch.dtype, batch_size: int | None) -> None:
    pictures = torch.arange(256, dtype=torch.uint8).view(2, 128)
    few = Rows(pictures, torch.arange(2), dtype=dtype)
    loading = Batches(
        few,
        batch_size=batch_size,
        order=lambda seed, epoch: torch.arange(2),
        seeds=[0],
        transform=few.to_float,
    )
    for found in (batches(loading), few.in_order()):
        inputs = torch.cat([inputs.clone() for inputs, *_ in found])
        assert inputs.dtype == dtype
        assert torch.equal(inputs, torch.arange(256, dtype=dtype).view(2, 128))
    assert few.inputs.dtype == torch.uint8


def test_rows_that_are_floats_come_without_a_copy() -> None:
    few = rows()
    [(inputs, *_)] = few.in_order()
    assert inputs.data_ptr() == few.inputs.data_ptr()


@pytest.mark.parametrize("count", [0, 1, EVALUATION_ROWS, EVALUATION_ROWS + 1])
def test_rows_in_order_come_once(count: int) -> None:
    parts = [batch for _, batch, _ in rows(count).in_order()]
    assert all(0 < len(batch) <= EVALUATION_ROWS for batch in parts)
    assert torch.equal(torch.cat([torch.arange(0), *parts]), torch.arange(count))


def test_the_rows_themselves_never_change() -> None:
    loading = loader([3, 4])
    for epoch in (1, 2):
        for inputs, _ in batches(loading, epoch):
            inputs.zero_()
    assert torch.equal(loading.rows.inputs, rows().inputs)
    assert torch.equal(loading.rows.targets, rows().targets)


# --- windows ------------------------------------------------------------------------------------


@pytest.fixture(params=[1, 2, 3, 4, 100])
def short_windows(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Let windows have this many steps."""
    steps: int = request.param
    monkeypatch.setattr(module, "WINDOW_STEPS", steps)
    return steps


SEEDS = pytest.mark.parametrize("seeds", [(0,), (7, 8, 7), (7, 7, 8, 8)], ids=str)
SIZES = pytest.mark.parametrize("batch_size", [1, 3, 5, 9, None])


@SIZES
def test_windows_partition_the_epoch(short_windows: int, batch_size: int | None) -> None:
    loading = loader(batch_size=batch_size)
    for epoch in (1, 2):
        windows = list(loading.windows(epoch))
        assert [step for window in windows for step in window] == [*range(len(loading))]
        assert all(0 < len(window) <= short_windows for window in windows)
        assert {len(window) for window in windows[:-1]} <= {short_windows}


@SEEDS
@SIZES
def test_windows_change_no_order(
    short_windows: int, seeds: tuple[int, ...], batch_size: int | None
) -> None:
    loading = loader(seeds, batch_size)
    for epoch in (1, 2):
        whole = torch.stack([order(seed, epoch) for seed in seeds])
        if batch_size is None:
            whole = torch.arange(NUM_ROWS).expand(len(seeds), -1)
        found = targets(loading, epoch)
        together = found.view(-1, NUM_ROWS)
        assert torch.equal(together.repeat_interleave(len(seeds) // len(together), dim=0), whole)


def places(loading: Batches) -> list[tuple[int, ...]]:
    """Where the batches of each window of an epoch lie, and the indices they are gathered by."""
    found: list[tuple[int, ...]] = []
    for window in loading.windows(1):
        for index in range(len(window)):
            inputs, batch, _ = loading.batch(index, step=STEP)
            indices = loading._window[index][0]
            found.append((inputs.data_ptr(), batch.data_ptr(), indices.data_ptr()))
    return found


@SEEDS
def test_the_batches_of_every_epoch_lie_in_the_same_memory(
    short_windows: int, seeds: tuple[int, ...]
) -> None:
    """What a GPU replays finds them where they were."""
    loading = loader(seeds, 3)
    first = places(loading)
    assert places(loading) == places(loading) == first


@SEEDS
def test_a_step_finds_its_batch_in_the_same_memory_in_every_window(
    seeds: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WINDOW_STEPS", 2)
    found = places(loader(seeds, 2))  # 2 + 2 + 1 steps
    assert len(found) == 5
    assert found[0:2] == found[2:4]
    assert found[0] == found[4]


@SEEDS
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_a_step_finds_its_batch_where_it_was_whatever_the_size_of_the_last(
    seeds: tuple[int, ...], dtype: torch.dtype
) -> None:
    few = Rows(torch.zeros(NUM_ROWS, 2, dtype=dtype), torch.arange(NUM_ROWS), dtype=torch.float32)
    loading = Batches(few, batch_size=4, order=order, seeds=seeds, transform=few.to_float)
    assert places(loading) == places(loading)
    assert len({inputs for inputs, *_ in places(loading)}) == 1


@pytest.mark.parametrize("batch_size", [3, None])
def test_a_batch_of_a_window_holds_until_the_next(batch_size: int | None) -> None:
    loading = loader([3, 4], batch_size)
    for window in loading.windows(1):
        held: list[tuple[Tensor, Tensor]] = []
        for index in range(len(window)):
            inputs, batch, _ = loading.batch(index, step=STEP)
            held.append((inputs.clone(), batch.clone()))
            assert torch.equal(inputs[..., 0], batch.float())
        for index in reversed(range(len(window))):  # in whatever order they are asked for
            assert all(map(torch.equal, loading.batch(index, step=STEP)[:2], held[index]))


def test_targets_of_a_window_hold_while_it_does() -> None:
    loading = loader([3, 4], 3)
    for window in loading.windows(1):
        parts = [loading.batch(index, step=STEP)[1] for index in range(len(window))]
        together = torch.cat(parts, dim=-1)
        assert torch.equal(together.sort(dim=-1).values, torch.arange(NUM_ROWS).expand(2, -1))


def test_indices_take_four_bytes_each() -> None:
    loading = loader([3, 4])
    assert list(batches(loading))
    assert {indices.dtype for indices, *_ in loading._window} == {torch.int32}


def test_no_window_has_more_rows_or_steps_than_it_should() -> None:
    count = 2 * WINDOW_ROWS + 3
    whole = Rows(torch.zeros(count, 1, dtype=torch.uint8), torch.arange(count), dtype=torch.float32)

    def in_order(seed: int, epoch: int) -> Tensor:
        return torch.arange(count)

    for batch_size in (WINDOW_ROWS // WINDOW_STEPS // 2, WINDOW_ROWS // 4, WINDOW_ROWS + 1):
        loading = Batches(
            whole, batch_size=batch_size, order=in_order, seeds=[0], transform=whole.to_float
        )
        windows = list(loading.windows(1))
        assert [step for window in windows for step in window] == [*range(len(loading))]
        for window in windows:
            assert len(window) <= WINDOW_STEPS
            assert len(window) * batch_size <= max(WINDOW_ROWS, batch_size)


# --- a transform --------------------------------------------------------------------------------


def noisy(seeds: Sequence[int], batch_size: int | None = 4) -> Batches:
    few = rows()
    noise = Noise(batch_seeds(seeds), few.inputs.shape[1], device=few.inputs.device)
    return Batches(few, batch_size=batch_size, order=order, seeds=seeds, transform=noise)


def noise_of(seeds: Sequence[int], step: int, batch_size: int | None = 4) -> Tensor:
    """What a transform adds in a step, [B, I] or [S, B, I]."""
    loading = noisy(seeds, batch_size)
    next(iter(loading.windows(1)))
    number = torch.tensor(step, dtype=torch.int32)
    inputs, batch, _ = loading.batch(0, step=number)
    return inputs - torch.stack([batch, 100 + batch], dim=-1)


def test_a_transform_changes_batches_and_not_the_rows_that_are_evaluated() -> None:
    loading = noisy([3, 4])
    changed = 0
    for inputs, batch in batches(loading):
        plain = torch.stack([batch, 100 + batch], dim=-1).float()
        changed += int((inputs != plain).sum())
        assert ((inputs == plain) | (inputs == plain + 0.5)).all()
    assert 0 < changed < 2 * NUM_ROWS * 2
    [(inputs, *_)] = loading.rows.in_order()
    assert torch.equal(inputs, rows().inputs)


@pytest.mark.parametrize("batch_size", [4, None])
def test_what_a_transform_draws_depends_on_seed_and_step_alone(batch_size: int | None) -> None:
    first = noise_of([3], 5, batch_size)
    assert torch.equal(noise_of([3], 5, batch_size), first)
    assert not torch.equal(noise_of([3], 6, batch_size), first)
    assert not torch.equal(noise_of([8], 5, batch_size), first)
    assert torch.equal(noise_of([3, 3], 5, batch_size), first)


def test_a_transform_does_the_same_to_a_member_alone_and_in_a_stack() -> None:
    together = noise_of([3, 3, 8, 8], 5)
    assert together.shape == (2, 4, 2)
    for index, seed in enumerate([3, 8]):
        assert torch.equal(together[index], noise_of([seed], 5))
