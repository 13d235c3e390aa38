"""How the values of a setting or of a metric lie along an axis."""

from __future__ import annotations

import pytest

from dltrain.runs.compare.axes import CATEGORY, GROUPS, LINEAR, LOG, axis_of, metric_axis


@pytest.mark.parametrize(
    ("texts", "order", "kind"),
    [
        ("0.1 0.001 0.01", "0.001 0.01 0.1", LOG),
        ("0.03 0.1 0.3", "0.03 0.1 0.3", LOG),
        ("16 32 64 128", "16 32 64 128", LOG),
        ("64 128 256", "64 128 256", LOG),
        ("128 256", "128 256", LINEAR),
        ("0.1 1", "0.1 1", LOG),
        ("1 2 3 4 5 6 7 8 9 10", "1 2 3 4 5 6 7 8 9 10", LINEAR),
        ("0 0.5 0.9", "0 0.5 0.9", LINEAR),
        ("0 0.1 0.5", "0 0.1 0.5", LINEAR),
        ("1 -1 -100", "-100 -1 1", LINEAR),
        ("1e-3 0.1 .01", "1e-3 .01 0.1", LOG),
    ],
)
def test_numbers_lie_by_size_and_what_doubles_by_its_logarithm(
    texts: str, order: str, kind: str
) -> None:
    axis = axis_of("lr", texts.split())
    assert axis.texts == order.split()
    assert axis.kind == kind
    assert list(axis.positions.values()) == list(map(float, order.split()))


@pytest.mark.parametrize("seeds", ["1 10 100", "0 1 2", "0 1 10 100"])
def test_seeds_are_never_on_a_logarithmic_axis(seeds: str) -> None:
    assert axis_of("seed", seeds.split()).kind == LINEAR


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        ("mlp linear mlp softmax", "mlp linear softmax"),
        ("true false", "true false"),
        ("0 1e-4 1e-3", "0 1e-4 1e-3"),
        ("null 1 0.5", "0.5 1 null"),
        ("[64] [16,8]", "[64] [16,8]"),
        ("nan 1 1e999", "1 nan 1e999"),
        ("0.1", "0.1"),
    ],
)
def test_what_is_no_number_or_beside_zero_lies_at_even_distances(texts: str, order: str) -> None:
    axis = axis_of("key", texts.split())
    assert axis.kind == CATEGORY
    assert axis.texts == order.split()
    assert list(axis.positions.values()) == list(range(len(axis.texts)))


def test_of_many_numbers_neighbours_are_looked_at_together() -> None:
    texts = [f"{1.1**i:.6f}" for i in range(100)]
    axis = axis_of("lr", texts)
    positions = axis.groups()
    assert axis.kind == LOG
    assert len(set(positions.values())) == GROUPS
    assert list(positions) == texts
    assert positions[texts[0]] == positions[texts[9]] != positions[texts[10]]


@pytest.mark.parametrize(
    ("metric", "values", "kind"),
    [
        ("val/loss", [1, 100], LOG),
        ("val/loss", [1, 99], LINEAR),
        ("val/loss", [0, 1000], LINEAR),
        ("val/loss", [-1, 1000], LINEAR),
        ("val/loss", [], LINEAR),
        ("val/accuracy", [0.001, 0.9], LINEAR),
        ("test/r2", [0.001, 0.9], LINEAR),
    ],
)
def test_losses_that_span_two_orders_are_on_a_logarithmic_axis_and_accuracies_never(
    metric: str, values: list[float], kind: str
) -> None:
    assert metric_axis(metric, values) == kind
