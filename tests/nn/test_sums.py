"""Sums over the last axis do not depend on the number of threads."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from dltrain.nn.sums import THREADED_NUMBERS, sum_last


@pytest.fixture(autouse=True)
def same_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    "shape", [(7,), (3, 5), (1, 9), (THREADED_NUMBERS + 17,), (1, 1, 3 * THREADED_NUMBERS)]
)
@pytest.mark.parametrize("given", [True, False])
def test_the_bytes_of_a_sum_are_those_on_one_thread(shape: tuple[int, ...], given: bool) -> None:
    numbers = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    found = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        out = torch.empty(shape[:-1]) if given else None
        total = sum_last(numbers, out=out)
        assert total.shape == shape[:-1]
        assert not given or total is out
        found.append(total.numpy().tobytes())
    assert len(set(found)) == 1
    torch.testing.assert_close(total, numbers.sum(-1), rtol=1e-5, atol=1e-3)
