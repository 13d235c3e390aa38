"""How the values of a key lie along an axis, and which key matters most."""

from __future__ import annotations

import pytest

from dltrain.plots.scales import GROUPS, by_importance, scale_of, usable
from dltrain.runs.compare.results import Result


def result(index: int, value: float | None, status: str = "done", **setting: str) -> Result:
    return Result(index, setting, (), status, value)


@pytest.mark.parametrize(
    ("texts", "order", "is_log"),
    [
        ("0.1 0.001 0.01", "0.001 0.01 0.1", True),
        ("0.03 0.1 0.3", "0.03 0.1 0.3", True),
        ("16 32 64 128", "16 32 64 128", True),
        ("1 2 3 4 5 6 7 8 9 10", "1 2 3 4 5 6 7 8 9 10", False),
        ("0 0.5 0.9", "0 0.5 0.9", False),
        ("1e-3 0.1 .01", "1e-3 .01 0.1", True),
    ],
)
def test_numbers_lie_by_size_and_decades_by_their_logarithm(
    texts: str, order: str, is_log: bool
) -> None:
    scale = scale_of("lr", texts.split())
    assert scale.texts == tuple(order.split())
    assert scale.is_log is is_log
    assert scale.numbers == tuple(map(float, order.split()))


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        ("mlp linear mlp softmax", "mlp linear softmax"),
        ("0 1e-4 1e-3", "0 1e-4 1e-3"),
        ("null 1 0.5", "0.5 1 null"),
        ("[64] [16,8]", "[64] [16,8]"),
        ("nan 1 1e999", "1 nan 1e999"),
        ("0.1", "0.1"),
    ],
)
def test_what_is_no_number_or_beside_zero_lies_at_even_distances(texts: str, order: str) -> None:
    scale = scale_of("key", texts.split())
    assert scale.texts == tuple(order.split())
    assert not scale.numbers
    assert list(scale.places.values()) == list(range(len(scale.texts)))


def test_of_many_numbers_neighbours_are_looked_at_together() -> None:
    texts = [f"{1.1**i:.6f}" for i in range(100)]
    scale = scale_of("lr", texts)
    places = scale.groups()
    assert scale.is_log
    assert len(set(places.values())) == GROUPS
    assert list(places) == texts
    assert places[texts[0]] == places[texts[9]] != places[texts[10]]


def test_the_key_that_explains_most_comes_first_and_what_diverged_counts_as_worst() -> None:
    results = [
        result(0, 0.9, a="1", b="x", seed="0"),
        result(1, 0.8, a="1", b="y", seed="0"),
        result(2, None, "diverged", a="2", b="x", seed="0"),
        result(3, 0.85, a="2", b="y", seed="0"),
        result(4, None, "diverged", a="2", b="x", seed="0"),
    ]
    assert by_importance(results, "val/accuracy") == ["a", "b"]
    assert by_importance([result(0, 1.0, seed="0"), result(1, 2.0, seed="1")], "x") == ["seed"]
    assert by_importance([], "x") == []


def test_values_that_no_axis_holds_are_taken_away() -> None:
    values = [0.5, float("nan"), float("inf"), 1e200, None]
    found = usable([result(i, value) for i, value in enumerate(values)])
    assert [own.value for own in found] == [0.5, None, None, None, None]
