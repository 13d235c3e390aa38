"""Follow a run or a sweep that is being trained in another terminal.

Prints each epoch as it is recorded until training ends; of a sweep's members that train together
one line per epoch, with the one that leads, and each member as it ends. Ctrl-C leaves, and training
goes on. RUN is the newest if it is left out.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence

from dltrain.cli.arguments import Parser, refusing
from dltrain.cli.tables.cells import measured, result, status, test
from dltrain.cli.terminal.console import bold, cells_line, dim, output, safe
from dltrain.metrics import higher_is_better
from dltrain.runs.compare.field_names import EPOCH
from dltrain.runs.compare.fields import fields, reached_by
from dltrain.runs.find import find, members
from dltrain.runs.metrics_file import as_number
from dltrain.runs.run import Run, read
from dltrain.text import figure, whole_number

USAGE = "dltrain runs tail [RUN] [output_dir=FOLDER]"
LOOK_SECONDS = 0.3
SHOWN = 10  # epochs before now
MOST = 100  # of a stack since the last look
MIN_CELL = 8


def main(words: Sequence[str]) -> None:
    """Follow."""
    parser = Parser("runs tail", __doc__ or "", USAGE)
    arguments = parser.read_runs(words, most=1)
    with refusing():
        run = find(arguments.names[0] if arguments.names else "latest", arguments.output_dir)
        output().print(dim(f"{safe(run.id)}: {run.status}"))
        for line in _of_sweep(run) if run.is_sweep else _of_run(run):
            output().print(line)
    run = read(run.folder)
    known = fields(run)
    reached = result(reached_by(run), mean_of=known.get("mean_of"))
    at = f" at epoch {known[EPOCH]}" if EPOCH in known else ""
    output().print(bold(f"{status(run)}: {reached}{at}, test {test(known)}"))


def _of_run(run: Run) -> Iterator[str]:
    """Yield a line for each epoch, as it is recorded, until nobody trains the run any more."""
    names: list[str] = []
    seen: str | None = None  # the last epoch shown
    while True:
        ended = run.status != "running"  # before its last rows are read
        rows = run.metrics(first=0, last=1000 if seen else SHOWN)
        if rows and not names:
            names = list(rows[0])
            yield cells_line(names, names, least=MIN_CELL)
        matches = [number for number, row in enumerate(rows) if row.get("epoch") == seen]
        new = rows[matches[-1] + 1 :] if matches else rows
        for row in new:
            yield cells_line([measured(row.get(name)) for name in names], names, least=MIN_CELL)
        seen = new[-1].get("epoch") if new else seen
        if ended:
            return
        time.sleep(LOOK_SECONDS)
        run = read(run.folder)


def _of_sweep(sweep: Run) -> Iterator[str]:
    """Yield a line per epoch of a stack, and per member that ended, until nobody trains it."""
    ended_ids: set[str] = set()
    seen: dict[tuple[str, ...], float] = {}
    while True:
        ended = sweep.status != "running"
        begun = members(sweep)
        yield from _of_stacks([run for run in begun if run.status == "running"], sweep, seen)
        now = [run for run in begun if run.status != "running" and run.id not in ended_ids]
        for run in now:
            ended_ids.add(run.id)
            typed = " ".join(run.texts("overrides"))
            count = f"({len(ended_ids):,}/{whole_number(sweep.part('members'))})"
            yield safe(
                f"{run.short} {run.status} {result(reached_by(run))}  {typed} {count}", limit=1000
            )
        if ended:
            return
        time.sleep(LOOK_SECONDS)
        sweep = read(sweep.folder)


def _of_stacks(
    running: Sequence[Run], sweep: Run, seen: dict[tuple[str, ...], float]
) -> Iterator[str]:
    """Yield a line for each new epoch that all members of a stack have recorded."""
    stacks: dict[tuple[str, ...], list[Run]] = {}
    for run in running:
        stacks.setdefault(tuple(run.texts("sweep", "stack")), []).append(run)
    for stack, together in stacks.items():
        rows = [
            {
                as_number(row.get("epoch")) or 0.0: row
                for row in run.metrics(first=0, last=MOST if stack in seen else SHOWN)
            }
            for run in together
        ]
        last = min(max(by_epoch, default=0.0) for by_epoch in rows)
        epochs = sorted({epoch for by_epoch in rows for epoch in by_epoch})
        for epoch in [epoch for epoch in epochs if seen.get(stack, 0.0) < epoch <= last]:
            seen[stack] = epoch
            pairs = [
                (run, by_epoch[epoch])
                for run, by_epoch in zip(together, rows, strict=True)
                if epoch in by_epoch
            ]
            yield _stack_line(epoch, pairs, str(sweep.part("metric")))


def _stack_line(epoch: float, rows: Sequence[tuple[Run, Mapping[str, str]]], metric: str) -> str:
    """Say how far members are that train together, and which of them leads."""
    numbers = [run.short.rpartition("/")[2] for run, _ in rows]
    which = (
        f"member {numbers[0]}"
        if len(rows) == 1
        else f"{len(rows):,} members {numbers[0]}-{numbers[-1]}"
    )
    known = rows[0][1]
    name = metric if metric in known else str(rows[0][0].part("metric"))
    valued = [(v, run) for run, row in rows if (v := as_number(row.get(name))) is not None]
    if not valued:
        return safe(f"{which}, epoch {epoch:.0f}")
    value, first = (max if higher_is_better(name) else min)(valued, key=lambda pair: pair[0])
    leads = "" if len(rows) == 1 else f" (member {first.short.rpartition('/')[2]} leads)"
    return safe(f"{which}, epoch {epoch:.0f}: {name} {figure(value)}{leads}")
