"""A training as it is watched: a line for each epoch, a star for each record."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, field
from typing import cast

import pytest
import rich.console

from dltrain.cli.terminal.console import output
from dltrain.cli.terminal.training_view import TrainingView
from dltrain.train.outcome import Outcome, Rules
from dltrain.train.trainer import Trainer


@dataclass
class Idle:
    """A training that stands still."""

    step: int = 0
    rules: Rules = field(default_factory=lambda: Rules(3, None, "val/loss"))
    num_steps: int = 10
    columns: list[str] = field(default_factory=lambda: ["epoch", "step", "lr", "val/loss"])


def row(epoch: int, loss: float, **more: float) -> dict[str, float]:
    return {"epoch": float(epoch), "step": 10.0 * epoch, "lr": 0.1, "val/loss": loss} | more


def show(shown: TrainingView, *rows: dict[str, float], metric: str = "val/loss") -> None:
    """Show the epochs of a training with the outcome that they come to."""
    outcome, rules = Outcome(), Rules(99, None, metric)
    for each in rows:
        outcome.take(each, rules)
        shown.epoch([each], [outcome], seconds=1.5)


def test_each_epoch_is_a_line_and_records_get_a_star() -> None:
    file = io.StringIO()
    shown = TrainingView(output(file))
    with shown.watching(cast(Trainer, Idle())):
        show(shown, row(1, 0.5), row(2, 0.7), row(3, 0.25))
    assert [line.split() for line in file.getvalue().splitlines()] == [
        ["epoch", "val/loss", "time"],
        ["1/3", "0.5", "1.50", "s", "*"],
        ["2/3", "0.7", "1.50", "s"],
        ["3/3", "0.25", "1.50", "s", "*"],
    ]


def test_of_many_epochs_some_are_shown_and_the_first_and_the_last() -> None:
    file = io.StringIO()
    shown = TrainingView(output(file))
    training = Idle()
    training.rules = Rules(1000, None, "val/loss")
    with shown.watching(cast(Trainer, training)):
        outcome = Outcome()
        for epoch in range(1, 1001):
            outcome.take(row(epoch, 1 / epoch), training.rules)
            shown.epoch([row(epoch, 1 / epoch)], [outcome], seconds=0.1)
    epochs = [line.split()[0] for line in file.getvalue().splitlines()[1:]]
    # One that comes later than five seconds after the last is shown, too.
    assert {"1/1000", "50/1000", "950/1000", "1000/1000"} <= set(epochs)
    assert len(epochs) < 100


def test_where_more_is_better_the_highest_gets_a_star() -> None:
    file = io.StringIO()
    shown = TrainingView(output(file))
    with shown.watching(cast(Trainer, Idle())):
        values = enumerate([0.5, 0.3, 0.4, 0.6], start=1)
        rows = [row(epoch, 0.1, **{"val/accuracy": value}) for epoch, value in values]
        show(shown, *rows, metric="val/accuracy")
    assert [line.endswith("*") for line in file.getvalue().splitlines()[1:]] == [
        True,
        False,
        False,
        True,
    ]


def test_a_stack_is_shown_by_its_first_member() -> None:
    file = io.StringIO()
    shown, outcomes = TrainingView(output(file)), [Outcome(), Outcome()]
    rows = [row(1, 0.5), row(1, 0.125)]
    outcomes[1].take(rows[1], Rules(99, None, "val/loss"))
    with shown.watching(cast(Trainer, Idle())):
        shown.epoch(rows, outcomes, seconds=1.5)
    assert file.getvalue().splitlines()[1].split() == ["1/3", "0.5", "1.50", "s"]


def test_a_number_that_is_not_one_is_shown_and_gets_no_star() -> None:
    file = io.StringIO()
    shown = TrainingView(output(file))
    with shown.watching(cast(Trainer, Idle())):
        shown.epoch([row(1, math.nan)], [Outcome()], seconds=1.5)
    assert file.getvalue().splitlines()[1].split() == ["1/3", "-", "1.50", "s"]


def test_a_metric_of_outputs_whose_loss_is_not_finite_was_not_measured() -> None:
    file = io.StringIO()
    shown = TrainingView(output(file))
    training = Idle(columns=["epoch", "val/loss", "val/accuracy"])
    with shown.watching(cast(Trainer, training)):
        show(shown, row(1, 0.5, **{"val/accuracy": 0.0}), row(2, math.nan, **{"val/accuracy": 0.0}))
    assert [line.split()[1:3] for line in file.getvalue().splitlines()[1:]] == [
        ["0.5", "0"],
        ["-", "-"],
    ]


def test_a_pipe_sees_no_bar_and_no_waiting() -> None:
    file = io.StringIO()
    shown = TrainingView(output(file))
    with shown.working("loading"), shown.watching(cast(Trainer, Idle())):
        shown.early([row(1, 0.5)])
    assert file.getvalue().splitlines()[1:] == ["step 10  val/loss 0.5"]


def test_a_terminal_sees_a_bar() -> None:
    file = io.StringIO()
    console = rich.console.Console(file=file, force_terminal=True, width=80)
    shown = TrainingView(console)
    with shown.watching(cast(Trainer, Idle())):
        show(shown, row(1, 0.5))
    assert "0/10 steps" in file.getvalue()


def test_what_an_epoch_leaves_out_stays_empty() -> None:
    file = io.StringIO()
    shown = TrainingView(output(file))
    columns = ["epoch", "train/loss", "val/loss"]
    with shown.watching(cast(Trainer, Idle(columns=columns))):
        first, second = {"epoch": 1.0, "train/loss": 0.5}, {"epoch": 2.0, "train/loss": 0.4}
        show(shown, first, second | {"val/loss": 0.3})
    assert [line.split() for line in file.getvalue().splitlines()] == [
        ["epoch", "train/loss", "val/loss", "time"],
        ["1/3", "0.5", "1.50", "s"],
        ["2/3", "0.4", "0.3", "1.50", "s", "*"],
    ]


@pytest.mark.parametrize("error", [BrokenPipeError(), OSError(28, "No space left on device")])
def test_a_reader_who_went_away_does_not_stop_the_training(error: OSError) -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise error

    shown = TrainingView(output(Gone()))
    shown.show("a")
    shown.show("b")
