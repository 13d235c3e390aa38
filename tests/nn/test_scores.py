"""Scores against scikit-learn, and the bytes of a member alone, in a stack, on any threads."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as sk
from torch import Tensor

from dltrain.metrics import CLASSIFICATION, METRICS, REGRESSION, metric_of
from dltrain.nn import scores as module
from dltrain.nn.intervals import intervals
from dltrain.nn.losses import CrossEntropy, SquaredError
from dltrain.nn.scores import Scores

Array = NDArray[Any]
UNIT, MEAN = 2.5, 3.0


def scored(
    outputs: Tensor,
    targets: Tensor,
    *,
    weights: Tensor | None = None,
    part: int = 7,
    unit: float = UNIT,
    mean: float = MEAN,
) -> Scores:
    """Score outputs [M, C, N], handed over in parts."""
    classes = outputs.shape[1] > 1
    scores = Scores(CLASSIFICATION) if classes else Scores(REGRESSION, unit=unit, mean=mean)
    for start in range(0, outputs.shape[2], part):
        rows = slice(start, start + part)
        counts = None if weights is None else weights[rows]
        scores.add(outputs[..., rows], targets[..., rows], counts)
    return scores


def values(scores: Scores) -> list[dict[str, float]]:
    """Compute every metric but the loss from the statistics, for each member."""
    every = scores.statistics()
    task = CLASSIFICATION if "accuracy" in every[0] else REGRESSION
    names = [metric.name for metric in METRICS if metric.task == task]
    return [{name: metric_of(name).compute(each) for name in names} for each in every]


def drawn(
    classes: int, rows: int, *, seed: int = 0, members: int = 1, scale: float = 1.0
) -> tuple[Tensor, Tensor]:
    """Draw outputs [M, C, N] in float64 that know something of the targets [N]."""
    generator = torch.Generator().manual_seed(seed)
    outputs = torch.randn(members, classes, rows, generator=generator, dtype=torch.float64)
    if classes == 1:
        targets = torch.randn(rows, generator=generator, dtype=torch.float64)
        return scale * (outputs + targets), targets
    targets = torch.randint(classes, (rows,), generator=generator)
    outputs += torch.nn.functional.one_hot(targets, classes).t()
    return scale * outputs, targets


def log_probabilities(scores: Array) -> Array:
    """[N, C] -> [N, C], classes added one after the other."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    total = sum(np.exp(shifted).T, start=np.zeros(len(scores)))
    return np.asarray(shifted - np.log(total)[:, None])


def expected_of_classes(scores: Array, targets: Array) -> dict[str, float]:
    """Compute what scikit-learn makes of scores [N, C]."""
    count, classes = scores.shape
    logs, predicted = log_probabilities(scores), scores.argmax(axis=1)
    likely, indices = np.exp(logs), list(range(classes))
    rivals = scores.copy()
    rivals[range(count), targets] = -np.inf
    macro: Mapping[str, Any] = {"average": "macro", "zero_division": 0}
    shown = [c for c in ([1] if classes == 2 else indices) if 0 < (targets == c).sum() < count]
    areas = [sk.roc_auc_score(targets == c, logs[:, c]) for c in shown]
    positive = {"pos_label": 1} if classes == 2 else {"labels": indices}
    return {
        "accuracy": float((scores[range(count), targets] > rivals.max(axis=1)).mean()),
        "balanced_accuracy": sk.balanced_accuracy_score(targets, predicted),
        "precision": sk.precision_score(targets, predicted, **macro),
        "recall": sk.recall_score(targets, predicted, **macro),
        "f1": sk.f1_score(targets, predicted, **macro),
        "auc": float(np.mean(areas)) if areas else math.nan,
        "log_loss": -float(logs[range(count), targets].mean()),
        "brier": sk.brier_score_loss(targets, likely[:, 1] if classes == 2 else likely, **positive),
        "ece": calibration_error(likely.max(axis=1), predicted == targets),
    }


def calibration_error(confidence: Array, right: Array) -> float:
    """Average |accuracy - confidence| over 15 bins, by their rows, with a mask for each."""
    total = 0.0
    for low in np.arange(15):
        inside = (confidence * 15 > low) & (confidence * 15 <= low + 1)
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return total


def expected_of_amounts(predicted: Array, targets: Array) -> dict[str, float]:
    """Compute what scikit-learn makes of amounts [N], in the target's own units."""
    varies = len(targets) > 1 and np.ptp(targets) > 0
    return {
        "rmse": sk.root_mean_squared_error(targets, predicted),
        "r2": sk.r2_score(targets, predicted) if varies else math.nan,
        "mae": sk.mean_absolute_error(targets, predicted),
        "median_absolute_error": sk.median_absolute_error(targets, predicted),
        "mape": sk.mean_absolute_percentage_error(targets, predicted)
        if targets.all()
        else math.nan,
    }


