"""Write one HTML page about a run, a sweep, or several that are compared.

  dltrain report latest                 the newest run or sweep
  dltrain report 9xq2                   a sweep: settings, what each key does, the best's model
  dltrain report 9xq2/12                a member of it
  dltrain report k3f9 m2b7 9xq2         several, beside one another
  dltrain report latest --output a.html

RUN is an id, a unique prefix, its last four characters, a path, latest, or @1 (row of the list).
The page holds everything itself: it opens from disk, needs no network and no server, and prints.
It shows learning curves, tables that can be sorted and filtered, what the model gets wrong, the
config, the environment, and commands that repeat it. The model's predictions need the data; where
they cannot be had, the page says so.
"""

from __future__ import annotations

import datetime
import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from dltrain.cli.arguments import Parser, UsageError, refusing
from dltrain.cli.terminal.console import output, pairs, safe
from dltrain.runs.find import distinct, find
from dltrain.runs.layout import REPORTS
from dltrain.runs.provenance import settle_libraries
from dltrain.runs.run import Run
from dltrain.system import disk
from dltrain.system.paths import expanded, problem_with

USAGE = "dltrain report RUN|SWEEP ... [--output FILE] [output_dir=FOLDER]"
# How many runs give a file its name.
NAMED = 3


def main(words: Sequence[str]) -> None:
    """Write the page."""
    parser = Parser("report", __doc__ or "", USAGE)
    parser.add_argument("--output", metavar="FILE", help="where to (OUTPUT_DIR/reports/RUN.html)")
    arguments = parser.read_runs(words)
    names, output_dir = arguments.names, arguments.output_dir
    if not names:
        raise UsageError(["report: on which run? An id, latest, or @1; dltrain runs lists them"])
    with refusing():
        runs = distinct(find(name, output_dir) for name in names)
        path = _output_path(arguments.output, runs, output_dir)
        for run in runs:
            settle_libraries(run)
        from dltrain.report.contents import report
        from dltrain.report.page import page

        now = datetime.datetime.now().astimezone().isoformat(" ", "minutes")
        content = page(report(runs), made=now[:16])
    if not path.parent.is_dir():
        disk.make_folder(path.parent)
    disk.replace(path, content)
    opener = "open" if sys.platform == "darwin" else "xdg-open"
    output().print(
        pairs(
            [
                ("report", f"{path} ({len(content) / 1e6:.1f} MB)"),
                ("next", f"{opener} {shlex.quote(str(path))}"),
            ]
        )
    )


def _output_path(asked: str | None, runs: Sequence[Run], output_dir: Path) -> Path:
    """Return where the page goes."""
    if asked is None:
        shorts = [re.sub(r"[^A-Za-z0-9]+", "-", run.short).strip("-") or "run" for run in runs]
        more = [f"and-{len(shorts) - NAMED}-more"] if len(shorts) > NAMED else []
        return output_dir / REPORTS / f"{'-'.join([*shorts[:NAMED], *more])}.html"
    path = expanded(asked)
    problem = problem_with(path)
    if problem is None and path.suffix not in (".html", ".htm"):
        problem = "must end in .html"
    if problem is None and path.is_dir():
        problem = f"is a folder; name a file in it, as in {safe(path / 'report.html')}"
    if problem is not None:
        raise ValueError(f"--output={asked}: {problem}")
    return path
