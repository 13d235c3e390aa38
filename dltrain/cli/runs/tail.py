"""Follow a run or a sweep that is being trained in another terminal: runs tail [RUN].

Prints each epoch as it is recorded (or each member of a sweep as it ends) until training ends;
Ctrl-C leaves, and training goes on. RUN is the newest if it is left out.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from dltrain.cli.arguments import Parser, refusing
from dltrain.cli.runs.cells import best, status, test
from dltrain.console import bold, cells_line, dim, figure, output, safe
from dltrain.fields import best_of
from dltrain.runs import Run, find, members, read

USAGE = "dltrain runs tail [RUN] [output_dir=FOLDER]"
LOOK_SECONDS = 0.3
SHOWN = 10  # epochs before now
MIN_CELL = 8


def main(words: Sequence[str]) -> None:
    """Follow."""
    parser = Parser("runs tail", __doc__ or "", USAGE)
    names, output_dir = parser.read_runs(words, most=1)
    with refusing():
        run = find(names[0] if names else "latest", output_dir)
        output().print(dim(f"{safe(run.id)}: {run.status}"))
        for line in _of_sweep(run) if run.is_sweep else _of_run(run):
            output().print(line)
    run = read(run.folder)
    output().print(bold(f"{status(run)}: best {best(best_of(run))}, test {test(run)}"))


def _of_run(run: Run) -> Iterator[str]:
    """Yield a line for each epoch, as it is recorded, until nobody trains the run any more.

    Raises:
        ValueError: If its files cannot be read.
    """
    names: list[str] = []
    seen: str | None = None  # the last epoch shown
    while True:
        ended = run.status != "running"  # before its last rows are read
        rows = run.metrics(first=0, last=1000 if seen else SHOWN)
        if rows and not names:
            names = list(rows[0])
            yield cells_line(names, names, least=MIN_CELL)
        places = [number for number, row in enumerate(rows) if row.get("epoch") == seen]
        new = rows[places[-1] + 1 :] if places else rows
        for row in new:
            yield cells_line([_cell(row.get(name)) for name in names], names, least=MIN_CELL)
        seen = new[-1].get("epoch") if new else seen
        if ended:
            return
        time.sleep(LOOK_SECONDS)
        run = read(run.folder)


def _of_sweep(sweep: Run) -> Iterator[str]:
    """Yield a line for each member that has come to its end, until nobody trains the sweep."""
    told: set[str] = set()
    while True:
        ended = sweep.status != "running"
        now = [run for run in members(sweep) if run.status != "running" and run.id not in told]
        for run in now:
            told.add(run.id)
            typed = " ".join(run.texts("overrides"))
            count = f"({len(told)}/{sweep.part('members')})"
            yield safe(
                f"{run.short} {run.status} {best(best_of(run))}  {typed} {count}", limit=1000
            )
        if ended:
            return
        time.sleep(LOOK_SECONDS)
        sweep = read(sweep.folder)


def _cell(text: str | None) -> str:
    try:
        return figure(float(text or "nan"))
    except ValueError:
        return str(text)