def check_against_sklearn(outputs: Tensor, targets: Tensor, *, part: int) -> None:
    for member, found in enumerate(values(scored(outputs, targets, part=part))):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of classes without rows
            if outputs.shape[1] > 1:
                expected = expected_of_classes(outputs[member].t().numpy(), targets.numpy())
            else:
                own = (outputs[member, 0] * UNIT + MEAN, targets * UNIT + MEAN)
                expected = expected_of_amounts(*(each.numpy() for each in own))
        assert found == pytest.approx(expected, rel=1e-12, abs=1e-12, nan_ok=True)


@settings(deadline=None, max_examples=150)
@given(
    classes=st.sampled_from([2, 3, 10]),
    rows=st.integers(1, 80),
    members=st.sampled_from([1, 3]),
    scale=st.sampled_from([0.1, 1.0, 10.0, 1e4]),
    different=st.sampled_from([2, 5, 80]),
    absent=st.booleans(),
    part=st.sampled_from([1, 7, 100]),
    seed=st.integers(0, 10**6),
)
def test_scores_of_classes_are_scikit_learns(
    classes: int,
    rows: int,
    members: int,
    scale: float,
    different: int,
    absent: bool,
    part: int,
    seed: int,
) -> None:
    """Rows that stand several times are ties; huge logits have probabilities of 0."""
    outputs, targets = drawn(classes, rows, seed=seed, members=members, scale=scale)
    outputs = outputs[:, :, torch.arange(rows) % different].contiguous()
    targets = targets % (classes - 1) if absent else targets
    check_against_sklearn(outputs, targets, part=part)


@settings(deadline=None, max_examples=60)
@given(
    rows=st.integers(1, 80),
    members=st.sampled_from([1, 3]),
    constant=st.booleans(),
    part=st.sampled_from([1, 7, 100]),
    seed=st.integers(0, 10**6),
)
def test_scores_of_amounts_are_scikit_learns(
    rows: int, members: int, constant: bool, part: int, seed: int
) -> None:
    outputs, targets = drawn(1, rows, seed=seed, members=members)
    targets = torch.full_like(targets, 0.3) if constant else targets
    check_against_sklearn(outputs, targets, part=part)


def test_sklearn_names_the_same_log_loss() -> None:
    """It cuts probabilities off, so it is asked only where none is near 0."""
    outputs, targets = drawn(3, 50)
    [found] = scored(outputs, targets).metrics()
    likely = outputs[0].t().softmax(dim=1).numpy()
    assert found["log_loss"] == pytest.approx(sk.log_loss(targets.numpy(), likely), rel=1e-12)


def test_a_row_all_of_whose_classes_score_the_same_is_wrong_and_of_the_first_class() -> None:
    outputs, targets = torch.zeros(1, 2, 4), torch.tensor([0, 0, 0, 1])
    [found] = values(scored(outputs, targets))
    assert found["accuracy"] == 0
    assert (found["balanced_accuracy"], found["auc"]) == (0.5, 0.5)
    [told] = CrossEntropy().metrics(CrossEntropy().evaluation(outputs, targets), 4, "val")
    assert told["accuracy"] == 0


@pytest.mark.parametrize("classes", [1, 2, 10])
def test_what_a_loss_tells_every_epoch_scores_tell_too(classes: int) -> None:
    outputs, targets = drawn(classes, 40, members=3)
    scores = scored(outputs, targets)
    variance = {"val": float(targets.double().var(correction=0))}
    loss = CrossEntropy() if classes > 1 else SquaredError(unit=UNIT, variances=variance)
    told = loss.metrics(loss.evaluation(outputs.clone(), targets), 40, "val")
    losses = scores.row_values("loss").mean(dim=1).tolist()
    for by_loss, mean, found in zip(told, losses, values(scores), strict=True):
        assert by_loss.pop("loss") == pytest.approx(mean, rel=1e-12)
        assert by_loss == pytest.approx({name: found[name] for name in by_loss}, rel=1e-12)


def test_a_share_of_a_target_that_was_0_before_it_was_standardised_is_undefined() -> None:
    for dtype in (torch.float32, torch.float64):
        own = torch.tensor([0.0, 3.0, 7.0, 11.7], dtype=torch.float64)
        mean, unit = float(own.mean()), float(own.std())
        targets = ((own - mean) / unit).to(dtype)
        scores = scored(targets.view(1, 1, 4) + 1, targets, unit=unit, mean=mean)
        assert math.isnan(scores.metrics()[0]["mape"])
        scores = scored(targets[1:].view(1, 1, 3), targets[1:], unit=unit, mean=mean)
        assert scores.metrics()[0]["mape"] == 0


