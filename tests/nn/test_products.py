"""Products of members whose bytes are those of single ones."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from dltrain.nn import products


@pytest.fixture(autouse=True)
def same_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_a_way_that_gives_other_bytes_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    def shifted(to: Tensor, a: Tensor, b: Tensor, *, kept: int, scale: float) -> None:
        products.together(to, a, b, kept=kept, scale=scale)
        to.nextafter_(torch.tensor(9.0))

    to, a, b = torch.zeros(3, 4, 5), torch.rand(3, 4, 6), torch.rand(6, 5)
    before = products.choose(to, a, b, kept=1, scale=1.0)
    monkeypatch.setitem(products.WAYS, before, shifted)
    assert products.choose(to, a, b, kept=1, scale=1.0) != before
