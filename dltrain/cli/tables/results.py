"""Tables of results for the terminal: the ranking, the settings, what is not finished or failed."""

from __future__ import annotations

from collections.abc import Sequence

from dltrain.cli.terminal.console import Rows, bold, dim, output, table
from dltrain.runs.compare.best_table import SD, Column, best_table, chosen_by
from dltrain.runs.compare.comparison import Comparison, setting_text
from dltrain.runs.compare.field_names import EPOCH
from dltrain.runs.compare.results import UNFINISHED, Result, leading, ranked
from dltrain.runs.compare.split_mean import SplitMean
from dltrain.runs.summary import NOTE, caveats
from dltrain.text import figure

# Rows of a table on a terminal; results.csv has all of them.
ROWS, FAILURES = 20, 100


def ranking_and_noise(
    comparison: Comparison, *, asked: str | None = None
) -> tuple[list[object], list[tuple[str, object]]]:
    """Lay out the settings of a sweep, or its members, best first; and say what is noise."""
    if not ranked(comparison.results, comparison.metric):
        return [], []
    tables = best_rows(best_table(comparison, asked=asked), whole=asked is not None)
    sentence = chosen_by(comparison.metric)
    facts: list[tuple[str, object]] = []
    if comparison.settings:
        facts.append(("noise", comparison.noise))
    return [*tables, *([bold(sentence)] if sentence else [])], facts


def best_rows(columns: Sequence[Column], *, whole: bool) -> list[object]:
    """Lay out the best rows; what matters least goes first where there is no room, unless whole."""
    left, width = list(columns), output().width
    shown = _rows(left)
    for column in () if whole else _least(columns):
        if not shown.fits(width):
            left.remove(column)
            shown = _rows(left)
    missing = ", ".join(column.name for column in columns if column not in left)
    parts = _more(len(columns[0].texts) - ROWS, "more in dltrain runs best --csv")
    room = [dim(f"no room for {missing}; dltrain runs best --columns has it")] if missing else []
    return [shown, *parts, *room]


def _rows(columns: Sequence[Column]) -> Rows:
    lines = zip(*(column.texts[:ROWS] for column in columns), strict=True)
    right = [column.name for column in columns if column.is_number]
    keys = [column.name for column in columns if column.is_key]
    shown = table([c.name for c in columns], list(lines), right=right, wrapping=keys)
    return shown if shown.fits(output().width) else shown.with_short_names()


def _least(columns: Sequence[Column]) -> list[Column]:
    """List the columns that can be done without, the least important first."""
    deviations = [column for column in columns if column.sd_of and column.name != SD]
    tests = [column for column in columns if "test/" in column.name and column not in deviations]
    return [*deviations, *reversed(tests[1:]), *(c for c in columns if c.name == EPOCH), *tests[:1]]


def mean_facts(mean: SplitMean) -> list[tuple[str, object]]:
    """Say what the first setting reached on average over splits, in place of a best member."""
    setting = mean.setting.setting
    named = setting_text(setting, list(setting))
    title = "best setting" if mean.setting.word == "best" else "best mean at"
    facts: list[tuple[str, object]] = [(title, named)] if named else []
    facts.append(("mean", bold(f"{mean.metric} {mean.value} ({mean.spread})")))
    if mean.test is not None:
        name, value, spread = mean.test
        facts.append(("test", f"{name} {value} ({spread})"))
    return facts


def best_facts(comparison: Comparison, best: Result, again: str) -> list[tuple[str, object]]:
    """Say what the best member reached, beside what, and with what command it is trained alone."""
    title = f", {comparison.best_title}" if comparison.settings else ""
    reached = f"{comparison.metric} {figure(best.value or 0.0)} at epoch {best.epoch}"
    head = ("best", bold(f"member {best.index}{title}: {reached}"))
    lines = caveats(best.run) if best.run is not None else []
    remarks = [(name, f"member {best.index}: {x}" if name == NOTE else x) for name, x in lines]
    return [head, *remarks, ("command", again)]


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
