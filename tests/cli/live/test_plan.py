"""What a sweep says of its plan before it trains."""

from __future__ import annotations

import pytest

from tests.conftest import Call


@pytest.mark.parametrize(
    ("keys", "stacks"),
    [
        (("seed=0,1,2", "optimizer.lr=0.01,0.1"), "6 members in 3 stacks"),  # a seed is not parted
        (("optimizer.lr=range(1,7)",), "6 members in 2 stacks"),
    ],
)
def test_stacks_are_counted_as_they_are_cut(
    here: None, call: Call, keys: tuple[str, ...], stacks: str
) -> None:
    shown = call("-m", "--dry-run", *keys, "sweep.stack_size=3")
    assert shown.code == 0
    assert f"{stacks}: linear" in shown.out
