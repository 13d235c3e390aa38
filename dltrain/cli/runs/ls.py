"""List runs and sweeps, newest first, or the members of a sweep, best first: runs [ls [SWEEP]].

  dltrain runs --sort val/accuracy --top 10 --all
  dltrain runs --where 'optimizer.lr < 0.1 and status == "done"'
  dltrain runs --where 'age < 2d' --columns id,model,optimizer.lr,test/accuracy --csv

Columns, filters and sorting know: id, status, label, started, age, duration, data, model,
optimizer, parameters, message, every key of the config (optimizer.lr, or lr where that is enough)
and every number: epoch, val/accuracy, test/accuracy of the epoch whose weights are kept (see
trainer.keep); best/epoch and best/val/accuracy of the best epoch, last/epoch and last/val/loss of
the last, where those are others.
Of a sweep these are of its best member, which its own metric chooses and never the test; so far,
while it is not finished. duration is training time, without pauses between processes; members that
are trained together each have an equal share of it, and a sweep has the sum. Its members that
differ in seed, split or fold alone are not ranked, but stand together.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from dltrain.cli.arguments import Parser, UsageError, positive, refusing
from dltrain.cli.tables.formats import as_csv, as_json, as_md
from dltrain.cli.tables.runs import TEST, columns_of, print_order, print_rows, text
from dltrain.cli.terminal.console import dim, output
from dltrain.runs.compare.listing import Row, best_first, rows, selected
from dltrain.runs.find import find, list_all, list_runs, members
from dltrain.text import escaped

USAGE = (
    "dltrain runs [ls [SWEEP]] [--where TEXT] [--sort KEY] [--top N] [--columns A,B] [--all] "
    "[--json | --csv | --md] [output_dir=FOLDER]"
)


def main(words: Sequence[str]) -> None:
    """List."""
    arguments = _parser().read_runs(_joined(words), most=1, metavar="SWEEP")
    names, output_dir = arguments.names, arguments.output_dir
    with refusing():
        sweep = find(names[0], output_dir) if names else None
    if sweep is not None and not sweep.is_sweep:
        raise UsageError([f"runs ls {names[0]}: {sweep.id} is a single run; runs show shows it"])
    if sweep is not None:
        listed = rows(members(sweep), numbered=False)
    elif arguments.all:
        listed = rows(list_all(output_dir), numbered=False)
    else:
        listed = rows(list_runs(output_dir))
    with refusing():
        chosen = selected(
            best_first(listed, sweep), where=arguments.where, sort=arguments.sort, top=arguments.top
        )
        columns = columns_of(
            chosen, listed, asked=arguments.columns, kind=arguments.format, sweep=sweep
        )
    if arguments.format:
        sys.stdout.write(_formatted(arguments.format, columns, chosen))
    elif not listed:
        output().print(dim(f"no runs in {output_dir}; train one with: dltrain"))
    elif not chosen:
        more = any(row.run.is_sweep for row in listed)
        hint = "; --all looks at members of sweeps, too" if more else ""
        output().print(dim(f"none of {len(listed):,} fits{hint}"))
    else:
        whole = arguments.columns is not None
        print_rows(columns, chosen, sweep=sweep, count=len(listed), whole=whole)
        if sweep is not None and arguments.sort is None:
            print_order(sweep)


def _parser() -> Parser:
    parser = Parser("runs ls", __doc__ or "", USAGE)
    parser.add_argument("--where", metavar="TEXT", help="a filter: 'lr < 0.1 and status == done'")
    parser.add_argument(
        "--sort", metavar="KEY", help="metrics best first, else ascending; -KEY turns it round"
    )
    parser.add_argument("--top", type=positive, metavar="N", help="at most so many")
    parser.add_argument("--columns", metavar="A,B", help="these instead of the usual ones")
    parser.add_argument("--all", action="store_true", help="members of sweeps in rows of their own")
    kinds = parser.add_mutually_exclusive_group()
    formats = {"json": "every field", "csv": "for programs", "md": "a Markdown table"}
    for kind, what in formats.items():
        kinds.add_argument(f"--{kind}", dest="format", action="store_const", const=kind, help=what)
    return parser


def _joined(words: Sequence[str]) -> list[str]:
    """Let ``--sort -KEY`` be one word: argparse would take the second for a flag."""
    joined: list[str] = []
    for word in words:
        if joined[-1:] == ["--sort"] and word.startswith("-") and not word.startswith("--"):
            joined[-1] = f"--sort={word}"
        else:
            joined.append(word)
    return joined


def _plain(row: Row, name: str) -> object:
    """Return a field for programs: numbers whole, texts with nothing a terminal would obey."""
    if name in ("result", TEST, ""):
        return text(row, name)
    value = row.fields.get(name)
    return escaped(value) if isinstance(value, str) else value


def _formatted(form: str, columns: Sequence[str], chosen: Sequence[Row]) -> str:
    """Write the list as a file has it."""
    if form == "md":
        rows = [[text(row, name) for name in columns] for row in chosen]
        return as_md([name or "row" for name in columns], rows)
    records = [{name: _plain(row, name) for name in columns} for row in chosen]
    if form == "json":
        return as_json(records)
    return as_csv(columns, [list(record.values()) for record in records])
