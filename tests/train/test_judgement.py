"""How members are judged in the end: every metric, intervals, and what rows contribute."""

from __future__ import annotations

import math

import pytest
import torch

from dltrain.config.load import load
from dltrain.nn.intervals import wilson
from dltrain.train import build
from dltrain.train.judgement import evaluate, judge, scored
from dltrain.train.steps import Stack, Steps
from tests.stacked import CPU, FEATURES, dataset, of, train


def trained(model: str) -> Stack:
    found = of(model, "sgd", "rates")
    with torch.inference_mode():
        train(Steps(found), 2)
    return found


@pytest.mark.parametrize("model", ["softmax", "linear"])
def test_the_row_of_the_kept_epoch_stays_and_all_other_metrics_join_it(model: str) -> None:
    members, found = (2, 0), trained(model)
    metric = "val/accuracy" if model == "softmax" else "val/loss"
    validated = evaluate(found, "val")
    rows = [{"epoch": 2.0, **{f"val/{n}": x for n, x in validated[m].items()}} for m in members]
    judged = judge(found, members, rows, metric=metric)
    tested = evaluate(found, "test")
    for member, row, judgement in zip(members, rows, judged, strict=True):
        assert row.items() <= judgement.kept.items()
        own = {f"test/{name}": value for name, value in tested[member].items()}
        assert own.items() <= judgement.kept.items()
        extra = "val/log_loss" if model == "softmax" else "val/mae"
        assert extra in judgement.kept
        assert judgement.row_values is not None
        assert float(judgement.row_values.mean()) == pytest.approx(row[metric])
    assert judged[0].kept != judged[1].kept


def test_an_accuracy_has_wilsons_interval_on_each_split() -> None:
    found = trained("softmax")
    [judgement] = judge(found, [1], [{"val/accuracy": evaluate(found, "val")[1]["accuracy"]}],
                        metric="val/accuracy")  # fmt: skip
    for split in ("val", "test"):
        share, rows = judgement.kept[f"{split}/accuracy"], len(found.splits[split])
        assert judgement.intervals[f"{split}/accuracy"] == wilson(share, rows=rows)


def test_a_member_is_judged_as_it_would_be_alone() -> None:
    """The others stand beside it in every product, and give it nothing."""
    whole = trained("mlp")
    rows = [{"val/accuracy": each["accuracy"]} for each in evaluate(whole, "val")]
    together = judge(whole, range(len(rows)), rows, metric="val/accuracy")
    for member, row in enumerate(rows):
        [alone] = judge(whole, [member], [row], metric="val/accuracy")
        assert str(alone.kept) == str(together[member].kept)
        assert alone.intervals == together[member].intervals


def test_where_training_rows_choose_nothing_is_known_of_validation_rows() -> None:
    data = dataset(classes=False, rows={"train": 40, "val": 0, "test": 0}, features=FEATURES)
    found = build.stack([load(["device=cpu", "trainer.batch_size=8"])], data, CPU)
    [judgement] = judge(found, [0], [{"train/loss": 1.0}], metric="train/loss")
    assert (judgement.kept, judgement.intervals) == ({"train/loss": 1.0}, {})
    assert judgement.row_values is None


def test_row_values_that_do_not_average_to_the_metric_are_not_kept() -> None:
    """As of a loss that is none of ours, whose rows nobody here can tell."""
    found = trained("softmax")
    [judgement] = judge(found, [0], [{"val/loss": 123.0}], metric="val/loss")
    assert judgement.row_values is None


def test_a_metric_that_no_epoch_has_is_computed_of_the_split_it_chooses_by() -> None:
    found = trained("softmax")
    values = scored(found, "val", "auc")
    for member, value in enumerate(values):
        [judgement] = judge(found, [member], [{}], metric="val/auc")
        assert judgement.kept["val/auc"] == value
        assert 0 <= value <= 1
    assert all(map(math.isfinite, values))
