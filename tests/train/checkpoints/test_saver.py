"""States of a training: taken when they are due, and gone on from to the same numbers."""

from __future__ import annotations

import dataclasses
import signal
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dltrain.config.load import load
from dltrain.data.dataset import DataSummary
from dltrain.train import batches, build
from dltrain.train.checkpoints import checkpoint_file
from dltrain.train.checkpoints.checkpoint_file import CheckpointError
from dltrain.train.checkpoints.saver import Interval, State, misfit
from dltrain.train.job import rules_of
from dltrain.train.outcome import Outcome, Row
from dltrain.train.trainer import Trainer
from tests.conftest import Call
from tests.scaling import scaled
from tests.stacked import Kept, rules

CPU = torch.device("cpu")
SMALL = ("data.num_train=70", "data.num_val=20", "trainer.batch_size=8", "device=cpu")  # 9 steps
MLP = ("model=mlp", "model.hidden=[5]", "model.dropout=0.3")
KINDS = {
    "linear, sgd": (),
    "linear, momentum": ("optimizer.momentum=0.9", "trainer.max_grad_norm=0.5"),
    "mlp, adam": (*MLP, "optimizer=adam"),
    "mlp, adamw": (*MLP, "optimizer=adamw", "optimizer.weight_decay=0.1"),
}


class Stopping:
    """A view that lets a training stop after a step."""

    def __init__(self, trainer: Trainer, step: int | None) -> None:
        self._trainer, self._step = trainer, step

    def epoch(self, rows: Sequence[Row], outcomes: Sequence[Outcome], *, seconds: float) -> None:
        self.early(rows)

    def early(self, rows: Sequence[Row]) -> None:
        if self._step is not None and self._trainer.step >= self._step:
            self._trainer.stop(signal.SIGTERM)


def prepared(members: Sequence[Sequence[str]]) -> Trainer:
    configs = [load([*SMALL, "trainer.epochs=3", *words]) for words in members]
    told = configs[0].trainer
    interval = told.checkpoint_interval
    return Trainer(
        build.stack(configs, build.dataset(configs[0]), CPU),
        rules=rules_of(configs[0], DataSummary.of(build.dataset(configs[0]))),
        eval_interval=told.eval_interval,
        log_interval=told.log_interval,
        checkpoint_interval=None if interval is None else Interval.read(interval),
    )


def states(recorders: Sequence[Kept]) -> list[State]:
    """Load the last state of each member."""
    return [State.load(checkpoint_file.paths(own.folder / "checkpoints")[0]) for own in recorders]


def finish(trainer: Trainer, recorders: Sequence[Kept], stop_at: int | None = None) -> None:
    list(trainer.fit(recorders, Stopping(trainer, stop_at)))


def last(recorders: Sequence[Kept]) -> list[bytes]:
    return [checkpoint_file.paths(own.folder / "checkpoints")[0].read_bytes() for own in recorders]


