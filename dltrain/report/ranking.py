"""Runs and settings in tables, best first, and what is within noise. No torch."""

from __future__ import annotations

from collections.abc import Sequence

from dltrain.metrics import higher_is_better
from dltrain.report.blocks import MAX_ROWS, Block, column, paragraph, table
from dltrain.runs.compare.comparison import Comparison, kind_of, read_value
from dltrain.runs.compare.field_names import BEST_EPOCH, LAST, LAST_EPOCH, epoch_name, is_metric
from dltrain.runs.compare.results import SettingResult, by_setting, is_repeated
from dltrain.runs.run_time import seconds_of

# Metrics that get a column; only a stranger's runs have as many.
MAX_METRICS = 40


def runs_table(comparison: Comparison) -> list[Block]:
    """Lay out the runs, best first."""
    ranking = comparison.ranking
    names = dict.fromkeys(name for result in ranking for name in result.metrics)
    tests = [name for name in names if name.startswith(f"{LAST}test/")][:MAX_METRICS]
    epochs = (BEST_EPOCH, LAST_EPOCH)
    others = [n for n in names if n not in (*tests, *epochs, comparison.name)][:MAX_METRICS]
    ended = [LAST_EPOCH] if epoch_name(comparison.name) != LAST_EPOCH else []
    messages = any(result.message for result in ranking)
    of = epoch_name(comparison.name) if is_metric(comparison.name) else "epoch"
    metric = [column(comparison.name), column(of, "count")] if comparison.metric else []
    names_are_numbers = all(name.isdigit() for name in comparison.names.values())
    columns = [
        column("member", "count") if names_are_numbers else column("run"),
        column("status"),
        *(column(key, kind_of(comparison, key)) for key in comparison.keys),
        *metric,
        *(column(name, "count") for name in ended),
        *map(column, [*tests, *others]),
        column("duration", "duration"),
        *([column("message")] if messages else []),
    ]
    cells = []
    for result in ranking[:MAX_ROWS]:
        value = [result.value, result.epoch or None] if comparison.metric else []
        cells.append(
            [
                result.index if names_are_numbers else comparison.names[result.index],
                result.status,
                *(read_value(result.setting.get(key, "-")) for key in comparison.keys),
                *value,
                *(result.metrics.get(name) for name in [*ended, *tests, *others]),
                seconds_of(comparison.runs[result.index]),
                *([result.message] if messages else []),
            ]
        )
    place = 2 + len(comparison.keys)
    down = higher_is_better(comparison.metric)
    found = [
        table(
            columns,
            cells,
            caption="All runs",
            sorted_by=(place, down) if comparison.metric else None,
            more={"filter": True, "ids": [result.index for result in ranking[:MAX_ROWS]]},
        )
    ]
    if len(ranking) > MAX_ROWS:
        found.append(paragraph(f"The best {MAX_ROWS:,} of {len(ranking):,} are shown."))
    missing = comparison.planned - len(ranking)
    if missing > 0:
        found.append(paragraph(f"{missing:,} of {comparison.planned:,} have not begun."))
    return found


def settings_table(comparison: Comparison) -> list[Block]:
    """Lay out settings with their mean over seeds, and say what is within noise."""
    if not comparison.metric or not is_repeated(comparison.results):
        return []
    groups = by_setting(comparison.results, comparison.metric)
    repeated = any(group.planned > 1 for group in groups)
    if not repeated or not groups[0].setting:
        return []
    metric = comparison.name
    columns = [
        *(column(key, kind_of(comparison, key)) for key in groups[0].setting),
        column(f"mean {metric}", "figure"),
        column("sd", "figure"),
        column("n", "count"),
        column("within noise of the best"),
    ]
    cells = [
        [
            *map(read_value, group.setting.values()),
            group.mean,
            group.deviation,
            len(group.results),
            "best" if group is groups[0] else _mark(group),
        ]
        for group in groups[:MAX_ROWS]
    ]
    place, down = len(groups[0].setting), higher_is_better(metric)
    good = [number for number, group in enumerate(groups[:MAX_ROWS]) if group.as_good]
    own = table(
        columns,
        cells,
        caption="Settings with their mean over seeds",
        sorted_by=(place, down),
        more={"marked": good, "filter": len(groups) > 20},
    )
    return [paragraph(noise_sentence(groups)), own]


def noise_sentence(groups: Sequence[SettingResult]) -> str:
    """Say which settings the results cannot tell from the best."""
    if len(groups) == 1:
        return "There is no other setting to compare with."
    unknown = sum(group.as_good is None for group in groups)
    if unknown:
        return (
            "A setting that ran once cannot be compared; sweep.repeat=5 runs each of them five "
            "times."
        )
    close = sum(group.as_good is True for group in groups) - 1
    test = "(Welch's t-test, two-sided, 5 %, not corrected for the number of settings)"
    if not close:
        return f"The best setting is better than each of the others {test}."
    are = "setting is" if close == 1 else "settings are"
    return f"{close} other {are} within noise of the best {test}."


def _mark(group: SettingResult) -> str:
    """Say how a setting compares with the best."""
    if group.lost:
        return f"unstable, {group.lost} lost"
    return {None: "unknown", True: "yes", False: "no"}[group.as_good]
