"""Tables of runs and of settings, best first, with what noise allows to say of them."""

from __future__ import annotations

from dltrain.metrics import higher_is_better
from dltrain.report.blocks import MAX_ROWS, Block, column, paragraph, table
from dltrain.runs.compare.best_table import COUNT, VERDICT, Column, best_table, chosen_by
from dltrain.runs.compare.comparison import Comparison
from dltrain.runs.compare.effects import texts_of
from dltrain.runs.compare.field_names import EPOCH
from dltrain.runs.compare.repeats import repeats_called
from dltrain.runs.compare.settings import is_good, meanings
from dltrain.runs.metrics_file import as_number
from dltrain.runs.run_time import seconds_of

# Metrics that get a column; only a stranger's runs have as many.
MAX_METRICS = 40


def runs_table(comparison: Comparison) -> list[Block]:
    """Lay out the runs, best first."""
    ranking = comparison.ranking
    names = dict.fromkeys(name for result in ranking for name in result.metrics)
    tests = [name for name in names if name.startswith("test/")][:MAX_METRICS]
    others = [n for n in names if n not in (*tests, EPOCH, comparison.metric)][:MAX_METRICS]
    messages = any(result.message for result in ranking)
    metric = [column(comparison.metric), column(EPOCH, "count")] if comparison.metric else []
    names_are_numbers = all(name.isdigit() for name in comparison.names.values())
    columns = [
        column("member", "count") if names_are_numbers else column("run"),
        column("status"),
        *(column(key, kind_of(comparison, key)) for key in comparison.keys),
        *metric,
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
                *(result.metrics.get(name) for name in [*tests, *others]),
                seconds_of(comparison.runs[result.index]),
                *([result.message] if messages else []),
            ]
        )
    sorted_by = 2 + len(comparison.keys), higher_is_better(comparison.metric)
    blocks = [
        table(
            columns,
            cells,
            caption="All runs",
            sorted_by=sorted_by if comparison.metric else None,
            more={"filter": True, "ids": [result.index for result in ranking[:MAX_ROWS]]},
        )
    ]
    if len(ranking) > MAX_ROWS:
        blocks.append(paragraph(f"The best {MAX_ROWS:,} of {len(ranking):,} are shown."))
    missing = comparison.planned - len(ranking)
    if missing > 0:
        blocks.append(paragraph(f"{missing:,} of {comparison.planned:,} have not begun."))
    return blocks


def settings_table(comparison: Comparison) -> list[Block]:
    """Lay out settings with their mean over repeats, and say what the verdicts on them mean."""
    settings = comparison.settings
    if not any(each.planned > 1 for each in settings) or not settings[0].setting:
        return []
    columns, rows = [], []
    for each in best_table(comparison):
        columns.append(_column(comparison, each))
        texts = [read_value(text) for text in each.texts] if each.is_key else each.texts
        rows.append(texts if each.is_key or each.name == COUNT else each.values)
    cells = [list(row) for row in zip(*rows, strict=True)][:MAX_ROWS]
    sorted_by = len(settings[0].setting), higher_is_better(comparison.metric)
    good = [number for number, each in enumerate(settings[:MAX_ROWS]) if is_good(each)]
    shown = table(
        columns,
        cells,
        caption=f"Settings with their mean over {repeats_called(comparison.results)}",
        sorted_by=sorted_by,
        more={"marked": good, "filter": len(settings) > 20},
    )
    sentences = [comparison.noise, *meanings(settings)]
    chosen = chosen_by(comparison.metric)
    sentences += [chosen] if chosen else []
    return [*(paragraph(f"{each[0].upper()}{each[1:]}.") for each in sentences), shown]


def _column(comparison: Comparison, column_of: Column) -> Block:
    """Describe a column of settings; its figures have the decimals that they have elsewhere."""
    if column_of.is_key:
        return column(column_of.name, kind_of(comparison, column_of.name))
    kinds = {COUNT: "count", VERDICT: "text"}
    places = {} if column_of.places is None else {"places": column_of.places}
    return {**column(column_of.name, kinds.get(column_of.name, "figure")), **places}


def kind_of(comparison: Comparison, key: str) -> str:
    """Say how a column of a key's values is written."""
    values = map(read_value, texts_of(comparison.results, key))
    return "text" if any(isinstance(value, str) for value in values) else "number"


def read_value(text: str) -> float | int | str:
    """Read a value of a key: a number, if it is one."""
    number = as_number(text)
    if number is None:
        return text
    return int(number) if number.is_integer() and abs(number) < 2**53 else number
