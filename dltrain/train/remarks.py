"""Remarks on a run that has ended: what its figures alone do not tell a reader.

Each is one sentence, and says what to do where something can be done.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dltrain.metrics import higher_is_better
from dltrain.runs.summary import judged_metric
from dltrain.text import figure
from dltrain.train.baselines import LEAST_SQUARES, Baselines
from dltrain.train.outcome import Outcome, Rules

# A run ended far worse than its best epoch if a metric that is to rise fell by so much, or one that
# is to fall is so many times that of the best epoch.
FELL, TIMES = 0.02, 1.2
# Linear regression falls short of least squares if it is worse by this share.
SHORT = 0.05
# The loss is still falling if it lost this share over the last tenth of the epochs.
STILL_FALLING = 0.05


def remarks(
    outcome: Outcome,
    rules: Rules,
    *,
    baselines: Baselines,
    is_linear: bool,
    losses: Sequence[float],
) -> list[str]:
    """Say what is remarkable about a run that is done.

    Args:
        outcome: How it ended.
        rules: What chose its best epoch, and what is kept.
        baselines: What others reach on the same rows.
        is_linear: Whether it is linear regression, which can come as far as least squares.
        losses: Training losses of the epochs, the last tenth of them at least.
    """
    dead = _dead(outcome)
    return [
        *_beside_baselines(outcome, rules, baselines, is_linear=is_linear),
        *_worse_than_best(outcome, rules),
        *_chosen_by_training_rows(rules),
        *(dead or _still_falling(outcome, rules, losses)),
    ]


def _beside_baselines(
    outcome: Outcome, rules: Rules, baselines: Baselines, *, is_linear: bool
) -> Iterator[str]:
    """Compare with each baseline by what chooses, on test rows if there are any."""
    kept, judgement = outcome.kept, outcome.judgement
    metric = judged_metric(rules.metric, kept)
    if judgement is None or not metric:
        return
    ours, sign = kept[metric], 1 if higher_is_better(metric) else -1
    low, high = judgement.intervals.get(metric, (ours, ours))
    for name, values in baselines.items():
        theirs = values.get(metric)
        if theirs is None:
            continue
        called = name if name == LEAST_SQUARES else f"the {name}"
        beside = f"{called}: {metric} {figure(ours)} against {figure(theirs)}"
        if name == LEAST_SQUARES and is_linear:
            if abs(ours - theirs) > SHORT * abs(theirs) and sign * ours < sign * theirs:
                yield f"short of {beside}; more epochs, another lr, or optimizer=least_squares"
        elif not sign * ours > sign * theirs:
            yield f"no better than {beside}"
        elif low <= theirs <= high:
            yield f"not shown to be better than {beside} (95 % interval over rows)"


def _worse_than_best(outcome: Outcome, rules: Rules) -> Iterator[str]:
    if rules.keep == "best" or not outcome.best or rules.metric not in outcome.final:
        return
    best, last = float(outcome.best["value"]), outcome.final[rules.metric]
    rises = higher_is_better(rules.metric)
    if (best - last >= FELL) if rises else (last > TIMES * best and best > 0):
        yield (
            f"ended worse than its best epoch: {rules.metric} {figure(last)} at the end, "
            f"{figure(best)} at epoch {outcome.best['epoch']}; trainer.keep=best keeps that one"
        )


def _chosen_by_training_rows(rules: Rules) -> Iterator[str]:
    """Tell that nothing guards against learning by heart, where an epoch was to be chosen."""
    if rules.keep == "best" and rules.metric.startswith("train/") and rules.epochs > 1:
        yield (
            f"no rows validate, so {rules.metric} chose the epoch that is kept; it does not tell "
            "learning from learning by heart"
        )


def _dead(outcome: Outcome) -> list[str]:
    """Find a hidden layer that no gradient reached in the last steps."""
    norms: Mapping[str, float] = outcome.gradient_norms
    layers = list(dict.fromkeys(name.rpartition(".")[0] for name in norms))
    for layer in layers[:-1]:
        if all(norm == 0 for name, norm in norms.items() if name.startswith(f"{layer}.")):
            return [
                f"no gradient reached {layer} at the end: its units are off and learn no more; "
                "try a smaller optimizer.lr"
            ]
    return []


def _still_falling(outcome: Outcome, rules: Rules, losses: Sequence[float]) -> Iterator[str]:
    """Tell that more epochs would help: the last is the best, and the loss falls on."""
    if not outcome.improved or outcome.message or len(losses) < 2 or rules.epochs == 1:
        return
    earlier, last = losses[0], losses[-1]
    if earlier > 0 and last < (1 - STILL_FALLING) * earlier:
        share = 100 * (1 - last / earlier)
        epochs = "the last epoch" if len(losses) == 2 else f"the last {len(losses) - 1} epochs"
        yield (
            f"still learning when it ended: train/loss fell by {share:.0f} % over {epochs}; "
            f"more of them may help: trainer.epochs={2 * rules.epochs}"
        )
