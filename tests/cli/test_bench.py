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

from dltrain.cli.bench import _short
from tests.conftest import Call, tree
from tests.torture.forks import program
from tests.train.bench.conftest import LINE, measuring_for_a_moment

pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with measuring_for_a_moment():
        yield


def test_bench_says_what_a_run_costs_and_keeps_nothing(here: Path, call: Call) -> None:
    shown = call("bench", *LINE)
    assert (shown.code, shown.err) == (0, "")
    for name in ("step", "floor", "gather", "validation", "start-up", "run", "device.threads="):
        assert re.search(rf"^{name}", shown.out, re.MULTILINE), name
    assert tree(here) == []


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
