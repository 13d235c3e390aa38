"""Compare runs: their curves over one another and how they ended.

Of a sweep its best members are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dltrain.cli.arguments import Parser, UsageError, names_and_folder, refusing
from dltrain.cli.runs.as_json import HELP, rows_facts, write
from dltrain.cli.tables.curves import GAP, POINTS, metrics_of, points, width_of
from dltrain.cli.tables.runs import print_rows, ranked
from dltrain.cli.terminal.console import bold, dim, output, show
from dltrain.cli.terminal.curves import STYLES, chart, side_by_side
from dltrain.runs.compare.field_names import is_metric
from dltrain.runs.compare.listing import Row, known, rows, varying
from dltrain.runs.find import distinct, find, members
from dltrain.runs.run import Run

USAGE = "dltrain runs compare RUN RUN ... [--json] [output_dir=FOLDER]"


def main(words: Sequence[str]) -> None:
    """Compare."""
    parser = Parser("runs compare", __doc__ or "", USAGE)
    parser.add_argument("--json", action="store_true", help=HELP)
    parser.add_argument("words", nargs="*", metavar="RUN", help="and output_dir=FOLDER")
    arguments = parser.read(words)
    names, output_dir = names_and_folder(arguments.words)
    with refusing():
        runs = [run for name in names for run in _members(find(name, output_dir))]
        if len(runs) < 2:
            raise UsageError(["runs compare: which runs? Give two or more, or a sweep"])
        if arguments.json:
            return write(rows_facts(rows(distinct(runs), numbered=False)))
        return compare(distinct(runs))


def _members(run: Run) -> list[Run]:
    """Return the run itself, or the best members of a sweep."""
    if not run.is_sweep:
        return [run]
    order = ranked(rows(members(run), numbered=False), run)
    return [row.run for row in order[: len(STYLES)]]


def compare(runs: Sequence[Run]) -> None:
    """Print curves over one another, as many as can be told apart, and a table of how they ended.

    Raises:
        ValueError: If a run's metrics cannot be read.
    """
    console, listed = output(), rows(runs, numbered=False)
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault(_task(run), []).append(run)
    for (task, target), own in groups.items():
        if len(groups) > 1:
            names = ", ".join(run.short for run in own)
            console.print(bold(f"{task} of {target}: {names}"))
        _draw(console, own)
    if len(groups) > 1:
        console.print(dim("runs of different groups learn different things: their losses differ"))
    print_rows(_columns(listed), listed)


def _task(run: Run) -> tuple[str, str]:
    """Return what a run learns: runs of another task or target are not on its axes."""
    target = run.part("config", "data", "target") or run.part("data", "name")
    return str(run.part("data", "task") or "unknown"), str(target or "unknown")


def _draw(console: Any, runs: Sequence[Run]) -> None:
    """Print curves of runs that learn the same, over one another."""
    drawn = runs[: len(STYLES)]
    samples = [run.sample(POINTS) for run in drawn]
    first = next((own for own in samples if own), [])
    names = list(first[0]) if first else []
    split = "val" if "val/loss" in names else "train"
    metrics = metrics_of(names)
    width = width_of(console, len(metrics) or 1)
    # Members of one sweep are told apart by their numbers.
    of_one = len({run.sweep for run in drawn}) == 1 and drawn[0].sweep is not None
    labels = [run.short.rpartition("/")[2] if of_one else run.short for run in drawn]
    charts = []
    for metric in metrics:
        curves = {
            label: points(own, f"{split}/{metric}")
            for label, own in zip(labels, samples, strict=True)
        }
        charts.append(chart(console, curves, title=f"{split}/{metric}", width=width))
    show(console, [*side_by_side([own for own in charts if own], gap=GAP), ""])
    if len(runs) > len(drawn):
        console.print(dim(f"curves of the first {len(drawn)}"))


def _columns(listed: Sequence[Row]) -> list[str]:
    names = known(listed).full
    keys = varying(listed)
    own = [name for name in ("label", "data", "model") if _differs(listed, name)]
    metrics = [name for name in names if is_metric(name) and not name.startswith("last/exact_")]
    return ["id", "status", *own, *keys, *metrics]


def _differs(listed: Sequence[Row], name: str) -> bool:
    return len({str(row.fields.get(name)) for row in listed}) > 1
