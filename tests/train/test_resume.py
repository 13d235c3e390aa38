"""Whether a single run may go on, as its record tells it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dltrain.config.overrides import Overrides
from dltrain.runs.provenance import changes_of, config_of
from dltrain.runs.run import Run, read
from dltrain.train.resume import DivergedError, advice_if_finished, refuse_member, resumed_job
from tests.sweep.helpers import SMALL, trained_alone


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return read(trained_alone(tmp_path_factory.mktemp("runs") / "run", SMALL))


def advice(run: Run, *words: str) -> str | None:
    changes = changes_of(run, Overrides.parse(words))
    return advice_if_finished(run, config_of(run, changes), longer="trainer.epochs" in changes)


def test_a_finished_run_is_advised_to_train_longer(run: Run) -> None:
    assert "train it on with: dltrain resume" in (advice(run) or "")
    assert "trainer.epochs=6" in (advice(run) or "")
    assert "dltrain resume" in (advice(run, "trainer.epochs=3") or "")


def test_more_epochs_are_trained(run: Run) -> None:
    assert advice(run, "trainer.epochs=4") is None


def test_fewer_epochs_are_refused_with_what_trains_them(run: Run) -> None:
    with pytest.raises(ValueError, match=r"trainer.epochs=2: \S+ has 3 epochs; .*dltrain rerun"):
        advice(run, "trainer.epochs=2")


def test_an_interrupted_run_goes_on(run: Run) -> None:
    assert advice(Run(run.folder, {**run.info, "status": "interrupted"})) is None


def test_a_run_that_patience_has_stopped_is_not_trained_longer(run: Run) -> None:
    config = {**run.info["config"], "trainer": {**run.info["config"]["trainer"], "epochs": 9}}
    result = {**run.info["result"], "message": "no better for 3 epochs"}
    stopped = Run(run.folder, {**run.info, "epochs": 9, "config": config, "result": result})
    assert advice(stopped) == "no better for 3 epochs"
    with pytest.raises(ValueError, match="no better for 3 epochs"):
        advice(stopped, "trainer.epochs=12")


def test_a_diverged_run_is_refused_by_that_name(run: Run) -> None:
    with pytest.raises(DivergedError, match="it would diverge again: dltrain rerun"):
        advice(Run(run.folder, {**run.info, "status": "diverged"}))


def test_what_else_a_run_was_trained_with_stays(run: Run) -> None:
    with pytest.raises(ValueError, match=r"seed=1: a run goes on as it was .*dltrain rerun"):
        changes_of(run, Overrides.parse(["seed=1"]))
    assert changes_of(run, Overrides.parse(["trainer.epochs=4"])) == {"trainer.epochs": 4}
    sweep = Run(run.folder, {}, is_sweep=True)
    with pytest.raises(ValueError, match="a sweep goes on as it was"):
        changes_of(sweep, Overrides.parse(["trainer.epochs=4"]))


def test_a_member_goes_on_with_its_sweep_alone(run: Run, tmp_path: Path) -> None:
    refuse_member(run, {})
    member = Run(tmp_path / "x_sweep_k3f9" / "members" / "0001", {})
    with pytest.raises(ValueError, match=r"is a member of a sweep.* trainer.epochs=4 .*alone"):
        refuse_member(member, {"trainer.epochs": 4})


def test_changes_take_the_place_of_what_was_typed(run: Run) -> None:
    changes = {"trainer.epochs": 4}
    job = resumed_job(run, config_of(run, changes), changes, allow_changed=False)
    assert job.line.overrides.get("trainer.epochs") == "4"
    assert job.line.overrides.words.count("trainer.epochs=4") == 1
    assert "trainer.epochs=3" not in job.line.words
    assert job.identity == run.part("identity")
