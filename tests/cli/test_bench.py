"""dltrain bench: what a configuration costs, measured for real."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from dltrain.cli.bench import _short
from dltrain.config.load import load
from dltrain.runs.command_line import CommandLine
from dltrain.train import build
from dltrain.train.bench import measure, variants
from dltrain.train.job import Job
from tests.conftest import Call, changed, tree
from tests.torture.forks import program

pytestmark = pytest.mark.usefixtures("here")

LINE = ["data.num_train=2000", "trainer.batch_size=64", "device=cpu"]
RATES = "values of optimizer.lr"
SOFTMAX = ["model=softmax", "data=fashion_mnist", "data.source=sample", "device=cpu"]


def job(*words: str) -> Job:
    config = load(words)
    data = build.dataset(config)
    return Job(CommandLine.parse(words), config, data, build.layer_plans(config, data))


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """Measure for a moment only: times are not what is tested."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(variants, "SECONDS", 0.01)
        patch.setattr(variants, "MAX_STEP_SECONDS", 100.0)  # others may have the processors
        yield


@pytest.fixture(scope="module")
def costs() -> measure.Costs:
    return measure.measure(job(*SOFTMAX))


def test_the_parts_of_a_step_make_up_a_step(costs: measure.Costs) -> None:
    assert list(costs.phases) == ["gather", "forward", "loss", "backward and update"]
    assert all(seconds > 0 for seconds in costs.phases.values())


def test_an_epoch_is_steps_validation_and_the_rest(costs: measure.Costs) -> None:
    rest = "metrics, logs, checkpoints"
    assert list(costs.epoch) == ["steps and order of rows", "validation", rest]
    assert costs.steps == 18  # 4,583 rows of the sample in batches of 256
    assert costs.epoch["steps and order of rows"] > 0
    assert costs.floor > 0


def test_other_ways_are_named_as_they_are_typed(costs: measure.Costs) -> None:
    words = [way.words for way in costs.variants]
    assert {"trainer.batch_size=512", f"-m, 8 {RATES}", f"-m, 64 {RATES}"} <= set(words)
    for word in words:
        if "=" in word:
            load(changed(SOFTMAX, word))
    assert costs.left_out == []
    assert all(way.rows_per_second > 0 for way in costs.variants)


def test_rows_of_members_together_all_count(costs: measure.Costs) -> None:
    together = next(way for way in costs.variants if way.words == f"-m, 64 {RATES}")
    assert together.rows_per_second == pytest.approx(64 * 4583 / 18 / together.seconds)


def test_measuring_leaves_the_number_of_threads_as_it_was() -> None:
    before = torch.get_num_threads()
    measure.measure(job(*LINE))
    assert torch.get_num_threads() == before


def test_a_batch_larger_than_the_table_is_not_tried() -> None:
    words = {
        way.words for way in measure.measure(job(*changed(LINE, "data.num_train=200"))).variants
    }
    assert "trainer.batch_size=128" in words
    assert "trainer.batch_size=256" not in words


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


def test_bench_says_what_a_run_costs_and_keeps_nothing(here: Path, call: Call) -> None:
    shown = call("bench", *LINE)
    assert (shown.code, shown.err) == (0, "")
    for name in ("step", "floor", "gather", "validation", "start-up", "run", "device.threads="):
        assert re.search(rf"^{name}", shown.out, re.MULTILINE), name
    assert tree(here) == []


def test_what_is_too_large_is_left_out_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variants, "free_memory", lambda: 2**20)
    costs = measure.measure(job(*SOFTMAX))
    assert f"-m, 64 {RATES}" in costs.left_out
    assert f"-m, 64 {RATES}" not in {way.words for way in costs.variants}


def test_validation_that_comes_seldom_is_timed_all_the_same() -> None:
    costs = measure.measure(job(*LINE, "trainer.eval_interval=50"))
    assert costs.epoch["validation"] > 0


def test_without_rows_to_validate_there_is_no_validation() -> None:
    costs = measure.measure(job(*changed(LINE, "data.num_val=0")))
    assert "validation" not in costs.epoch


@pytest.mark.parametrize(
    "number",
    [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.proof)],
    ids=lambda n: n.name,
)
def test_a_signal_ends_bench_and_leaves_nothing(number: signal.Signals, here: Path) -> None:
    temporary = here / "temporary"
    temporary.mkdir()
    # Long enough that the signal finds it measuring; epochs of it are recorded, too.
    words = ["data.num_train=300000", "trainer.batch_size=32", "device=cpu"]
    child = subprocess.Popen(
        [*shlex.split(program()), "bench", *words],
        env={**os.environ, "TMPDIR": str(temporary)},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not list(temporary.glob("*/run.json")) and time.monotonic() < deadline:
        time.sleep(0.02)
    child.send_signal(number)
    out, err = child.communicate(timeout=60)
    assert (child.returncode, out) == (128 + number, "")
    assert err == "dltrain: error: interrupted; nothing is kept\n"
    assert list(temporary.iterdir()) == []


def test_bench_of_the_analytic_solution(call: Call) -> None:
    shown = call("bench", "optimizer=least_squares", *LINE[::2])
    assert (shown.code, shown.err) == (0, "")


@pytest.mark.parametrize("word", ["optimizer.lr=1e9", "model.hidden=[3]"])
def test_bench_refuses_and_survives_what_training_does(word: str, call: Call) -> None:
    shown = call("bench", *LINE, word)
    assert shown.code == (2 if "hidden" in word else 0)
    assert "Traceback" not in shown.err


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1.754e-4, "175 us"), (1.0713e-3, "1.07 ms"), (2.314, "2.31 s"), (0.0, "0 us")],
)
def test_short_times_have_three_digits(seconds: float, text: str) -> None:
    assert _short(seconds) == text
