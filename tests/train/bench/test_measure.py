"""What a configuration costs, measured for real."""

from __future__ import annotations

import pytest
import torch

from dltrain.train.bench import measure
from tests.conftest import changed
from tests.train.bench.conftest import LINE, SOFTMAX, job

pytestmark = pytest.mark.usefixtures("here")


def test_the_parts_of_a_step_make_up_a_step(costs: measure.Costs) -> None:
    assert list(costs.phases) == ["gather", "forward", "loss", "backward and update"]
    assert all(seconds > 0 for seconds in costs.phases.values())


def test_an_epoch_is_steps_validation_and_the_rest(costs: measure.Costs) -> None:
    rest = "metrics, logs, checkpoints"
    assert list(costs.epoch) == ["steps and order of rows", "validation", rest]
    assert costs.steps == 18  # 4,583 rows of the sample in batches of 256
    assert costs.epoch["steps and order of rows"] > 0
    assert costs.floor > 0


def test_measuring_leaves_the_number_of_threads_as_it_was() -> None:
    before = torch.get_num_threads()
    measure.measure(job(*LINE))
    assert torch.get_num_threads() == before


def test_the_products_are_those_of_the_layers() -> None:
    calls: list[tuple[int, ...]] = []

    class Counting(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
            if func is torch.mm:
                calls.append((*args[0].shape, args[1].shape[1]))
            return func(*args, **(kwargs or {}))

    mlp = job("model=mlp", "model.hidden=[16]", *SOFTMAX[1:])
    call = measure.products(mlp.layers, rows=32, like=torch.empty(0))
    with Counting():
        call()
    assert calls == [(32, 784, 16), (32, 16, 10), (784, 32, 16), (16, 32, 10), (32, 10, 16)]


def test_validation_that_comes_seldom_is_timed_all_the_same() -> None:
    costs = measure.measure(job(*LINE, "trainer.eval_interval=50"))
    assert costs.epoch["validation"] > 0


def test_without_rows_to_validate_there_is_no_validation() -> None:
    costs = measure.measure(job(*changed(LINE, "data.num_val=0")))
    assert "validation" not in costs.epoch
