"""Graphs: on a GPU a replay is the run, byte for byte; and the stand-in for machines without."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from dltrain.config.load import load
from dltrain.runs.command_line import CommandLine
from dltrain.train import build
from dltrain.train.cuda_graphs import Graphs
from dltrain.train.device import choose
from dltrain.train.job import Job
from dltrain.train.outcome import Outcome, Row
from dltrain.train.session import Training
from dltrain.train.steps import Steps
from dltrain.train.trainer import Trainer
from tests.replay import GivenBackError, Recorder, Replays
from tests.stacked import ALL, MEMBERS, MODELS, assert_same_bytes, of, rules, shorten, state, train

CUDA = torch.device("cuda")


@pytest.fixture
def gpu() -> Iterator[torch.device]:
    """Choose a GPU that gives the same bits every time, as a run does."""
    before = torch.are_deterministic_algorithms_enabled()
    yield choose("cuda", threads=None, deterministic=True)
    torch.use_deterministic_algorithms(before)


def needs_gpu(test: Any) -> Any:
    missing = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
    return pytest.mark.gpu(missing(test))


# --- the stand-in -------------------------------------------------------------------------------


def runs(graphs: Any, function: Callable[[], Tensor], count: int = 5) -> list[float]:
    """Run a function again and again; read each result."""
    return [float(graphs.run("kind", function).sum()) for _ in range(count)]


def test_a_replay_adds_up_on_the_device_like_the_function() -> None:
    total = torch.zeros(3)

    def function() -> Tensor:
        total.add_(torch.ones(3) * 2)
        return total * 1

    assert runs(Replays(), function) == [6.0, 12.0, 18.0, 24.0, 30.0]


def test_a_replay_uses_what_lies_in_memory_now() -> None:
    inputs, replays = torch.zeros(2), Replays()
    for value in (1.0, 2.0, 3.0, 4.0):
        inputs.fill_(value)
        doubled = replays.run("kind", lambda: (inputs.view(2, 1) * 2).squeeze(1))
        assert doubled.tolist() == [2 * value] * 2


def test_a_replay_knows_nothing_of_what_python_counts() -> None:
    """So a step that counted in Python would be found out."""
    counted, total = [0], torch.zeros(1)

    def function() -> Tensor:
        counted[0] += 1
        return total.fill_(counted[0])

    assert runs(Replays(), function) == [1.0, 2.0, 2.0, 2.0, 2.0]


def test_a_replay_after_memory_was_given_back_is_an_error() -> None:
    kept = {"memory": torch.ones(1000)}
    replays = Replays()

    def function() -> Tensor:
        return kept["memory"].mul_(2)[:1]

    assert runs(replays, function, 3) == [2.0, 4.0, 8.0]
    kept["memory"] = kept["memory"].clone()
    with pytest.raises(GivenBackError):
        replays.run("kind", function)


def test_what_a_recording_made_is_its_own() -> None:
    """A graph has its own pool of memory, so what a step throws away stays there."""
    inputs, replays = torch.ones(1000), Replays()
    for _ in range(4):
        result = replays.run("kind", lambda: torch.stack([inputs + 1, inputs * 3]).sum(dim=0))
        assert result.eq(5).all()


def test_a_recording_takes_simple_operations_down() -> None:
    with torch.inference_mode(), Recorder() as recorder:
        torch.nn.functional.linear(torch.ones(2, 3), torch.ones(4, 3))
    names = [each.name for each in recorder.operations]
    assert "aten.mm.default" in names or "aten.addmm.default" in names


def test_kinds_are_recorded_apart() -> None:
    replays, total = Replays(), torch.zeros(1)
    for _ in range(3):
        replays.run("one", lambda: total.add_(1))
        replays.run("ten", lambda: total.add_(10))
    assert float(total) == 33.0
    assert replays.count == 2


# --- a GPU --------------------------------------------------------------------------------------


def trained(
    model: str, optimizer: str, members: str, *, graphs: bool, epochs: int = 4
) -> tuple[list[Tensor], Steps]:
    """Train on the GPU; return everything that shows and lasts."""
    stack = of(model, optimizer, members, device=CUDA)
    steps = Steps(stack)
    if not graphs:
        steps.graphs = None
    return [*train(steps, epochs), *state(stack).values()], steps


@needs_gpu
@pytest.mark.parametrize(("model", "optimizer", "members"), ALL)
def test_replays_equal_plain_runs_byte_for_byte(
    model: str,
    optimizer: str,
    members: str,
    gpu: torch.device,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shorten(monkeypatch, window=4, watched=3)
    plain, _ = trained(model, optimizer, members, graphs=False)
    replayed, steps = trained(model, optimizer, members, graphs=True)
    assert steps.graphs is not None
    assert steps.graphs.problem == ""
    assert len(steps.graphs._captured) == 2
    assert_same_bytes(replayed, plain)


@needs_gpu
@pytest.mark.parametrize(("window", "watched"), [(512, 16), (5, 2), (5, 7), (1, 3)])
@pytest.mark.parametrize("model", MODELS)
def test_replays_equal_plain_runs_whatever_the_windows(
    model: str,
    window: int,
    watched: int,
    gpu: torch.device,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shorten(monkeypatch, window=window, watched=watched)
    plain, _ = trained(model, "sgd", "own batches", graphs=False)
    replayed, steps = trained(model, "sgd", "own batches", graphs=True)
    assert steps.graphs is not None
    assert steps.graphs.problem == ""
    assert_same_bytes(replayed, plain)


@needs_gpu
@pytest.mark.parametrize("model", MODELS)
def test_a_training_with_evaluations_equals_one_without_graphs(
    model: str, gpu: torch.device, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They need more memory than a step, and may not take away what a graph uses."""
    shorten(monkeypatch, window=4, watched=3)
    found = []
    for graphs in (False, True):
        stack = of(model, "adam", "own batches", device=gpu)
        trainer, view = Trainer(stack, rules=rules(stack, 5, 2), eval_interval=2), Rows()
        if not graphs:
            trainer.steps.graphs = None
        list(trainer.fit([None] * len(MEMBERS["own batches"]), view))
        outcomes = trainer.outcomes
        found.append((view.rows, outcomes, [*state(stack).values()]))
    (rows, outcomes, tensors), (other_rows, other_outcomes, other_tensors) = found
    assert (rows, outcomes) == (other_rows, other_outcomes)
    assert_same_bytes(other_tensors, tensors)


