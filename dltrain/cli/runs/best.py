"""Show the best run, and what is within noise of it.

Of a sweep: its settings, best first, with their mean over seeds and whether chance may explain
that one is better than another. Without a sweep: the best of all runs, members of sweeps among
them, that learned from the same data as the newest.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dltrain.cli.arguments import Parser, refusing
from dltrain.cli.live.training import following
from dltrain.cli.runs.as_json import HELP, rows_facts, write
from dltrain.cli.tables.results import best_facts, failures, ranking_and_noise, unfinished_table
from dltrain.cli.tables.runs import columns_of, print_rows
from dltrain.cli.terminal.console import bold, dim, output, pairs, show
from dltrain.config.schema import MAX_SEED
from dltrain.runs.address import command_on
from dltrain.runs.compare.comparison import of_sweep
from dltrain.runs.compare.field_names import Names
from dltrain.runs.compare.fields import reached_by
from dltrain.runs.compare.listing import known, resolve, rows, selected
from dltrain.runs.compare.results import UNFINISHED, ranked
from dltrain.runs.compare.settings import leader
from dltrain.runs.find import find, list_all
from dltrain.runs.repetition import again
from dltrain.runs.run import Run
from dltrain.text import figure

USAGE = "dltrain runs best [SWEEP] [--metric NAME] [--where TEXT] [output_dir=FOLDER]"


def main(words: Sequence[str]) -> None:
    """Show the best."""
    parser = Parser("runs best", __doc__ or "", USAGE)
    parser.add_argument("--metric", metavar="NAME", help="what counts (the one that chose epochs)")
    parser.add_argument("--where", metavar="TEXT", help="a filter, as runs ls --help explains")
    parser.add_argument("--json", action="store_true", help=HELP)
    arguments = parser.read_runs(words, most=1, metavar="SWEEP")
    names, output_dir = arguments.names, arguments.output_dir
    with refusing():
        if not names:
            return best_of_all(
                output_dir, metric=arguments.metric, where=arguments.where, as_json=arguments.json
            )
        sweep = find(names[0], output_dir)
        if not sweep.is_sweep:
            raise ValueError(f"runs best {names[0]}: {sweep.id} is a single run, and no sweep")
        if arguments.where is not None:
            raise ValueError("--where: chooses among all runs; leave the sweep out, or --where")
        return best_of_sweep(sweep, metric=arguments.metric, as_json=arguments.json)


def best_of_sweep(sweep: Run, *, metric: str | None, as_json: bool) -> None:
    """Print a sweep's settings or members, best first, and its best member."""
    comparison = of_sweep(sweep)
    if metric is not None:
        names = Names.of(result.metrics for result in comparison.results)
        comparison = of_sweep(sweep, metric=resolve("--metric", metric, names))
    name, results, best = comparison.metric, comparison.results, comparison.best
    if as_json:
        order = [result.as_plain() for result in ranked(results, name)]
        return write({"metric": name, "best": best and best.as_plain(), "ranking": order})
    console = output()
    if best is None:
        first = leader(results, name)
        if first is None:
            raise ValueError(f"{sweep.short}: no member has {name or 'a metric'} yet")
        so_far = f"member {first.index}: {name} {figure(first.so_far or 0.0)}"
        shown = pairs([("best so far", bold(f"{so_far} at epoch {first.epoch}, {first.status}"))])
        show(console, [*unfinished_table(results, name)[1:], *failures(results), "", shown])
        return None
    tables, facts = ranking_and_noise(comparison)
    show(console, tables)
    ended = sum(result.status not in UNFINISHED for result in results)
    if ended < comparison.planned:
        facts.append(("so far", f"{ended} of {comparison.planned} members are finished"))
    member = comparison.runs[best.index]
    facts += best_facts(comparison, best, again(member))
    facts += _next(member, seed=_new_seed(list(comparison.runs.values())))
    show(console, [*unfinished_table(results, name), *failures(results), "", pairs(facts)])
    return None


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
