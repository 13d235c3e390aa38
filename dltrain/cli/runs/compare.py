"""Compare runs: their curves over one another and how they ended.

Of a sweep its best members are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dltrain.cli.arguments import Parser, UsageError, refusing
from dltrain.cli.runs.as_json import HELP, rows_facts, write
from dltrain.cli.tables.runs import print_rows
from dltrain.cli.terminal.console import bold, dim, output, show
from dltrain.cli.terminal.curves import STYLES, learning_curves
from dltrain.runs.compare.comparison import of_sweep
from dltrain.runs.compare.curves import read_curve
from dltrain.runs.compare.field_names import is_metric
from dltrain.runs.compare.listing import Row, differs, known, rows, varying
from dltrain.runs.find import distinct, find
from dltrain.runs.run import Run

USAGE = "dltrain runs compare RUN RUN ... [--json] [output_dir=FOLDER]"


def main(words: Sequence[str]) -> None:
    """Compare."""
    parser = Parser("runs compare", __doc__ or "", USAGE)
    parser.add_argument("--json", action="store_true", help=HELP)
    arguments = parser.read_runs(words)
    names, output_dir = arguments.names, arguments.output_dir
    with refusing():
        runs = [run for name in names for run in _members(find(name, output_dir))]
        if len(runs) < 2:
            raise UsageError(["runs compare: which runs? Give two or more, or a sweep"])
        if arguments.json:
            return write(rows_facts(rows(distinct(runs), numbered=False)))
        return print_comparison(distinct(runs))


def _members(run: Run) -> list[Run]:
    """Return the run itself, or the best members of a sweep."""
    if not run.is_sweep:
        return [run]
    sweep = of_sweep(run)
    return [sweep.runs[result.index] for result in sweep.ranking[: len(STYLES)]]


def print_comparison(runs: Sequence[Run]) -> None:
    """Print curves over one another, as many as can be told apart, and a table of results."""
    console, listed = output(), rows(runs, numbered=False)
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault(_task(run), []).append(run)
    for (task, target), alike in groups.items():
        if len(groups) > 1:
            names = ", ".join(run.short for run in alike)
            console.print(bold(f"{task} of {target}: {names}"))
        _draw(console, alike)
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
    # Members of one sweep are told apart by their numbers.
    of_one = len({run.sweep for run in drawn}) == 1 and drawn[0].sweep is not None
    names = [run.short.rpartition("/")[2] if of_one else run.short for run in drawn]
    curves = [read_curve(run, name=name) for run, name in zip(drawn, names, strict=True)]
    show(console, [*learning_curves(console, curves, compared=True), ""])
    if len(runs) > len(drawn):
        console.print(dim(f"curves of the first {len(drawn):,}"))


def _columns(listed: Sequence[Row]) -> list[str]:
    names = known(listed).full
    differing = [name for name in ("label", "data", "model") if differs(listed, name)]
    metrics = [name for name in names if is_metric(name) and not name.startswith("fit/exact_")]
    return ["id", "status", *differing, *varying(listed), *metrics]
