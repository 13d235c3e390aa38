"""What becomes of a member, row by row: the last, the best, an end, or a divergence."""

from __future__ import annotations

import dataclasses
import math

import pytest

from dltrain.train.outcome import ADVICE, Outcome, Row, Rules

LOSS = Rules(epochs=5, patience=None, metric="val/loss")
ACCURACY = Rules(epochs=9, patience=None, metric="val/accuracy")
PATIENT = Rules(epochs=9, patience=2, metric="val/loss")


def row(epoch: int, loss: float | None = 0.5, **more: float) -> Row:
    """A row of an epoch; without a loss, of one that was not validated."""
    validated = {} if loss is None else {"val/loss": loss}
    return {"epoch": float(epoch), "train/loss": 1.0} | validated | more


def taken(rules: Rules, *losses: float | None) -> Outcome:
    outcome = Outcome()
    for epoch, loss in enumerate(losses, start=1):
        outcome.take(row(epoch, loss), rules)
    return outcome


def test_nothing_has_happened_at_first() -> None:
    outcome = Outcome()
    assert (outcome.status, outcome.message, outcome.improved) == ("running", "", False)
    assert (outcome.final, outcome.best, outcome.best_row, outcome.kept) == ({}, {}, {}, {})


def test_the_last_row_is_the_final_one() -> None:
    assert taken(LOSS, 0.5, 0.7).final == row(2, 0.7)
    assert taken(LOSS, 0.5, 0.7).status == "running"


def test_the_lowest_is_the_best() -> None:
    assert taken(LOSS, 0.5, 0.25, 0.7).best == {"metric": "val/loss", "value": 0.25, "epoch": 2}


def test_where_more_is_better_the_highest_is_the_best() -> None:
    outcome = Outcome()
    for epoch, accuracy in enumerate([0.5, 0.75, 0.25], start=1):
        outcome.take(row(epoch, **{"val/accuracy": accuracy}), ACCURACY)
    assert outcome.best == {"metric": "val/accuracy", "value": 0.75, "epoch": 2}


def test_of_equals_the_first_is_the_best() -> None:
    outcome = taken(LOSS, 0.5, 0.5)
    assert (outcome.best["epoch"], outcome.stale, outcome.improved) == (1, 1, False)


def test_of_equal_accuracies_the_lower_loss_is_better_and_renews_the_patience() -> None:
    rules = Rules(epochs=9, patience=2, metric="val/accuracy")
    outcome = Outcome()
    for epoch, loss in enumerate([0.5, 0.4, 0.4, 0.3], start=1):
        outcome.take(row(epoch, loss, **{"val/accuracy": 0.75}), rules)
    assert (outcome.status, outcome.best["epoch"], outcome.stale) == ("running", 4, 0)
    assert outcome.best_row["val/loss"] == 0.3
    for epoch, (accuracy, loss) in enumerate([(0.75, 0.3), (0.5, 0.1)], start=5):
        outcome.take(row(epoch, loss, **{"val/accuracy": accuracy}), rules)
    assert (outcome.status, outcome.best["epoch"], outcome.stale) == ("done", 4, 2)


def test_the_kept_row_is_the_best_or_the_last_as_asked() -> None:
    outcome = taken(LOSS, 0.5, 0.25, 0.7)
    assert outcome.row_to_keep(LOSS) == row(3, 0.7)
    assert outcome.row_to_keep(dataclasses.replace(LOSS, keep="best")) == row(2, 0.25)
    unvalidated = taken(LOSS, None, None)
    assert unvalidated.row_to_keep(dataclasses.replace(LOSS, keep="best")) == row(2, None)


def test_a_metric_that_is_no_number_is_never_better() -> None:
    outcome = Outcome()
    for epoch, accuracy in enumerate([0.5, math.nan, 0.75], start=1):
        outcome.take(row(epoch, **{"val/accuracy": accuracy}), ACCURACY)
        assert outcome.improved == (epoch != 2)
    assert outcome.best["value"] == 0.75


def test_improved_says_whether_the_last_row_is_the_best() -> None:
    outcome, found = Outcome(), []
    for epoch, loss in enumerate([0.5, 0.7, None, 0.25], start=1):
        outcome.take(row(epoch, loss), LOSS)
        found.append(outcome.improved)
    assert found == [True, False, False, True]


def test_an_epoch_that_was_not_validated_is_neither_better_nor_stale() -> None:
    outcome = taken(PATIENT, 0.5, None, None, None, 0.7)
    assert (outcome.status, outcome.stale, outcome.best["epoch"]) == ("running", 1, 1)


def test_the_last_epoch_is_the_end() -> None:
    outcome = taken(LOSS, 5, 4, 3, 2, 1)
    assert (outcome.status, outcome.message, outcome.best["epoch"]) == ("done", "", 5)


def test_patience_ends_after_validations_without_a_new_best() -> None:
    assert taken(PATIENT, 0.5, 0.6).status == "running"
    outcome = taken(PATIENT, 0.5, 0.6, 0.7)
    assert outcome.status == "done"
    assert outcome.message == ("stopped at epoch 3: 2 validations without a better val/loss")


def test_a_new_best_renews_the_patience() -> None:
    outcome = taken(PATIENT, 0.5, 0.6, 0.4, 0.6)
    assert (outcome.status, outcome.stale) == ("running", 1)


def test_patience_that_ends_with_the_last_epoch_needs_no_word() -> None:
    outcome = taken(Rules(3, 2, "val/loss"), 0.5, 0.6, 0.7)
    assert (outcome.status, outcome.message) == ("done", "")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("split", ["train", "val"])
def test_a_loss_that_is_not_finite_is_a_divergence(split: str, value: float) -> None:
    outcome = taken(LOSS, 0.5)
    outcome.take(row(2) | {f"{split}/loss": value}, LOSS)
    assert outcome.status == "diverged"
    assert outcome.message == f"diverged at epoch 2: its loss is not finite; {ADVICE}"
    assert (outcome.final, outcome.best["epoch"]) == (row(1), 1)


def test_another_metric_may_be_any_number() -> None:
    outcome = Outcome()
    outcome.take(row(1, **{"val/r2": math.nan, "lr": math.inf}), LOSS)
    assert (outcome.status, outcome.improved) == ("running", True)


def test_a_divergence_says_where_and_what_to_try() -> None:
    outcome = Outcome()
    outcome.diverge("epoch 1, step 7: the loss is not finite")
    assert outcome.status == "diverged"
    assert outcome.message == (
        "diverged at epoch 1, step 7: the loss is not finite; "
        "try a smaller optimizer.lr, or trainer.max_grad_norm=1"
    )


def test_a_training_without_a_row_did_not_improve() -> None:
    outcome = Outcome()
    outcome.diverge("epoch 1")
    assert not outcome.improved
