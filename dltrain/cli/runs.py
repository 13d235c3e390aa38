"""List runs, newest first, or show one: runs [ls [SWEEP]], runs show RUN.

RUN is an id, a unique prefix, its last four characters, a path, latest, or @1 (row of the list).
A sweep is one row of the list; runs ls SWEEP lists its members, best first, and SWEEP/12 is one.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from dltrain.cli.arguments import Parser, UsageError, output_dir_of, refusing
from dltrain.console import (
    age,
    dim,
    figure,
    number_or_dash,
    output,
    pairs,
    published,
    table,
    warning,
)
from dltrain.runs import Run, find, higher_is_better, list_runs, members
from dltrain.suggest import closest
from dltrain.verification import complaints

USAGE = "dltrain runs [ls [SWEEP]] | dltrain runs show RUN   [output_dir=FOLDER]"
VERBS = ("ls", "show")


def main(words: Sequence[str]) -> None:
    """List or show."""
    parser = Parser("runs", __doc__ or "", USAGE)
    parser.add_argument("words", nargs="*", help="ls, or show RUN; output_dir=FOLDER")
    arguments = parser.read(words)
    plain = [word for word in arguments.words if "=" not in word]
    output_dir = output_dir_of([word for word in arguments.words if "=" in word])
    match plain:
        case [] | ["ls"]:
            ls(output_dir)
        case ["ls", name]:
            with refusing():
                run = find(name, output_dir)
            if not run.is_sweep:
                raise UsageError([f"runs ls {name}: {run.id} is a single run; runs show shows it"])
            ls_members(run)
        case ["show", name]:
            with refusing():
                run = find(name, output_dir)
            if run.is_sweep:
                output().print(pairs(_sweep_facts(run)))
                _warn(run)
                output().print("")
                ls_members(run)
            else:
                with refusing():
                    show(run)
        case ["show"]:
            raise UsageError(
                ["runs show: which run? An id, latest, or @1; dltrain runs lists them"]
            )
        case ["show" | "ls", *_, extra]:
            raise UsageError([f"runs {plain[0]}: {extra} is one argument too many"])
        case [verb, *_]:
            known = ", ".join(VERBS)
            raise UsageError([f"runs {verb}: unknown{closest(verb, VERBS)} (there are: {known})"])


def ls(output_dir: Path) -> None:
    """Print a table of runs, newest first."""
    console, found = output(), list_runs(output_dir)
    if not found:
        console.print(dim(f"no runs in {output_dir}; train one with: dltrain"))
        return
    columns = ["", "id", "status", "age", "data", "model", "overrides", "best", "test"]
    rows = [_row(number, run) for number, run in enumerate(found, start=1)]
    console.print(table(columns, rows, right=["", "age"], wrapping=columns[4:]))


def ls_members(sweep: Run) -> None:
    """Print a table of a sweep's members, varying keys only, best first."""
    found, keys, metric = members(sweep), _texts(sweep.part("varying")), sweep.part("metric")
    higher = higher_is_better(str(metric))
    ranking = sorted(found, key=lambda run: _rank(run, metric, higher=higher))
    columns = ["member", "status", *keys, "best", "test", "message"]
    rows = []
    for run in ranking:
        typed = dict(word.partition("=")[::2] for word in _texts(run.part("overrides")))
        message = run.part("result", "message") or ""
        settings = [typed.get(key, "-") for key in keys]
        rows.append([run.short, run.status, *settings, _best(run), _test(run), message])
    console = output()
    console.print(table(columns, rows, wrapping=[*keys, "message"]))
    planned = sweep.part("members")
    if isinstance(planned, int) and planned > len(found):
        console.print(dim(f"and {planned - len(found)} that have not begun"))


def _rank(run: Run, metric: object, *, higher: bool) -> tuple[bool, float]:
    """Sort key: what has a value first, best first; the order of numbers otherwise."""
    best = run.part("result", "best", "metric") == metric
    value = run.part("result", "best", "value") if best else None
    for part in ("final", "test"):
        value = run.part("result", part, str(metric)) if value is None else value
    if run.status != "done" or isinstance(value, bool) or not isinstance(value, int | float):
        return True, 0.0
    return False, -value if higher else value


