"""Show everything about one run, with its curves, or about a sweep.

RUN is an id, a unique prefix, its last four characters, a path, latest, or @1 (row of the list);
a sweep's member is SWEEP/12.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from dltrain.cli.arguments import Parser, UsageError, refusing
from dltrain.cli.live.summary import stressed
from dltrain.cli.runs.as_json import HELP, run_facts, write
from dltrain.cli.tables.cells import measured, result
from dltrain.cli.tables.runs import print_members
from dltrain.cli.terminal.console import output, pairs, published, table, warning
from dltrain.cli.terminal.console import show as print_all
from dltrain.cli.terminal.curves import learning_curves
from dltrain.config.diff import ABSENT, defaults_of, differences
from dltrain.config.plain import flat, shown
from dltrain.runs.address import command_on
from dltrain.runs.compare.curves import read_curve
from dltrain.runs.compare.field_names import EPOCH
from dltrain.runs.compare.fields import standing_of
from dltrain.runs.find import find, members
from dltrain.runs.repetition import again
from dltrain.runs.run import Run
from dltrain.runs.run_time import seconds_of, wall_seconds_of
from dltrain.runs.summary import data_lines, quoted_names
from dltrain.runs.verification import file_problems
from dltrain.text import counted, duration, number_or_dash, whole_number

USAGE = "dltrain runs show RUN [--json] [output_dir=FOLDER]"


def main(words: Sequence[str]) -> None:
    """Show one."""
    parser = Parser("runs show", __doc__ or "", USAGE)
    parser.add_argument("--json", action="store_true", help=HELP)
    arguments = parser.read_runs(words, most=1)
    names, output_dir = arguments.names, arguments.output_dir
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
    statuses = [member.status for member in members(sweep)]
    missing = sweep.part("members")
    missing = missing - len(statuses) if isinstance(missing, int) else 0
    known = {status: statuses.count(status) for status in dict.fromkeys(statuses)}
    known |= {"not begun": missing} if missing > 0 else {}
    counts = "  ".join(f"{n:,} {status}" for status, n in known.items())
    return [
        ("sweep", sweep.id),
        ("status", _status(sweep)),
        *_times(sweep),
        ("command", again(sweep)),
        ("typed", shlex.join(sweep.texts("command")) or "-"),
        ("members", f"{whole_number(sweep.part('members'))}: {counts}"),
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
    curve = read_curve(run, name=run.short)
    if len(curve.rows) > 1:
        print_all(console, ["", *learning_curves(console, [curve])])
    rows = run.metrics(first=5, last=15)
    if rows:
        columns = list(rows[0])
        if run.num_epochs() > len(rows):
            rows.insert(5, dict.fromkeys(columns, "..."))
        console.print("")
        cells = [[measured(row.get(name)) for name in columns] for row in rows]
        console.print(table(columns, cells, right=columns))


def _warn(run: Run) -> None:
    """Say which of its files are not what it wrote."""
    for problem in file_problems(run.folder, run.part("files")):
        output().print(warning(problem))


def _status(run: Run) -> str:
    """Say how a run stands; one that has not ended has no exit code."""
    code = run.part("exit_code")
    return run.status if code is None else f"{run.status} (exit code {code})"


def _times(run: Run) -> list[tuple[str, object]]:
    """Say when a run began and ended, how much of that was training, and how long it is."""
    times: list[tuple[str, object]] = [
        (name, run.part(name)) for name in ("started", "finished") if run.part(name)
    ]
    trained, wall, stack = seconds_of(run), wall_seconds_of(run), run.texts("sweep", "stack")
    if trained is not None:
        share = f" (its share of a stack of {len(stack):,})" if len(stack) > 1 else ""
        whole = " (of all members)" if run.is_sweep else share
        times.append(("duration", f"{duration(trained)} of training{whole}"))
    if wall is not None:
        times.append(("wall time", f"{duration(wall)} from start to finish"))
    return times


def _model(run: Run) -> str:
    name, parameters = run.part("model", "name"), run.part("model", "parameters")
    return f"{name}" if parameters is None else f"{name}, {whole_number(parameters)} parameters"


def _device(run: Run) -> str:
    info = run.info
    threads = info.get("threads")
    known = {
        "device": "{}",
        "threads": counted(threads, "thread") if isinstance(threads, int) else "{} threads",
        "seed": "seed {}",
    }
    texts = (text.format(info[name]) for name, text in known.items() if info.get(name) is not None)
    return ", ".join(texts)


def _standing(run: Run) -> str:
    """Say how a run ended, and how it goes on if it has not come to its end."""
    status = _status(run)
    unfinished = ("crashed", "interrupted", "failed", "incomplete")
    if run.status not in unfinished or run.sweep is not None:
        return status
    return f"{status}; to go on: {command_on(run, 'resume')}"


def _facts(run: Run) -> list[tuple[str, object]]:
    part = run.part
    facts: list[tuple[str, object]] = [
        ("run", run.id),
        ("status", _standing(run)),
        *([("label", run.label)] if run.label else []),
        *_times(run),
        *_commands(run),
        ("settings", _settings(run)),
        *data_lines(run),
        ("model", _model(run)),
        ("device", _device(run)),
    ]
    standing = standing_of(run)
    if standing.reached is not None:
        more = "" if part("result", "kept") else " so far"
        epoch = standing.numbers.get(EPOCH)
        facts.append(("result", f"{result(standing.reached)} at epoch {epoch}{more}"))
    facts += stressed(run)
    named = quoted_names(run)
    kept = {n: x for n, x in run.mapping("result", "kept").items() if n not in named and "/" in n}
    others = "  ".join(f"{name} {number_or_dash(value)}" for name, value in kept.items())
    facts += [("others", others)] if others else []
    facts += [("errors", text)] if (text := _fit(run)) else []
    if part("result", "message"):
        facts.append(("message", part("result", "message")))
    versions = run.mapping("versions")
    commit = part("git", "commit")
    facts += [
        ("versions", "  ".join(f"{name} {value}" for name, value in versions.items())),
        *([("git", f"{commit}{' (changed)' if part('git', 'dirty') else ''}")] if commit else []),
        ("files", "  ".join(sorted(entry.name for entry in run.folder.iterdir()))),
        ("folder", run.folder),
    ]
    return facts


def _fit(run: Run) -> str:
    """Say how far linear regression is from what it could have learned."""
    what = {
        "exact_w_error": "of a weight at most {} against least squares",
        "exact_b_error": "of the intercept {} against least squares",
        "w_error": "of a weight at most {} against the truth",
        "b_error": "of the intercept {} against the truth",
    }
    known = run.mapping("result", "findings")
    return ", ".join(what[n].format(number_or_dash(known[n])) for n in what if n in known)


def _commands(run: Run) -> list[tuple[str, object]]:
    """Return what trains it again from here, and what was typed where that is something else."""
    typed, command = shlex.join(run.texts("command")), again(run)
    return [("command", command), *([("typed", typed)] if typed not in ("", command) else [])]


def _settings(run: Run) -> str:
    """Say what of the config is not the default of the choices made."""
    config = run.part("config")
    if not isinstance(config, dict):
        return "-"
    changes = differences(flat(defaults_of(config)), flat(config))
    words = [f"{key}={shown(value)}" for key, _, value in changes if value is not ABSENT]
    return "  ".join(words) or "-"
