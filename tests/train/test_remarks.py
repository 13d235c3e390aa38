"""What is remarked of a run that has ended, and of which nothing is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from dltrain.train.baselines import LEAST_SQUARES
from dltrain.train.judgement import Judgement
from dltrain.train.outcome import Outcome, Rules
from dltrain.train.remarks import remarks

ACCURACY = Rules(10, None, "val/accuracy")
LOSS = Rules(10, None, "val/loss")


def outcome(
    kept: Mapping[str, float],
    *,
    intervals: Mapping[str, tuple[float, float]] | None = None,
    best: Mapping[str, float | str] | None = None,
    norms: Mapping[str, float] | None = None,
) -> Outcome:
    row = {"epoch": 10.0, **kept}
    return Outcome(
        status="done",
        final=row,
        best=dict(best or {}),
        judgement=Judgement(row, intervals or {}),
        gradient_norms=dict(norms or {}),
    )


def said(
    ended: Outcome,
    rules: Rules = ACCURACY,
    *,
    baselines: Mapping[str, Mapping[str, float]] | None = None,
    is_linear: bool = False,
    losses: Sequence[float] = (),
) -> list[str]:
    return remarks(ended, rules, baselines=baselines or {}, is_linear=is_linear, losses=losses)


MAJORITY = {"majority class": {"test/accuracy": 0.63, "val/accuracy": 0.6}}


@pytest.mark.parametrize(
    ("accuracy", "sentence"),
    [
        (0.6, "no better than the majority class: test/accuracy 0.6 against 0.63"),
        (0.63, "no better than the majority class: test/accuracy 0.63 against 0.63"),
        (
            0.66,
            "not shown to be better than the majority class: test/accuracy 0.66 against 0.63 "
            "(95 % interval over rows)",
        ),
        (0.9, ""),
    ],
)
def test_what_is_no_better_than_knowing_nothing_is_said(accuracy: float, sentence: str) -> None:
    interval = {"test/accuracy": (accuracy - 0.05, accuracy + 0.05)}
    kept = {"val/accuracy": 0.99, "test/accuracy": accuracy}
    found = said(outcome(kept, intervals=interval), baselines=MAJORITY)
    assert found == ([sentence] if sentence else [])


def test_linear_regression_may_come_as_far_as_least_squares_and_other_models_farther() -> None:
    solved = {LEAST_SQUARES: {"test/rmse": 2.0}}
    close, far = ({"val/loss": 1.0, "test/rmse": rmse} for rmse in (2.05, 3.0))
    assert said(outcome(close), LOSS, baselines=solved, is_linear=True) == []
    assert said(outcome(far), LOSS, baselines=solved, is_linear=True) == [
        "short of least squares: test/rmse 3 against 2; more epochs, another lr, or "
        "optimizer=least_squares"
    ]
    assert said(outcome(close), LOSS, baselines=solved) == [
        "no better than least squares: test/rmse 2.05 against 2"
    ]


def test_a_run_that_ended_far_worse_than_its_best_epoch_is_told() -> None:
    best: dict[str, float | str] = {"metric": "val/loss", "value": 1.0, "epoch": 2}
    [sentence] = said(outcome({"val/loss": 3.4}, best=best), LOSS)
    assert sentence == (
        "ended worse than its best epoch: val/loss 3.4 at the end, 1 at epoch 2; "
        "trainer.keep=best keeps that one"
    )
    assert said(outcome({"val/loss": 1.1}, best=best), LOSS) == []
    assert said(outcome({"val/loss": 3.4}, best=best), Rules(10, None, "val/loss", "best")) == []
    risen: dict[str, float | str] = {"metric": "val/accuracy", "value": 0.9, "epoch": 2}
    assert said(outcome({"val/accuracy": 0.89}, best=risen)) == []
    assert len(said(outcome({"val/accuracy": 0.8}, best=risen))) == 1


def test_a_layer_that_no_gradient_reached_is_dead() -> None:
    dead = {f"layers.{i}.{n}": x for i, x in ((0, 0.0), (2, 0.5)) for n in ("weight", "bias")}
    falling = (2.0, 1.0)
    best: dict[str, float | str] = {"metric": "val/loss", "value": 1.0, "epoch": 10}
    [sentence] = said(outcome({"val/loss": 1.0}, norms=dead, best=best), LOSS, losses=falling)
    assert sentence.startswith("no gradient reached layers.0 at the end")
    alive = dead | {"layers.0.bias": 1e-30}
    assert not [s for s in said(outcome({"val/loss": 1.0}, norms=alive), LOSS) if "gradient" in s]
    solved = {"layers.0.weight": 0.0, "layers.0.bias": 0.0}  # of the only layer: it is a minimum
    assert said(outcome({"val/loss": 1.0}, norms=solved), LOSS) == []


def test_a_loss_that_falls_on_at_the_end_asks_for_more_epochs() -> None:
    best: dict[str, float | str] = {"metric": "val/loss", "value": 1.0, "epoch": 10}
    ended = outcome({"val/loss": 1.0}, best=best)
    assert said(ended, LOSS, losses=(1.0, 0.9)) == [
        "still learning when it ended: train/loss fell by 10 % over the last epoch; more of them "
        "may help: trainer.epochs=20"
    ]
    assert "over the last 3 epochs" in said(ended, LOSS, losses=(1.0, 0.9, 0.8, 0.7))[0]
    assert said(ended, LOSS, losses=(1.0, 0.96)) == []
    earlier = outcome({"val/loss": 1.0}, best=best | {"epoch": 7})
    assert said(earlier, LOSS, losses=(1.0, 0.9)) == []  # validation got no better
    ended.message = "stopped at epoch 10"
    assert said(ended, LOSS, losses=(1.0, 0.9)) == []


def test_it_is_said_that_training_rows_chose_the_epoch() -> None:
    sentence = (
        "no rows validate, so train/loss chose the epoch that is kept; it does not tell learning "
        "from learning by heart"
    )
    ended = outcome({"train/loss": 0.1})
    assert said(ended, Rules(10, None, "train/loss", "best")) == [sentence]
    assert said(ended, Rules(10, None, "train/loss", "last")) == []
    assert said(ended, Rules(10, None, "val/loss", "best")) == []
    assert said(ended, Rules(1, None, "train/loss", "best")) == []  # of one there is no choice
