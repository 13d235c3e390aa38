"""Show everything about one run, with its curves, or about a sweep: runs show RUN.

RUN is an id, a unique prefix, its last four characters, a path, latest, or @1 (row of the list);
a sweep's member is SWEEP/12.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from dltrain.check import shown
from dltrain.cli.arguments import Parser, UsageError, names_and_folder, refusing
from dltrain.cli.runs.as_json import HELP, run_facts, write
from dltrain.cli.runs.cells import best
from dltrain.cli.runs.curves import learning_curves
from dltrain.cli.runs.table import print_members
from dltrain.console import figure, number_or_dash, output, pairs, published, table, warning
from dltrain.console import show as print_all
from dltrain.differences import ABSENT, defaults_of, differences
from dltrain.fields import best_of, flat
from dltrain.runs import Run, find
from dltrain.verification import complaints

USAGE = "dltrain runs show RUN [--json] [output_dir=FOLDER]"


def main(words: Sequence[str]) -> None:
    """Show one."""
    parser = Parser("runs show", __doc__ or "", USAGE)
    parser.add_argument("--json", action="store_true", help=HELP)
    parser.add_argument("words", nargs="*", metavar="RUN", help="and output_dir=FOLDER")
    arguments = parser.read(words)
    names, output_dir = names_and_folder(arguments.words)
    if len(names) > 1:
        raise UsageError([f"runs show: {names[1]} is one argument too many"])
    if not names:
        raise UsageError(["runs show: which run? An id, latest, or @1; dltrain runs lists them"])
    with refusing():
        run = find(names[0], output_dir)
        if arguments.json:
            return write(run_facts(run))
        if not run.is_sweep:
            return show(run)
    output().print(pairs(_sweep_facts(run)))
    _warn(run)
    output().print("")
    print_members(run)
    return None


def _sweep_facts(sweep: Run) -> list[tuple[str, object]]:
    counts = sweep.part("counts")
    known = counts.items() if isinstance(counts, dict) else ()
    told = "  ".join(f"{n} {status}" for status, n in known) or "-"
    return [
        ("sweep", sweep.id),
        ("status", f"{sweep.status} (exit code {sweep.part('exit_code')})"),
        ("started", sweep.part("started")),
        ("finished", sweep.part("finished") or "-"),
        ("command", " ".join(sweep.texts("command")) or "-"),
        ("members", f"{sweep.part('members')}: {told}"),
        ("sorted by", sweep.part("metric")),
        ("folder", sweep.folder),
    ]


def show(run: Run) -> None:
    """Print everything about one run."""
    console = output()
    console.print(pairs(_facts(run)))
    _warn(run)
    expectations = run.part("result", "expectations")
    if isinstance(expectations, list) and expectations:
        console.print("")
        console.print(published([row for row in expectations if isinstance(row, dict)]))
    drawn = learning_curves(console, run)
    if drawn:
        print_all(console, ["", *drawn])
    rows = run.metrics(first=5, last=15)
    if rows:
        columns = list(rows[0])
        if run.num_epochs() > len(rows):
            rows.insert(5, dict.fromkeys(columns, "..."))
        console.print("")
        cells = [[_cell(row.get(name)) for name in columns] for row in rows]
        console.print(table(columns, cells, right=columns))


def _warn(run: Run) -> None:
    """Say which of its files are not what it wrote."""
    for complaint in complaints(run.folder, run.part("files")):
        output().print(warning(complaint))


def _standing(run: Run) -> str:
    """Say how a run ended, and how it goes on if it has not come to its end."""
    code = run.part("exit_code")
    status = run.status if code is None else f"{run.status} (exit code {code})"
    if run.status not in ("crashed", "interrupted", "failed") or run.sweep is not None:
        return status
    where = [] if run.folder.parent == Path("outputs") else [f"output_dir={run.folder.parent}"]
    return f"{status}; to go on: {shlex.join(['dltrain', 'resume', run.short, *where])}"


def _facts(run: Run) -> list[tuple[str, object]]:
    info, part = run.info, run.part
    rows = part("data", "rows") if isinstance(part("data", "rows"), dict) else {}
    facts: list[tuple[str, object]] = [
        ("run", run.id),
        ("status", _standing(run)),
        *([("label", run.label)] if run.label else []),
        ("started", info.get("started")),
        ("finished", info.get("finished") or "-"),
        ("command", " ".join(run.texts("command")) or "-"),
        ("settings", _settings(run)),
        (
            "data",
            f"{part('data', 'name')} ({part('data', 'source')}): "
            + ", ".join(f"{_count(count)} {name}" for name, count in rows.items() if count),
        ),
        ("model", f"{part('model', 'name')}, {part('model', 'parameters')} parameters"),
        ("device", f"{info.get('device')}, {info.get('threads')} threads, seed {info.get('seed')}"),
    ]
    if part("result", "best", "metric"):
        facts.append(("best", f"{best(best_of(run))} at epoch {part('result', 'best', 'epoch')}"))
    for name in ("test", "findings", "gradient_norms"):
        values = part("result", name)
        if isinstance(values, dict) and values:
            text = "  ".join(f"{key} {number_or_dash(value)}" for key, value in values.items())
            facts.append((name, text))
    facts += [("note", note) for note in run.texts("data", "notes")]
    if part("result", "message"):
        facts.append(("message", part("result", "message")))
    versions = info.get("versions")
    versions = versions if isinstance(versions, dict) else {}
    facts += [
        ("versions", "  ".join(f"{name} {value}" for name, value in versions.items())),
        ("git", f"{part('git', 'commit') or '-'}{' (changed)' if part('git', 'dirty') else ''}"),
        ("files", "  ".join(sorted(entry.name for entry in run.folder.iterdir()))),
        ("folder", run.folder),
    ]
    return facts


def _settings(run: Run) -> str:
    """Say what of the config is not the default of the choices made."""
    config = run.part("config")
    if not isinstance(config, dict):
        return "-"
    told = differences(flat(defaults_of(config)), flat(config))
    return (
        "  ".join(f"{key}={shown(value)}" for key, _, value in told if value is not ABSENT) or "-"
    )


def _count(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _cell(text: object) -> str:
    try:
        return figure(float(str(text)))
    except ValueError:
        return str(text or "")
