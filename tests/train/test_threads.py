"""Threads are chosen by how long steps take, on a clock of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dltrain.train.threads import Threads
from tests.conftest import Call, whole_command


class Machine:
    """A processor whose steps take as long as is told."""

    def __init__(self, cost: Callable[[int, float], float]) -> None:
        self.now, self.number, self.cost = 0.0, 1, cost  # as an earlier training left it
        self.told: list[str] = []
        self.spent = {1: 0.0, 2: 0.0}
        self.threads = Threads(2, tell=self.told.append, clock=lambda: self.now, use=self.use)

    def use(self, number: int) -> None:
        self.number = number

    def run(self, seconds: float) -> int:
        """Take steps for a while; return how many."""
        until, steps = self.now + seconds, 0
        while self.now < until:
            self.threads.begin()
            cost = self.cost(self.number, self.now)
            self.now += cost
            self.spent[self.number] += cost
            self.threads.end()
            steps += 1
        return steps


# Milliseconds a step on one thread and on two, measured on a processor of two cores.
QUIET = {"softmax": (0.393, 0.382), "mlp": (3.055, 2.039), "64 softmax": (7.428, 4.001)}
BUSY = {"softmax": (0.411, 2.465), "mlp": (3.131, 6.072), "64 softmax": (7.701, 17.309)}
BUSIER = {"softmax": (0.391, 5.259), "mlp": (5.498, 16.871), "64 softmax": (10.418, 19.309)}


@pytest.mark.parametrize("beside", [QUIET, BUSY, BUSIER], ids=["quiet", "busy", "busier"])
@pytest.mark.parametrize("model", QUIET)
def test_a_training_takes_no_longer_than_the_better_number_by_a_sixth(
    beside: dict[str, tuple[float, float]], model: str
) -> None:
    one, two = (milliseconds / 1e3 for milliseconds in beside[model])
    machine = Machine(lambda number, now: one if number == 1 else two)
    steps = machine.run(20.0)
    assert steps * min(one, two) > 20.0 / 1.15
    assert machine.threads.chosen == (1 if one < two else 2)
    assert f"computed on {machine.threads.chosen} thread" in machine.told[0]
    assert len(machine.told) == 1


def test_a_neighbour_that_comes_and_goes_is_noticed() -> None:
    def cost(number: int, now: float) -> float:
        busy = 10.0 <= now < 20.0
        return (BUSY if busy else QUIET)["mlp"][number - 1] / 1e3

    machine = Machine(cost)
    chosen = []
    for _ in range(6):
        machine.run(4.9)
        chosen.append(machine.threads.chosen)
    assert chosen == [2, 2, 1, 1, 2, 2]
    assert len(machine.told) == 3


def test_a_number_that_is_hopeless_costs_little() -> None:
    machine = Machine(lambda number, now: 0.0004 if number == 1 else 0.05)
    machine.run(30.0)
    assert machine.spent[2] < 0.15 * machine.spent[1]


def test_long_steps_are_tried_a_few_times_only() -> None:
    machine = Machine(lambda number, now: 2.0 / number)
    machine.run(20.0)
    assert machine.threads.chosen == 2


def test_a_run_says_in_its_log_what_it_chose(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    words = ("data=fashion_mnist", "data.source=sample", "model=mlp", "trainer.epochs=10")
    shown = whole_command(*words, folder=here)
    assert (shown.code, shown.err) == (0, "")
    assert "cpu (1 or 2 threads)" in shown.out
    [log] = here.glob("outputs/*/train.log")
    assert "steps are computed on " in log.read_text()


def test_who_names_a_number_gets_it(here: Path, call: Call) -> None:
    assert "cpu (1 thread)" in call("device.threads=1").out
    [log] = here.glob("outputs/*/train.log")
    assert "steps are computed on" not in log.read_text()
