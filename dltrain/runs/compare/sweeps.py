"""The results of two sweeps side by side."""

from __future__ import annotations

from dltrain.runs.compare.comparison import Comparison, of_sweep, setting_text
from dltrain.runs.compare.results import counts
from dltrain.runs.run import Run
from dltrain.text import figure


def results_beside(before: Run, after: Run) -> list[list[str]]:
    """Lay out what two sweeps came to: what, of each, and their distance where there is one."""
    both = [of_sweep(sweep) for sweep in (before, after)]
    stands = [_stand(each) for each in both]
    rows = [[name, *(stand.get(name, "-") for stand in stands), ""] for name in stands[0]]
    means = [_mean(each) for each in both]
    comparable = both[0].metric == both[1].metric and None not in means
    distance = figure((means[1] or 0.0) - (means[0] or 0.0)) if comparable else "-"
    texts = ["-" if mean is None else figure(mean) for mean in means]
    return [*rows[:3], ["its mean", *texts, distance], *rows[3:]]


def _stand(comparison: Comparison) -> dict[str, str]:
    """Say what counts, how members ended, and which setting has the best mean."""
    first, best = next(iter(comparison.settings), None), comparison.best
    setting = first.setting if first is not None else best.setting if best is not None else {}
    number = "-" if best is None else "1"
    ended = ", ".join(f"{n:,} {status}" for status, n in counts(comparison.results).items())
    return {
        "metric": comparison.metric,
        "members": ended or "-",
        "best mean at": setting_text(setting, list(setting)) or "-",
        "sd": "-" if first is None else figure(first.deviation),
        "n": number if first is None else first.count,
    }


def _mean(comparison: Comparison) -> float | None:
    """Return the best mean of a setting, of one run if none is repeated."""
    if comparison.settings:
        return comparison.settings[0].mean
    return None if comparison.best is None else comparison.best.value
