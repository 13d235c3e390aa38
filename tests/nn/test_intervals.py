"""Intervals against statsmodels, and how often they hold what they are of."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from statsmodels.stats.proportion import proportion_confint
from torch import Tensor

from dltrain.nn import intervals as module
from dltrain.nn.intervals import RESAMPLES, Interval, intervals, resamples, wilson
from tests.nn.test_scores import drawn, scored

# Of 400 tables as many may hold the truth where 95 % do, give or take 3 standard errors; the
# bootstrap's percentiles hold it a little more seldom, as is known of them.
FEWEST, MOST = 0.91, 0.985


def one(outputs: Tensor, targets: Tensor, name: str) -> Interval:
    return intervals(scored(outputs, targets, unit=1.0, mean=0.0), [name])[0][name]


@pytest.mark.parametrize("rows", [1, 2, 10, 333])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.97, 1.0])
def test_a_shares_interval_is_wilsons(rows: int, share: float) -> None:
    right = round(share * rows)
    expected = proportion_confint(right, rows, alpha=0.05, method="wilson")
    assert wilson(right / rows, rows=rows) == pytest.approx(expected, abs=1e-12)


def test_accuracy_has_wilsons_interval() -> None:
    outputs, targets = drawn(3, 60, members=2)
    right = (outputs.argmax(dim=1) == targets).sum(dim=1).tolist()
    found = intervals(scored(outputs, targets), ["accuracy"])
    for count, each in zip(right, found, strict=True):
        assert each["accuracy"] == pytest.approx(
            proportion_confint(count, 60, alpha=0.05, method="wilson"), abs=1e-12
        )


def table(name: str, seed: int) -> tuple[Tensor, Tensor]:
    """Draw 200 rows of which the metric is known."""
    random = np.random.default_rng(seed)
    targets = random.normal(size=200)
    if name == "auc":
        positive = random.random(200) < 0.4
        scores = random.normal(size=200) + positive
        outputs = np.stack([np.zeros(200), scores])
        return torch.from_numpy(outputs)[None], torch.from_numpy(positive.astype(np.int64))
    outputs = targets + random.normal(scale=0.5, size=200)
    return torch.from_numpy(outputs).view(1, 1, -1), torch.from_numpy(targets)


# Of errors with a deviation of 0.5; of two normal scores a deviation apart: Phi(1 / sqrt(2)).
TRUTH = {"rmse": 0.5, "r2": 0.75, "auc": 0.7602499389065233}


@pytest.mark.parametrize("normal", [False, True])
@pytest.mark.parametrize("name", ["rmse", "r2", pytest.param("auc", marks=pytest.mark.proof)])
def test_about_19_of_20_intervals_hold_the_truth(
    name: str, normal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if normal:  # as above 10,000 rows
        monkeypatch.setattr(module, "MAX_RESAMPLED_ROWS", 0)
    ends = [one(*table(name, seed), name) for seed in range(400)]
    held = np.mean([low <= TRUTH[name] <= high for low, high in ends])
    assert FEWEST <= held <= MOST
    # Not because they are wide: half as wide they hold it far more seldom.
    halves = [((3 * low + high) / 4, (low + 3 * high) / 4) for low, high in ends]
    assert np.mean([low <= TRUTH[name] <= high for low, high in halves]) < 0.8


@pytest.mark.parametrize("name", ["rmse", "r2", "mae"])
def test_the_normal_interval_is_what_the_bootstrap_tends_to(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs, targets = drawn(1, 5000)
    resampled = one(outputs, targets, name)
    monkeypatch.setattr(module, "MAX_RESAMPLED_ROWS", 0)
    normal = one(outputs, targets, name)
    width = normal[1] - normal[0]
    assert resampled == pytest.approx(normal, abs=0.08 * width)
    assert resampled != normal


@pytest.mark.parametrize("name", ["balanced_accuracy", "f1", "brier", "log_loss", "auc"])
def test_intervals_of_classes_hold_the_metric_and_are_as_wide_as_row_values_say(name: str) -> None:
    outputs, targets = drawn(3, 400)
    scores = scored(outputs, targets)
    [[low, high]] = [each[name] for each in intervals(scores, [name])]
    rows = scores.row_values(name)[0].numpy()
    assert low < rows.mean() < high
    assert (high - low) / 2 == pytest.approx(1.96 * rows.std() / math.sqrt(400), rel=0.1)


def test_a_table_of_the_bootstrap_is_scored_like_its_rows_written_out() -> None:
    [row, *_] = resamples(80)
    drawn_rows = torch.arange(80).repeat_interleave(row.long())
    for classes in (1, 2, 3):
        outputs, targets = drawn(classes, 80, members=2)
        block = next(scored(outputs, targets).blocks())
        again = next(scored(outputs[:, :, drawn_rows], targets[drawn_rows]).blocks())
        for name in scored(outputs, targets).estimated():
            found = block.estimate(name).resampled(row[None].double())[:, 0]
            expected = again.estimate(name).row_values().mean(dim=1)
            assert found.tolist() == pytest.approx(expected.tolist(), rel=1e-12), name


def test_rows_are_drawn_with_replacement_and_always_the_same() -> None:
    counts = resamples(50)
    assert counts.shape == (RESAMPLES, 50)
    assert (counts.sum(dim=1, dtype=torch.int64) == 50).all()
    assert counts.double().var() == pytest.approx(1 - 1 / 50, abs=0.02)
    resamples.cache_clear()
    assert torch.equal(resamples(50), counts)
    assert not torch.equal(counts[0], counts[1])


def test_where_a_metric_is_undefined_or_there_is_one_row_there_is_no_interval() -> None:
    for outputs, targets, name in (
        (*drawn(2, 1), "accuracy"),
        (*drawn(1, 1), "rmse"),
        (drawn(2, 20)[0], torch.ones(20, dtype=torch.int64), "auc"),
        (drawn(1, 20)[0], torch.full((20,), 0.1), "r2"),
    ):
        assert all(math.isnan(end) for end in one(outputs, targets, name)), name
    assert all(math.isfinite(end) for end in one(*drawn(2, 20), "auc"))
