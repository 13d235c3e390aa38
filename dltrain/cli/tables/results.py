"""What is said of results beside one another: the ranking, what is within noise, the failures."""

from __future__ import annotations

from collections.abc import Sequence

from dltrain.cli.terminal.console import bold, dim, table
from dltrain.runs.compare.field_names import tests
from dltrain.runs.compare.results import Result, SettingResult, leading, shown_name
from dltrain.text import figure

# Rows of a table on a terminal; results.csv has all of them.
ROWS = 20


def results_table(ranking: Sequence[Result], metric: str) -> list[object]:
    """Lay out the members that came to an end, best first."""
    name = shown_name(ranking, metric)
    others = [test for test in tests() if test != name]
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
    columns = ["member", *keys, name, "epoch", *names]
    right = ["member", name, "epoch", *names]
    parts: list[object] = [table(columns, rows, right=right, wrapping=keys)]
    if len(ranking) > ROWS:
        parts.append(dim(f"and {len(ranking) - ROWS:,} more in results.csv"))
    return parts


def settings_table(groups: Sequence[SettingResult], metric: str) -> list[object]:
    """Lay out settings with their mean over seeds, best first."""
    keys = list(groups[0].setting)
    rows = [
        [
            *group.setting.values(),
            figure(group.mean),
            figure(group.deviation),
            _share(group),
            "best" if group is groups[0] else _mark(group),
        ]
        for group in groups[:ROWS]
    ]
    name = shown_name([result for group in groups for result in group.results], metric)
    columns = [*keys, f"mean {name}", "sd", "n", "within noise"]
    right = [f"mean {name}", "sd", "n"]
    parts: list[object] = [table(columns, rows, right=right, wrapping=keys)]
    if len(groups) > ROWS:
        parts.append(dim(f"and {len(groups) - ROWS:,} settings more"))
    return parts


def noise_sentence(groups: Sequence[SettingResult]) -> str:
    """Say which settings the results cannot tell from the best."""
    close = sum(group.as_good is True for group in groups) - 1
    if any(group.as_good is None for group in groups):
        if any(group.planned == 1 for group in groups):
            return "settings run only once cannot be compared; sweep.repeat=5 runs each five times"
        return "a setting of which only one run is finished cannot be compared"
    if len(groups) == 1:
        return "no other setting to compare with"
    if not close:
        return "the best setting is better than each of the others (Welch's t-test, 5 %)"
    are = "setting is" if close == 1 else "settings are"
    return f"{close} other {are} within noise of the best (Welch's t-test, 5 %)"


def best_facts(best: Result, again: str) -> list[tuple[str, object]]:
    """Return the best member: what it reached, and the command that trains it alone.

    Args:
        best: It.
        again: The command.
    """
    of_setting = " of the best setting" if "seed" in best.setting else ""
    which = f"member {best.index}{of_setting}"
    return [
        ("best", bold(f"{which}: {best.name} {figure(best.value or 0.0)} at epoch {best.epoch}")),
        ("command", again),
    ]


def unfinished_table(results: Sequence[Result], metric: str) -> list[object]:
    """Lay out the members of which more may come, those that lead first, with their status."""
    rows = leading(results, metric)
    if not rows:
        return []
    keys, name = list(rows[0].setting), f"{shown_name(rows, metric)} so far"
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
    more = [dim(f"and {len(rows) - ROWS:,} more")] if len(rows) > ROWS else []
    return ["", bold(f"not finished: {len(rows)}"), shown, *more]


def failures(results: Sequence[Result]) -> list[object]:
    """List the members that have no result, with their reasons."""
    rows = [
        [result.index, *result.setting.values(), result.status, result.message]
        for result in results
        if result.status != "done"
    ]
    if not rows:
        return []
    keys = list(results[0].setting)
    columns = ["member", *keys, "status", "reason"]
    shown = table(columns, rows[: 5 * ROWS], right=["member"], wrapping=["reason"])
    more = [dim(f"and {len(rows) - 5 * ROWS:,} more")] if len(rows) > 5 * ROWS else []
    return ["", bold(f"without a result: {len(rows)}"), shown, *more]


def _mark(group: SettingResult) -> str:
    """Say whether a setting may be as good as the best."""
    if group.lost:
        return "no, unstable"
    return {True: "yes", False: "no", None: "?"}[group.as_good]


def _share(group: SettingResult) -> str:
    """Say how many members a mean is of, and of how many."""
    count = len(group.results)
    return str(count) if count == group.planned else f"{count} of {group.planned}"