def _texts(value: object) -> list[str]:
    return [str(entry) for entry in value] if isinstance(value, list) else []


def _sweep_facts(sweep: Run) -> list[tuple[str, object]]:
    counts = sweep.part("counts")
    known = counts.items() if isinstance(counts, dict) else ()
    told = "  ".join(f"{n} {status}" for status, n in known) or "-"
    return [
        ("sweep", sweep.id),
        ("status", f"{sweep.status} (exit code {sweep.part('exit_code')})"),
        ("started", sweep.part("started")),
        ("finished", sweep.part("finished") or "-"),
        ("command", _words(sweep.part("command"))),
        ("members", f"{sweep.part('members')}: {told}"),
        ("sorted by", sweep.part("metric")),
        ("folder", sweep.folder),
    ]


def _row(number: int, run: Run) -> list[object]:
    data, source = run.part("data", "name") or "-", run.part("data", "source")
    overrides = run.part("overrides")
    given = [str(w) for w in overrides] if isinstance(overrides, list) else []
    # What has a column of its own need not be repeated.
    given = [word for word in given if not word.startswith(("data=", "model=", "output_dir="))]
    return [
        f"@{number}",
        run.short,
        f"{run.status} {_share(run)}" if run.is_sweep else run.status,
        age(run.age_seconds),
        f"{data} (SAMPLE)" if source == "sample" else data,
        run.part("model", "name") or "-",
        " ".join(given) or "-",
        _best(run),
        _test(run),
    ]


def _share(sweep: Run) -> str:
    """Say how many members are done, and of how many."""
    done = sweep.part("counts", "done")
    if sweep.status in ("running", "crashed"):  # it has not counted them yet
        done = sum(member.status == "done" for member in members(sweep))
    return f"{done or 0}/{sweep.part('members')}"


def _best(run: Run) -> str:
    metric, value = run.part("result", "best", "metric"), run.part("result", "best", "value")
    return f"{metric} {number_or_dash(value)}" if metric else "-"


def _test(run: Run) -> str:
    tests = run.part("result", "test")
    if not isinstance(tests, dict):
        return "-"
    name = next((n for n in ("test/accuracy", "test/rmse") if n in tests), None)
    return f"{name.removeprefix('test/')} {number_or_dash(tests[name])}" if name else "-"


def show(run: Run) -> None:
    """Print everything about one run."""
    console = output()
    console.print(pairs(_facts(run)))
    _warn(run)
    expectations = run.part("result", "expectations")
    if isinstance(expectations, list) and expectations:
        console.print("")
        console.print(published([row for row in expectations if isinstance(row, dict)]))
    shown = run.metrics(first=5, last=15)
    if shown:
        columns = list(shown[0])
        if run.num_epochs() > len(shown):
            shown.insert(5, dict.fromkeys(columns, "..."))
        console.print("")
        cells = [[_cell(row.get(name)) for name in columns] for row in shown]
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
        ("started", info.get("started")),
        ("finished", info.get("finished") or "-"),
        ("command", _words(info.get("command"))),
        (
            "data",
            f"{part('data', 'name')} ({part('data', 'source')}): "
            + ", ".join(f"{_count(count)} {name}" for name, count in rows.items() if count),
        ),
        ("model", f"{part('model', 'name')}, {part('model', 'parameters')} parameters"),
        ("device", f"{info.get('device')}, {info.get('threads')} threads, seed {info.get('seed')}"),
    ]
    if part("result", "best", "metric"):
        facts.append(("best", f"{_best(run)} at epoch {part('result', 'best', 'epoch')}"))
    for name in ("test", "findings", "gradient_norms"):
        values = part("result", name)
        if isinstance(values, dict) and values:
            text = "  ".join(f"{key} {number_or_dash(value)}" for key, value in values.items())
            facts.append((name, text))
    notes = part("data", "notes")
    facts += [("note", note) for note in notes] if isinstance(notes, list) else []
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


def _count(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _words(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else "-"


def _cell(text: object) -> str:
    try:
        return figure(float(str(text)))
    except ValueError:
        return str(text or "")
