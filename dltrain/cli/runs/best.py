"""Show the best run, and what noise allows to say of the others.

  dltrain runs best SWEEP                       its settings, best first; members if none repeats
  dltrain runs best SWEEP --latex > table.tex   the same to publish; --md, --csv, --json
  dltrain runs best SWEEP --columns lr,mean,sd,n,test/f1
  dltrain runs best                             the best of all runs on the newest run's data

Each setting has its mean over seeds, splits and folds, their standard deviation (sd), how many
they are (n), a verdict (dltrain help sweeps) and the mean on the test rows, which do not choose.
--columns also knows member and epoch where nothing repeats, and any metric: of settings its mean,
and with "sd METRIC" its deviation. Figures are whole in CSV and JSON; elsewhere they have the
digits that the best setting's deviation supports.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from dltrain.cli.arguments import Parser, refusing
from dltrain.cli.live.training import following
from dltrain.cli.run_argument import print_note
from dltrain.cli.runs.as_json import rows_facts, write
from dltrain.cli.tables.formats import as_csv, as_latex, as_md
from dltrain.cli.tables.results import (
    best_facts,
    failures,
    mean_facts,
    ranking_and_noise,
    unfinished_table,
)
from dltrain.cli.tables.runs import columns_of, print_rows
from dltrain.cli.terminal.console import bold, dim, output, pairs, show
from dltrain.config.schema import MAX_SEED
from dltrain.runs.address import command_on
from dltrain.runs.compare.best_table import best_table, chosen_by
from dltrain.runs.compare.comparison import Comparison, of_sweep
from dltrain.runs.compare.field_names import Names
from dltrain.runs.compare.fields import reached_by
from dltrain.runs.compare.listing import known, resolve, rows, selected
from dltrain.runs.compare.results import UNFINISHED, ranked
from dltrain.runs.compare.settings import leader
from dltrain.runs.find import find, list_all
from dltrain.runs.repetition import again
from dltrain.runs.run import Run
from dltrain.text import figure

USAGE = (
    "dltrain runs best [SWEEP] [--metric NAME] [--where TEXT] [--columns A,B] "
    "[--json | --csv | --md | --latex] [output_dir=FOLDER]"
)
FORMATS = {
    "json": "for programs",
    "csv": "for programs",
    "md": "a Markdown table",
    "latex": "a LaTeX table, with booktabs",
}


def main(words: Sequence[str]) -> None:
    """Show the best."""
    parser = Parser("runs best", __doc__ or "", USAGE)
    parser.add_argument("--metric", metavar="NAME", help="what counts (the one that chose epochs)")
    parser.add_argument("--where", metavar="TEXT", help="a filter, as runs ls --help explains")
    parser.add_argument("--columns", metavar="A,B", help="these instead of the usual ones")
    formats = parser.add_mutually_exclusive_group()
    for name, what in FORMATS.items():
        formats.add_argument(
            f"--{name}", dest="format", action="store_const", const=name, help=what
        )
    arguments = parser.read_runs(words, most=1, metavar="SWEEP")
    names, output_dir = arguments.names, arguments.output_dir
    with refusing():
        if not names:
            flags = [f"--{arguments.format}"] if arguments.format not in (None, "json") else []
            flags += ["--columns"] if arguments.columns is not None else []
            if flags:
                raise ValueError(
                    f"{flags[0]}: is of a sweep's table, so name the sweep; of single runs there "
                    "is dltrain runs --sort METRIC --columns A,B --csv or --md"
                )
            as_json = arguments.format == "json"
            return best_of_all(
                output_dir, metric=arguments.metric, where=arguments.where, as_json=as_json
            )
        sweep = find(names[0], output_dir)
        if not sweep.is_sweep:
            raise ValueError(f"runs best {names[0]}: {sweep.id} is a single run, and no sweep")
        if arguments.where is not None:
            raise ValueError("--where: chooses among all runs; leave the sweep out, or --where")
        comparison = _compared(sweep, metric=arguments.metric)
        if not ranked(comparison.results, comparison.metric):
            return _leader(sweep, comparison, form=arguments.format)
        if arguments.format is not None:
            return _write(comparison, form=arguments.format, asked=arguments.columns)
        return _show(comparison, asked=arguments.columns)


def _compared(sweep: Run, *, metric: str | None) -> Comparison:
    comparison = of_sweep(sweep)
    if metric is None:
        return comparison
    names = Names.of(result.metrics for result in comparison.results)
    return of_sweep(sweep, metric=resolve("--metric", metric, names))


def _write(comparison: Comparison, *, form: str, asked: str | None) -> None:
    """Write the table for a program or a publication."""
    columns, note = best_table(comparison, asked=asked), chosen_by(comparison.metric)
    names = [column.name for column in columns]
    values = [list(row) for row in zip(*(column.values for column in columns), strict=True)]
    if form == "json":
        best, mean = comparison.best, comparison.split_mean
        rows = [dict(zip(names, row, strict=True)) for row in values]
        facts = {"metric": comparison.metric, "best": best and best.as_plain(), "rows": rows}
        if mean is not None:
            facts["mean"] = mean.as_plain()
        return write(facts | ({"note": note} if note else {}))
    if form == "csv":
        sys.stdout.write(as_csv(names, values))
        return print_note(note) if note else None
    if form == "latex":
        sys.stdout.write(as_latex(columns, note=note))
        return None
    texts = [list(row) for row in zip(*(column.texts for column in columns), strict=True)]
    sys.stdout.write(as_md(names, texts) + (f"\n{note}\n" if note else ""))
    return None


def _leader(sweep: Run, comparison: Comparison, *, form: str | None) -> None:
    """Print which member leads, of a sweep in which none is finished."""
    name, results = comparison.metric, comparison.results
    first = leader(results, name)
    if form == "json":
        return write({"metric": name, "best": None, "rows": []})
    if first is None or form is not None:
        what = "is finished and has" if form is not None else "has"
        later = "" if form is None else " yet; without the flag it says which leads"
        raise ValueError(f"{sweep.short}: no member {what} {name or 'a metric'}{later or ' yet'}")
    so_far = f"member {first.index}: {name} {figure(first.so_far or 0.0)}"
    shown = pairs([("best so far", bold(f"{so_far} at epoch {first.epoch}, {first.status}"))])
    show(output(), [*unfinished_table(results, name)[1:], *failures(results), "", shown])
    return None


def _show(comparison: Comparison, *, asked: str | None) -> None:
    """Print a sweep's settings or members, best first, and its best member."""
    name, results, best = comparison.metric, comparison.results, comparison.best
    tables, facts = ranking_and_noise(comparison, asked=asked)
    show(output(), tables)
    ended = sum(result.status not in UNFINISHED for result in results)
    if ended < comparison.planned:
        facts.append(("so far", f"{ended} of {comparison.planned} members are finished"))
    if comparison.split_mean is not None:
        facts += mean_facts(comparison.split_mean)
    if best is not None:
        member = comparison.runs[best.index]
        facts += best_facts(comparison, best, again(member))
        facts += _next(member, seed=_new_seed(list(comparison.runs.values())))
    show(output(), [*unfinished_table(results, name), *failures(results), "", pairs(facts)])


