"""Cost: what a layer tells of itself is what is counted."""

from __future__ import annotations

import pytest

from dltrain.config.load import load
from dltrain.data.dataset import EVALUATION_ROWS, DataSummary
from dltrain.nn.plan import ActivationPlan, DropoutPlan, LayerPlans, LinearPlan, single_layer
from dltrain.train.cost import Workload, member_bytes, work
from tests.scaling import ScalePlan
from tests.stacked import ROWS, dataset

SGD = ["device=cpu", "trainer.batch_size=8"]


def workload(layers: LayerPlans) -> Workload:
    return Workload(DataSummary.of(dataset(classes=False)), layers)


def needed(layers: LayerPlans, *words: str) -> int:
    return member_bytes(load([*SGD, *words]), workload(layers))


def test_a_linear_layers_memory_is_weights_and_activations() -> None:
    evaluated = max(ROWS.values())
    assert evaluated < EVALUATION_ROWS
    numbers = 5 * (12 * 3 + 3) + 3 * 8 * 3 + evaluated * (3 + 3)
    assert needed(single_layer(12, 3)) == 4 * numbers
    assert needed(single_layer(12, 3), "device.dtype=float64") == 8 * numbers


@pytest.mark.parametrize(
    ("layer", "numbers"),
    [
        (ActivationPlan("relu", 3), 0),
        (ActivationPlan("gelu", 3), (3 * 8 + 2 * 90) * 3),
        (DropoutPlan(0.5, 3), 3 * 8 * 3),
        (ScalePlan(3), 5 * 3 + (2 * 8 + 90) * 3),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_layer_adds_what_it_tells(layer: ActivationPlan | ScalePlan, numbers: int) -> None:
    before, after = (
        [LinearPlan(12, 3), LinearPlan(3, 1)],
        [LinearPlan(12, 3), layer, LinearPlan(3, 1)],
    )
    assert needed(after) - needed(before) == 4 * numbers


def test_work_is_that_of_the_products() -> None:
    config = load([*SGD, "trainer.epochs=2"])
    training, evaluated = 2 * 90 * 2, 2 * (40 * 2 + 50)
    assert work(config, workload(single_layer(12, 1))) == 12 * (2 * training + evaluated)
    # Behind another layer it computes a gradient for its inputs as well.
    behind: LayerPlans = [ScalePlan(12), LinearPlan(12, 1)]
    assert work(config, workload(behind)) == 12 * (3 * training + evaluated)