class Rows:
    """A view that keeps what it is shown."""

    def __init__(self) -> None:
        self.rows: list[list[Row]] = []

    def epoch(self, rows: Sequence[Row], outcomes: Sequence[Outcome], *, seconds: float) -> None:
        self.rows.append(list(rows))

    def early(self, rows: Sequence[Row]) -> None:
        raise AssertionError("nobody asked")


@needs_gpu
@pytest.mark.parametrize(("model", "optimizer", "members"), ALL)
def test_no_step_waits_for_the_gpu(
    model: str, optimizer: str, members: str, gpu: torch.device
) -> None:
    steps = Steps(of(model, optimizer, members, device=gpu))
    steps.graphs = None
    with torch.inference_mode():
        for _ in steps.epoch(1):
            pass
        for window in steps.windows(2):
            torch.cuda.set_sync_debug_mode("error")
            try:
                for step in window:
                    for _ in steps.phases(step, window):
                        pass
            finally:
                torch.cuda.set_sync_debug_mode("default")


@needs_gpu
@pytest.mark.parametrize("members", MEMBERS)
def test_no_epoch_of_replays_waits_for_the_gpu(members: str, gpu: torch.device) -> None:
    """Nor does bringing the order of its rows there."""
    steps = Steps(of("dropout", "adam", members, device=gpu))
    train(steps, 2)
    with torch.inference_mode():
        torch.cuda.set_sync_debug_mode("error")
        try:
            for _ in steps.epoch(3):
                pass
        finally:
            torch.cuda.set_sync_debug_mode("default")


@needs_gpu
def test_what_cannot_be_captured_is_run_and_the_problem_told(gpu: torch.device) -> None:
    total, graphs, calls = torch.zeros(3, device=gpu), Graphs(), [0]

    def function() -> Tensor:
        calls[0] += 1
        total.add_(1)
        return total * float(total.sum())  # which the host has to read

    assert runs(graphs, function) == [9.0, 36.0, 81.0, 144.0, 225.0]
    assert graphs.problem
    assert calls == [6]  # one for the capture, which ran nothing, and was not tried again


@needs_gpu
def test_after_a_capture_that_failed_nothing_else_is_captured(gpu: torch.device) -> None:
    graphs, total = Graphs(), torch.zeros(3, device=gpu)
    assert runs(graphs, lambda: torch.ones(1, device=gpu) * total.sum().item(), 2) == [0.0, 0.0]
    for expected in (3.0, 6.0, 9.0):
        assert float(graphs.run("other", lambda: total.add_(1)).sum()) == expected
    assert graphs.problem
    assert graphs._captured == {}


@needs_gpu
def test_what_can_be_captured_is_called_twice_in_all(gpu: torch.device) -> None:
    total, graphs, calls = torch.zeros(3, device=gpu), Graphs(), [0]

    def function() -> Tensor:
        calls[0] += 1
        return total.add_(1)

    assert runs(graphs, function) == [3.0, 6.0, 9.0, 12.0, 15.0]
    assert (graphs.problem, calls) == ("", [2])


@needs_gpu
def test_a_stack_has_graphs_if_its_steps_can_be_captured(gpu: torch.device) -> None:
    assert Steps(of("mlp", device=gpu)).graphs is not None


def test_the_log_says_why_steps_are_launched_one_by_one(here: Path) -> None:
    words = ["data.num_train=200", "device=cpu"]
    config = load(words)
    data = build.dataset(config)
    training = Training(
        [Job(CommandLine.parse(words), config, data, build.layer_plans(config, data))]
    )
    graphs = training.trainer.steps.graphs = Graphs()
    graphs.problem = "operation not permitted"
    training.record([here])
    [ended] = training.run(Unwatched())
    assert ended.exit_code == 0
    log = (here / "train.log").read_text()
    assert "steps were not captured as a CUDA graph: operation not permitted" in log


class Unwatched:
    def epoch(self, rows: object, outcomes: object, *, seconds: float) -> None: ...

    def early(self, rows: object) -> None: ...