@pytest.fixture(scope="module")
def short_windows() -> Iterator[None]:
    """Let an epoch of nine steps have several windows, and several records in each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "WINDOW_STEPS", 4)
        patch.setattr("dltrain.train.steps.WINDOW_STEPS", 4)
        patch.setattr("dltrain.train.tally.RECORD_STEPS", 3)
        yield


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(sorted(KINDS)),
    members=st.integers(1, 3),
    stops=st.lists(st.integers(1, 26), min_size=1, max_size=4),
)
@pytest.mark.proof
def test_stopped_anywhere_and_gone_on_is_the_same_as_never_stopped(
    kind: str, members: int, stops: list[int], short_windows: None
) -> None:
    words = [[*KINDS[kind], f"seed={m}", "trainer.log_interval=1"] for m in range(members)]
    with tempfile.TemporaryDirectory() as name:
        whole = [Kept(Path(name, f"whole-{m}")) for m in range(members)]
        finish(prepared(words), whole)
        parts = [Kept(Path(name, f"parts-{m}")) for m in range(members)]
        trainer = prepared(words)
        for stop in sorted(stops):
            finish(trainer, parts, stop_at=stop)
            found = states(parts)
            assert all(misfit(trainer.steps, state) == "" for state in found)
            trainer = prepared(words)
            trainer.restore(found)
        finish(trainer, parts)
        assert [own.rows for own in parts] == [own.rows for own in whole]
        assert last(parts) == last(whole)


@pytest.mark.parametrize(
    ("interval", "written"),
    [
        ("1", [9, 18, 27]),
        ("2 epochs", [18, 27]),
        ("1epoch", [9, 18, 27]),
        # The best so far, of whole epochs, comes along with the next state.
        ("4steps", [4, 8, 9, 12, 16, 18, 20, 24, 27]),
        ("9 steps", [9, 18, 27]),
        ("100 steps", [27]),
    ],
)
def test_states_are_written_as_often_as_is_asked_for(
    interval: str, written: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved: list[int] = []
    save = checkpoint_file.save

    def note(folder: Path, tensors: Any, meta: Any) -> Path:
        saved.append(meta["step"])
        return save(folder, tensors, meta)

    monkeypatch.setattr(checkpoint_file, "save", note)
    # Every epoch is the best so far.
    finish(
        prepared([[f"trainer.checkpoint_interval={interval}", "optimizer.lr=0.01"]]),
        [Kept(tmp_path)],
    )
    assert saved == written


@pytest.mark.parametrize("text", ["0", "-1", "5 hours", "steps", "1.5", "1e3", "5  steps"])
def test_an_interval_that_is_none_is_refused_with_an_example(text: str, call: Call) -> None:
    shown = call(f"trainer.checkpoint_interval={text}")
    assert shown.code == 2
    assert "must be a number of epochs or steps, such as 5 or 200steps" in shown.err


def test_no_state_is_taken_within_an_epoch_that_is_not_finite_any_more(tmp_path: Path) -> None:
    words = ["trainer.checkpoint_interval=1steps", "optimizer.lr=1e30"]
    trainer = prepared([words])
    finish(trainer, [Kept(tmp_path)])
    assert trainer.outcomes[0].status == "diverged"
    for path in checkpoint_file.paths(tmp_path / "checkpoints"):
        found, _ = checkpoint_file.load(path)
        assert all(tensor.isfinite().all() for tensor in found.values())


def test_a_state_of_another_shape_does_not_fit(tmp_path: Path) -> None:
    recorder = Kept(tmp_path)
    finish(prepared([[*MLP, "trainer.log_interval=1"]]), [recorder], stop_at=5)
    [state] = states([recorder])
    assert misfit(prepared([MLP]).steps, state) == ""
    wider = prepared([["model=mlp", "model.hidden=[6]"]])
    assert "model.layers.0.bias is torch.float32 [5]" in misfit(wider.steps, state)
    assert "holds" in misfit(prepared([[]]).steps, state)
    for change in ({"epoch": 7}, {"step": 1}, {"underway": 0}, {"epoch": "x"}, {"underway": 10**9}):
        assert misfit(prepared([MLP]).steps, dataclasses.replace(state, meta=state.meta | change))


def test_a_layer_from_outside_goes_on_with_its_parameters_and_its_state(tmp_path: Path) -> None:
    whole, parts = ([Kept(tmp_path / name / str(m)) for m in (0, 1)] for name in ("a", "b"))

    def fresh() -> Trainer:
        stack = scaled("momentum", [0, 1])
        return Trainer(stack, rules=rules(stack, 3), log_interval=1)

    finish(fresh(), whole)
    trainer = fresh()
    finish(trainer, parts, stop_at=17)
    found = states(parts)
    assert [state.step for state in found] == [18, 18]
    assert found[0].tensors["model.layers.1.weight"].shape == (6,)
    assert found[0].tensors["model.layers.1.largest"].gt(0).all()
    trainer = fresh()
    trainer.restore(found)
    finish(trainer, parts)
    assert last(parts) == last(whole)


def test_a_file_that_says_nothing_of_a_member_is_no_state(tmp_path: Path) -> None:
    path = checkpoint_file.save(tmp_path, {"w": torch.ones(1)}, {"epoch": 1, "step": 9})
    with pytest.raises(CheckpointError, match=r"epoch-000001\.safetensors: is no state"):
        State.load(path)
