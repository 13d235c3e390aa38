"""What another engine is to search."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.hydra.conftest import JOB
from tests.conftest import command, tree


@pytest.mark.parametrize(
    ("words", "sentence", "direction"),
    [
        ([*JOB], "val/loss, lower is better", "minimize"),
        ([*JOB, "hydra.sweeper.direction=maximize"], "val/loss, higher is better", "maximize"),
        (
            ["model=softmax", "data=fashion_mnist", "data.source=sample", "trainer.epochs=1"],
            "val/accuracy, higher is better",
            "maximize",
        ),
    ],
)
def test_optuna_is_told_which_way_the_metric_is_better(
    words: list[str], sentence: str, direction: str, here: Path
) -> None:
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper")
    engine = ["hydra/sweeper=optuna", "hydra.sweeper.n_trials=2", "optimizer.lr=interval(0.01,0.1)"]
    shown = command("-m", *engine, *words, folder=here)
    assert (shown.code, shown.err) == (0, "")
    assert f"searches  {sentence}\n" in shown.out
    assert f"Directions: ['{direction}']" in shown.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "hydra/sweeper=optuna: there is nothing to search; give a key values, such as "),
        (["hydra.sweeper.n_trials=0", "seed=1,2"], "hydra.sweeper.n_trials=0: must be at least 1"),
        (["hydra.sweeper.n_jobs=0", "seed=1,2"], "hydra.sweeper.n_jobs=0: must be at least 1"),
        (["hydra.sweeper.n_trials=a", "seed=1,2"], "Hydra's settings cannot be used: "),
        (
            ["hydra.sweeper.direction=up", "seed=1,2"],
            "hydra.sweeper.direction=up: must be maximize or minimize",
        ),
        (["optimizer.lr=interval(-1,1)"], "optimizer.lr=-1 (command line): must be at least 0"),
        (["optimizer.lr=interval(2,1)"], "hydra/sweeper=optuna: cannot begin (ValueError: "),
    ],
)
def test_what_optuna_cannot_search_is_refused_in_one_line(
    words: list[str], message: str, here: Path
) -> None:
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper")
    shown = command("-m", "hydra/sweeper=optuna", *words, folder=here)
    assert shown.code == 2
    assert shown.err.startswith(f"dltrain: error: {message}")
    assert shown.err.count("\n") == 1
    assert tree(here) == []
