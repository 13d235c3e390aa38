"""The conclusion of a run: what its model learned, beside exact and published results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from dltrain.config.kinds import OPTIMIZERS
from dltrain.config.plain import as_dict
from dltrain.config.schema import Expectation
from dltrain.nn.coefficients import Coefficients, as_csv, coefficients, findings, solution
from dltrain.nn.least_squares import Solution
from dltrain.nn.losses import SquaredError
from dltrain.nn.plan import LinearPlan
from dltrain.nn.squared_log_error import SquaredLogError
from dltrain.train.baselines import LEAST_SQUARES, Baselines, baselines
from dltrain.train.job import Job
from dltrain.train.outcome import Outcome, Rules
from dltrain.train.remarks import remarks
from dltrain.train.steps import Stack

ExactSolution = tuple[Coefficients, Solution]


@dataclass(frozen=True)
class Conclusion:
    """What is said of a run when it has ended."""

    findings: Mapping[str, float]  # results beside its metrics, by name
    sentences: Sequence[str]  # about what was learned, for people
    compared: Sequence[Mapping[str, Any]]  # results beside published ones
    baselines: Baselines  # what knowing nothing, or a linear model, reaches on the same rows
    remarks: Sequence[str]  # what the figures alone do not tell, for people
    coefficients: str | None  # of a linear model of a table that is done, as CSV


@dataclass(frozen=True)
class References:
    """What the members of a stack are compared with: of the same rows, so for all of them."""

    exact: ExactSolution | None  # of linear regression
    baselines: Baselines


def references(job: Job, stack: Stack) -> References:
    """Compute what a stack's members are compared with; ``job`` is any of them."""
    squared = isinstance(stack.loss, SquaredError | SquaredLogError)
    exact = solution(job.data) if _is_linear(job) and squared else None
    others = dict(baselines(stack, job.data))
    if getattr(job.config.loss, "class_weight", None) is not None:  # which may differ in a stack
        others = {name: _without_loss(values) for name, values in others.items()}
    if OPTIMIZERS[job.config.optimizer.kind].exact:  # it would be compared with itself
        others.pop(LEAST_SQUARES, None)
    return References(exact, others)


def conclude(
    job: Job,
    outcome: Outcome,
    weights: Mapping[str, Tensor],
    beside: References,
    *,
    losses: Sequence[float],
) -> Conclusion:
    """Say what a run came to.

    Args:
        job: What was trained.
        outcome: How it ended.
        weights: The model's tensors, by name as in a checkpoint.
        beside: What it is compared with.
        losses: Training losses of the last epochs, a tenth of all at least.
    """
    results = outcome.kept | {"data/features": float(job.data.in_features)}
    results |= {f"data/{name}_rows": float(len(s)) for name, s in job.data.splits.items()}
    results |= {
        f"imputed/{column.name}": column.imputed
        for column in job.data.columns
        if column.missing and column.imputed is not None
    }
    found: dict[str, float] = {}
    sentences: list[str] = []
    table = None
    # A table's coefficients can be read; a picture's weights are a picture, in the checkpoint.
    if outcome.status == "done" and _is_linear(job) and job.data.image_shape is None:
        weight, bias = weights["layers.0.weight"], weights["layers.0.bias"]
        learned = coefficients(weight, bias, job.data)
        table = as_csv(learned, job.data)
        if beside.exact is not None:
            found, sentences = findings(learned, job.data, beside.exact)
    done = outcome.status == "done"
    return Conclusion(
        findings=found,
        sentences=sentences,
        compared=compare(job.config.expect, results | found),
        baselines=beside.baselines if done else {},
        remarks=remarks(
            outcome,
            job.rules,
            baselines=beside.baselines,
            is_linear=_is_linear(job) and not job.data.class_names,
            losses=losses,
        )
        if done
        else [],
        coefficients=table,
    )


def as_result(outcome: Outcome, conclusion: Conclusion, rules: Rules) -> dict[str, Any]:
    """Return what a run's record says of its result."""
    judgement = outcome.judgement
    return {
        "message": outcome.message,
        "final": outcome.final,
        "best": outcome.best,
        "intervals": judgement.intervals if judgement is not None else {},
        "kept": outcome.kept or outcome.row_to_keep(rules),
        "gradient_norms": outcome.gradient_norms,
        "findings": conclusion.findings,
        "sentences": conclusion.sentences,
        "baselines": conclusion.baselines,
        "remarks": conclusion.remarks,
        "expectations": conclusion.compared,
    }


def compare(expected: Sequence[Expectation], results: Mapping[str, float]) -> list[dict[str, Any]]:
    """Compare a run's results with published ones."""
    rows = []
    for entry in expected:
        value = results.get(entry.metric)
        inside = value is not None and entry.low <= value <= entry.high
        rows.append(as_dict(entry) | {"value": value, "inside": inside})
    return rows


def _without_loss(values: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in values.items() if not name.endswith("/loss")}


def _is_linear(job: Job) -> bool:
    return [type(layer) for layer in job.layers] == [LinearPlan]