def test_of_outputs_that_are_no_numbers_the_scores_are_none() -> None:
    outputs, targets = drawn(3, 20)
    outputs[0, 1, 4] = math.nan
    [found] = scored(outputs, targets).metrics()
    assert all(math.isnan(found[name]) for name in ("auc", "log_loss", "brier", "ece"))


def test_members_that_see_other_rows_are_scored_on_their_own() -> None:
    """Targets [M / K, N]: the first K members share the first rows, and so on."""
    outputs, _ = drawn(3, 30, members=4)
    targets = torch.stack([drawn(3, 30, seed=seed)[1] for seed in (1, 2)])
    found = scored(outputs, targets).metrics()
    assert found[:2] == scored(outputs[:2], targets[0]).metrics()
    assert found[2:] == scored(outputs[2:], targets[1]).metrics()
    assert found[0] != scored(outputs[:1], targets[1]).metrics()[0]


@pytest.fixture
def same_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def all_of(scores: Scores) -> list[list[Any]]:
    """All that scores tell, for each member."""
    rows = [scores.row_values(name) for name in scores.estimated()]
    ends = intervals(scores, scores.estimated())
    parts = zip(scores.statistics(), scores.metrics(), ends, *rows, strict=True)
    return [
        [str(told), str(metrics), str(low_high), *(row.numpy().tobytes() for row in values)]
        for told, metrics, low_high, *values in parts
    ]


