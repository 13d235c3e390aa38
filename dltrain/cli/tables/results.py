"""Tables of results for the terminal: the ranking, the settings, what is not finished or failed."""

from __future__ import annotations

from collections.abc import Sequence

from dltrain.cli.terminal.console import bold, dim, table
from dltrain.runs.compare.comparison import Comparison
from dltrain.runs.compare.field_names import tests
from dltrain.runs.compare.results import UNFINISHED, Result, leading, ranked
from dltrain.runs.compare.settings import SettingResult, noise_word
from dltrain.runs.summary import caveats
from dltrain.text import figure

# Rows of a table on a terminal; results.csv has all of them.
ROWS, FAILURES = 20, 100


def ranking_and_noise(comparison: Comparison) -> tuple[list[object], list[tuple[str, object]]]:
    """Lay out the settings of a sweep, or its members, best first; and say what is noise."""
    settings = comparison.settings
    if settings:
        return settings_table(settings, comparison.metric), [("noise", comparison.noise)]
    ranking = ranked(comparison.results, comparison.metric)
    return results_table(ranking, comparison.metric) if ranking else [], []


def results_table(ranking: Sequence[Result], metric: str) -> list[object]:
    """Lay out the members that came to an end, best first."""
    others = [test for test in tests() if test != metric]
    names = [test for test in others if any(test in result.metrics for result in ranking)]
    rows = [
        [
            result.index,
            *result.setting.values(),
            figure(result.value or 0.0),
            result.epoch,
            *(figure(result.metrics[n]) if n in result.metrics else "-" for n in names),
        ]
        for result in ranking[:ROWS]
    ]
    keys = list(ranking[0].setting)
    columns = ["member", *keys, metric, "epoch", *names]
    right = ["member", metric, "epoch", *names]
    shown = table(columns, rows, right=right, wrapping=keys)
    return [shown, *_more(len(ranking) - ROWS, "more in results.csv")]


def settings_table(settings: Sequence[SettingResult], metric: str) -> list[object]:
    """Lay out settings with their mean over seeds, best first."""
    keys = list(settings[0].setting)
    rows = [
        [
            *each.setting.values(),
            figure(each.mean),
            figure(each.deviation),
            each.count,
            noise_word(each),
        ]
        for each in settings[:ROWS]
    ]
    columns = [*keys, f"mean {metric}", "sd", "n", "verdict"]
    right = [f"mean {metric}", "sd", "n"]
    shown = table(columns, rows, right=right, wrapping=keys)
    return [shown, *_more(len(settings) - ROWS, "settings more")]


def best_facts(comparison: Comparison, best: Result, again: str) -> list[tuple[str, object]]:
    """Say what the best member reached, beside what, and with what command it is trained alone."""
    title = f", {comparison.best_title}" if comparison.settings else ""
    reached = f"{comparison.metric} {figure(best.value or 0.0)} at epoch {best.epoch}"
    head = ("best", bold(f"member {best.index}{title}: {reached}"))
    return [head, *(caveats(best.run) if best.run is not None else []), ("command", again)]


def unfinished_table(results: Sequence[Result], metric: str) -> list[object]:
    """Lay out the members of which more may come, those that lead first, with their status."""
    rows = leading(results, metric)
    if not rows:
        return []
    keys, name = list(rows[0].setting), f"{metric} so far"
    cells = [
        [
            result.index,
            *result.setting.values(),
            result.status,
            "" if result.so_far is None else figure(result.so_far),
            "" if result.so_far is None else result.epoch,
        ]
        for result in rows[:ROWS]
    ]
    columns = ["member", *keys, "status", name, "epoch"]
    shown = table(columns, cells, right=["member", name, "epoch"], wrapping=keys)
    return ["", bold(f"not finished: {len(rows):,}"), shown, *_more(len(rows) - ROWS, "more")]


def failures(results: Sequence[Result]) -> list[object]:
    """List the members that will not have a result, with their reasons."""
    rows = [
        [result.index, *result.setting.values(), result.status, result.message]
        for result in results
        if result.status not in ("done", *UNFINISHED)
    ]
    if not rows:
        return []
    keys = list(results[0].setting)
    columns = ["member", *keys, "status", "reason"]
    shown = table(columns, rows[:FAILURES], right=["member"], wrapping=["reason"])
    more = _more(len(rows) - FAILURES, "more")
    return ["", bold(f"without a result: {len(rows):,}"), shown, *more]


def _more(count: int, what: str) -> list[object]:
    """Say how many rows a table leaves out, if any."""
    return [dim(f"and {count:,} {what}")] if count > 0 else []
