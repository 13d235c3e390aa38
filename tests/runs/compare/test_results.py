"""How members are ranked."""

from __future__ import annotations

from dltrain.runs.compare.results import Result, ranked


def result(
    index: int, value: float | None, *, status: str = "done", message: str = "", **setting: str
) -> Result:
    return Result(index, setting, (), status, value=value, epoch=3, message=message)


def numbers(found: list[Result]) -> list[int]:
    return [one.index for one in found]


def test_the_most_accurate_is_the_best() -> None:
    found = [result(0, 0.5), result(1, 0.9), result(2, 0.7)]
    assert numbers(ranked(found, "val/accuracy")) == [1, 2, 0]
    assert numbers(ranked(found, "val/r2")) == [1, 2, 0]


def test_the_smallest_loss_is_the_best() -> None:
    found = [result(0, 0.5), result(1, 0.9), result(2, 0.1)]
    assert numbers(ranked(found, "val/loss")) == [2, 0, 1]
    assert numbers(ranked(found, "test/rmse")) == [2, 0, 1]


def test_equal_ones_stand_in_order_of_their_numbers() -> None:
    found = [result(2, 0.5), result(0, 0.5), result(1, 0.5)]
    assert numbers(ranked(found, "val/accuracy")) == numbers(ranked(found, "val/loss")) == [0, 1, 2]


def test_what_has_no_value_has_no_rank() -> None:
    assert ranked([result(0, None, status="diverged")], "val/loss") == []