def best_of_all(output_dir: Path, *, metric: str | None, where: str | None, as_json: bool) -> None:
    """Print the best runs of those that learned from the newest run's data."""
    every = list(list_all(output_dir))
    newest = next((run for run in every if run.part("data", "sha256") and reached_by(run)), None)
    if newest is None:
        raise ValueError(f"no run in {output_dir} has a result yet; train one with: dltrain")
    digest = newest.part("data", "sha256")
    like = [run for run in every if run.part("data", "sha256") == digest and run.status == "done"]
    listed = rows(like, numbered=False)
    chosen_by = reached_by(newest)
    assert chosen_by is not None
    name = chosen_by[0] if metric is None else resolve("--metric", metric, known(listed))
    chosen = [row for row in selected(listed, where=where, sort=name) if name in row.fields]
    if not chosen:
        fits = "fits" if where else "has a result"
        what = f"finished runs on {newest.part('data', 'name')}"
        raise ValueError(f"none of {len(listed):,} {what} {fits}")
    best = chosen[0]
    if as_json:
        ranking = rows_facts(chosen)
        return write({"metric": name, "best": ranking[0], "ranking": ranking})
    print_rows(columns_of(chosen[:10], listed), chosen[:10])
    facts = [
        ("best", bold(f"{best.run.short}: {name} {figure(best.fields[name])}")),
        ("of", f"{len(chosen):,} finished runs on {newest.part('data', 'name')}"),
    ]
    show(output(), ["", pairs([*facts, *_next(best.run, seed=_new_seed(every))])])
    if len({row.fields.get("seed") for row in chosen}) == 1:
        output().print(dim("several seeds say whether that is chance: -m ... sweep.repeat=5"))
    return None


def _new_seed(runs: Sequence[Run]) -> int:
    """Return a seed that none of the runs has."""
    seeds = [run.part("seed") for run in runs]
    return (max((s for s in seeds if isinstance(s, int)), default=0) + 1) % (MAX_SEED + 1)


def _next(run: Run, *, seed: int) -> list[tuple[str, object]]:
    return following(
        [
            command_on(run, "runs", "plot"),
            command_on(run.whole, "report"),
            command_on(run, "predict", more=("--data", "FILE")),
            command_on(run, "rerun", more=(f"seed={seed}",)),
        ]
    )