@pytest.mark.parametrize(
    ("classes", "rows", "dtype"),
    [
        *((1, 40_003, torch.float32), (1, 301, torch.float64)),
        *((2, 40_003, torch.float32), (2, 901, torch.float64)),
        *((3, 33_001, torch.float64), (10, 101, torch.float32)),
        pytest.param(10, 5003, torch.float64, marks=pytest.mark.proof),
    ],
)
def test_a_member_has_the_same_bytes_alone_and_in_a_stack_on_any_threads_in_any_parts(
    classes: int,
    rows: int,
    dtype: torch.dtype,
    same_threads: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outputs, targets = drawn(classes, rows, members=5)
    outputs = outputs.to(dtype)
    targets = targets.to(dtype) if classes == 1 else targets
    torch.set_num_threads(1)
    alone = [all_of(scored(outputs[m : m + 1], targets, part=rows))[0] for m in (0, 4)]
    for threads, part in ((1, 2048), (2, 500)):
        torch.set_num_threads(threads)
        together = all_of(scored(outputs, targets, part=part))
        assert [together[0], together[4]] == alone
        assert all_of(scored(outputs[4:], targets, part=part)) == [alone[1]]
    monkeypatch.setattr(module, "SCORED_NUMBERS", 2 * classes * rows)
    assert all_of(scored(outputs, targets))[4] == alone[1]


def without(row: int, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    kept = torch.arange(len(targets)) != row
    return outputs[:, :, kept], targets[kept]


NAMES: Mapping[int, Sequence[str]] = {
    classes: scored(*drawn(classes, 2)).estimated() for classes in (1, 2, 3)
}


@pytest.mark.parametrize(("classes", "name"), [(c, n) for c, names in NAMES.items() for n in names])
def test_row_values_have_the_metric_as_mean_and_the_jackknifes_variance(
    classes: int, name: str
) -> None:
    rows = 150
    outputs, targets = drawn(classes, rows, members=2, seed=classes)
    outputs[1] *= 2
    scores = scored(outputs, targets)
    found = scores.row_values(name)
    assert (found.shape, found.dtype) == ((2, rows), torch.float64)
    if name == "loss":
        half = 1 / 2 if classes == 1 else 1
        square = [each.get("rmse", 0) ** 2 or each["log_loss"] for each in values(scores)]
        whole = [half * each for each in square]
    else:
        whole = [each[name] for each in values(scores)]
    assert found.mean(dim=1).tolist() == pytest.approx(whole, rel=1e-12, abs=1e-12)
    if name in ("accuracy", "mae", "brier", "log_loss", "loss"):
        return  # each row's own, so there is nothing else that they could be
    left_out = torch.tensor(
        [
            [each[name] for each in values(scored(*without(row, outputs, targets), part=rows))]
            for row in range(rows)
        ]
    )
    jackknife = (rows - 1) / rows * (left_out - left_out.mean(dim=0)).square().sum(dim=0)
    estimated = found.var(dim=1) / rows
    assert estimated.tolist() == pytest.approx(jackknife.tolist(), rel=0.06)
    # Row by row, too: what leaving a row out does to the metric.
    effects = (rows - 1) * (torch.tensor(whole) - left_out)
    assert np.corrcoef(effects[:, 0], found[0])[0, 1] > 0.99


def test_row_values_of_accuracy_say_which_rows_are_right() -> None:
    outputs, targets = drawn(3, 50)
    right = (outputs[0].argmax(dim=0) == targets).double()
    assert torch.equal(scored(outputs, targets).row_values("accuracy")[0], right)
    assert 0 < right.mean() < 1


def test_row_values_of_what_is_undefined_are_not_numbers() -> None:
    outputs, targets = drawn(2, 10)
    assert scored(outputs, targets.zero_()).row_values("auc").isnan().all()
    outputs, targets = drawn(1, 10)
    assert scored(outputs, targets.fill_(3.1)).row_values("r2").isnan().all()
    assert scored(targets.view(1, 1, -1), targets).row_values("rmse").tolist() == [[0.0] * 10]


@pytest.mark.parametrize("classes", [1, 2, 5])
@pytest.mark.parametrize("seed", range(3))
def test_a_row_of_weight_three_counts_as_three_rows(classes: int, seed: int) -> None:
    outputs, targets = drawn(classes, 40, seed=seed, members=2)
    times = torch.randint(0, 4, (40,), generator=torch.Generator().manual_seed(seed))
    repeated = outputs.repeat_interleave(times, dim=2), targets.repeat_interleave(times)
    weighted = scored(outputs, targets, weights=times / 1.7)
    as_rows = scored(*repeated)
    for ours, theirs in zip(values(weighted), values(as_rows), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-6)
    for name in weighted.estimated():
        means = weighted.row_values(name).mean(dim=1).tolist()
        # Of a metric that is a ratio, the row values average to it.
        assert means == pytest.approx(as_rows.row_values(name).mean(dim=1).tolist(), rel=1e-6)


@pytest.mark.parametrize("classes", [1, 2, 5])
def test_rows_of_equal_weight_are_as_sure_as_rows_without(classes: int) -> None:
    outputs, targets = drawn(classes, 60)
    plain = scored(outputs, targets)
    weighted = scored(outputs, targets, weights=torch.full((60,), 0.25))
    names = [name for name in plain.estimated() if name != "accuracy"]  # which has Wilson's
    [ours], [theirs] = intervals(weighted, names), intervals(plain, names)
    for name in names:
        assert ours[name] == pytest.approx(theirs[name], rel=1e-9), name
        rows = [each.row_values(name) for each in (weighted, plain)]
        torch.testing.assert_close(*rows, rtol=1e-9, atol=1e-12)


def test_weighted_metrics_are_scikit_learns() -> None:
    outputs, targets = drawn(2, 80)
    weights = torch.rand(80, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    [found] = values(scored(outputs, targets, weights=weights))
    likely, wanted, counts = outputs[0].t().softmax(dim=1)[:, 1].numpy(), targets.numpy(), weights
    predicted = outputs[0].argmax(dim=0).numpy()
    expected = {
        "accuracy": sk.accuracy_score(wanted, predicted, sample_weight=counts),
        "balanced_accuracy": sk.balanced_accuracy_score(wanted, predicted, sample_weight=counts),
        "f1": sk.f1_score(wanted, predicted, average="macro", sample_weight=counts),
        "auc": sk.roc_auc_score(wanted, likely, sample_weight=counts),
        "log_loss": sk.log_loss(wanted, likely, sample_weight=counts),
        "brier": sk.brier_score_loss(wanted, likely, sample_weight=counts),
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-9), name
    outputs, targets = drawn(1, 80)
    [found] = values(scored(outputs, targets, weights=weights, unit=1.0, mean=0.0))
    amounts = targets.numpy(), outputs[0, 0].numpy()
    assert found["r2"] == pytest.approx(sk.r2_score(*amounts, sample_weight=counts), rel=1e-9)
    mae = sk.mean_absolute_error(*amounts, sample_weight=counts)
    assert found["mae"] == pytest.approx(mae, rel=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
def test_where_logarithms_are_learned_the_amounts_are_scored(weighted: bool) -> None:
    outputs, targets = drawn(1, 50, members=2)
    weights = torch.rand(50, dtype=torch.float64) if weighted else None
    logs = Scores(REGRESSION, unit=0.5, mean=1.0, log=True)
    logs.add(outputs, targets, weights)
    amounts = Scores(REGRESSION)
    amounts.add((outputs * 0.5 + 1.0).exp(), (targets * 0.5 + 1.0).exp(), weights)
    for ours, theirs in zip(values(logs), values(amounts), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-12)
    for name in ("rmse", "r2", "mae"):
        torch.testing.assert_close(logs.row_values(name), amounts.row_values(name))
    plain = scored(outputs, targets, weights=weights, unit=0.5, mean=1.0)
    torch.testing.assert_close(logs.row_values("loss"), plain.row_values("loss"))
