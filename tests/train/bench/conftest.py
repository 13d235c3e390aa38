"""What the tests of the bench share: what is measured, and that it takes a moment only."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from dltrain.config.load import load
from dltrain.runs.command_line import CommandLine
from dltrain.train import build
from dltrain.train.bench import measure, variants
from dltrain.train.job import Job

LINE = ["data.num_train=2000", "trainer.batch_size=64", "device=cpu"]
SOFTMAX = ["model=softmax", "data=fashion_mnist", "data.source=sample", "device=cpu"]


def job(*words: str) -> Job:
    config = load(words)
    data = build.dataset(config)
    return Job(CommandLine.parse(words), config, data, build.layer_plans(config, data))


@contextlib.contextmanager
def measuring_for_a_moment() -> Iterator[None]:
    """Measure for a moment only: times are not what is tested."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(variants, "SECONDS", 0.01)
        patch.setattr(variants, "MAX_STEP_SECONDS", 100.0)  # others may have the processors
        yield


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with measuring_for_a_moment():
        yield


@pytest.fixture(scope="session")
def costs() -> measure.Costs:
    with measuring_for_a_moment():
        return measure.measure(job(*SOFTMAX))
