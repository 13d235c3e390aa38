"""The table of runs, for people: which columns it has and what stands in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dltrain.cli.tables.cells import cell, result, status, test
from dltrain.cli.terminal.console import Rows, dim, output, table
from dltrain.runs.address import command_on
from dltrain.runs.compare.field_names import EPOCH, is_metric
from dltrain.runs.compare.listing import MAX_KEYS, Row, best_first, known, resolve, rows, varying
from dltrain.runs.compare.repeats import REPEATS
from dltrain.runs.find import members
from dltrain.runs.run import Run

TEST = "test"  # the headline of the rows kept for the end
USUAL = ("", "id", "status", "age", "duration", "label", "data", "model", "result", TEST, "message")
RIGHT = ("", "age", "duration", EPOCH, "parameters")


def columns_of(
    chosen: Sequence[Row],
    listed: Sequence[Row],
    *,
    asked: str | None = None,
    kind: str | None = None,
    sweep: Run | None = None,
) -> list[str]:
    """Choose the columns: those asked for, or what tells runs apart and how they ended.

    ``kind`` is ``json``, ``csv`` or ``md`` if programs read it.

    Raises:
        ValueError: If no run has a field that is asked for.
    """
    names = known(listed)
    if asked is not None:
        special = ("", "result", TEST)
        words = [part.strip() for part in asked.split(",")]
        columns = [name if name in special else resolve("--columns", name, names) for name in words]
        return list(dict.fromkeys(columns))
    keys = sweep.texts("varying") if sweep is not None else varying(chosen)
    if kind == "json":
        return list(names.full)
    if kind is not None:
        head = ["id", "status", "label", "started", "duration", "stack", "data", "model", "member"]
        metrics = [name for name in names.full if is_metric(name)]
        return [name for name in head if name in names.full] + keys + metrics
    label = ["label"] if "label" in names.full else []
    if sweep is not None:
        message = ["message"] if any("message" in row.fields for row in chosen) else []
        return ["id", "status", *label, *keys, "result", TEST, *message]
    number = [""] if any(row.number for row in chosen) else []
    head = [*number, "id", "status", "age", "duration", *label, "data", "model"]
    return [*head, *keys[:MAX_KEYS], "result", TEST]


def print_rows(
    columns: Sequence[str],
    chosen: Sequence[Row],
    *,
    sweep: Run | None = None,
    count: int = 0,
    whole: bool = False,
) -> None:
    """Print the table, and what it leaves out; all columns if ``whole``, on any terminal."""
    console = output()
    cells = {name: [text(row, name) for row in chosen] for name in columns}
    left, shown = list(columns), _table(cells, columns, width=console.width)
    for name in () if whole else _least(columns):
        if not shown.fits(console.width):
            left.remove(name)
            shown = _table(cells, left, width=console.width)
    console.print(shown)
    planned = sweep.part("members") if sweep is not None else None
    if isinstance(planned, int) and planned > count:
        console.print(dim(f"and {planned - count} that have not begun"))
    keys = [name for name in left if "." in name or name == "seed"]
    if any("-" in cells[key] for key in keys):
        console.print(dim("-: null, no key of that run, or not typed for that sweep"))
    more = [name for name in columns if name not in left]
    more += [key for key in varying(chosen) if key not in columns] if "" in columns else []
    if more:
        console.print(dim(f"no room for, but in --columns: {', '.join(more)}"))


def _table(cells: Mapping[str, Sequence[str]], columns: Sequence[str], *, width: int) -> Rows:
    """Lay out columns of cells, by the last parts of their names if there is no more room."""
    free = ("data", "model", "result", TEST, "message", "label")
    wrapping = [name for name in columns if name in free or "." in name]
    right = [name for name in columns if name in RIGHT]
    lines = list(zip(*(cells[name] for name in columns), strict=True))
    shown = table(columns, lines, right=right, wrapping=wrapping)
    if shown.fits(width):
        return shown
    return shown.with_short_names()


def _least(columns: Sequence[str]) -> list[str]:
    """List the columns that can be done without, the least important first."""
    metrics = [name for name in columns if is_metric(name) and name != TEST]
    keys = [name for name in columns if name not in (*USUAL, *metrics)]
    least = [name for name in metrics if name.startswith("train/")]
    least += [name for name in metrics if name.endswith("/loss")]
    order = ("duration", *least, *reversed(keys[2:]), TEST, "age", *reversed(metrics))
    return [name for name in dict.fromkeys(order) if name in columns]


def text(row: Row, name: str) -> str:
    """Write what stands in a cell."""
    run = row.run
    match name:
        case "":
            return f"@{row.number}" if row.number else ""
        case "id":
            return run.short
        case "status":
            return status(run)
        case "result":
            return result(row.reached, mean_of=row.fields.get("mean_of"))
        case _ if name == TEST:
            return test(row.fields)
        case "data":
            data = row.fields.get("data") or "-"
            return f"{data} (SAMPLE)" if run.part("data", "source") == "sample" else str(data)
    return cell(name, row.fields.get(name))


def print_members(sweep: Run) -> None:
    """Print a sweep's members, best first."""
    listed = rows(members(sweep), numbered=False)
    columns = columns_of(listed, listed, sweep=sweep)
    print_rows(columns, best_first(listed, sweep), sweep=sweep, count=len(listed))
    print_order(sweep)


def print_order(sweep: Run) -> None:
    """Say how members stand that repeat settings: none of them is better for its seed or fold."""
    if set(sweep.texts("varying")) & set(REPEATS):
        order = "settings are sorted by their mean, repeats by number"
        output().print(dim(f"{order}; verdicts: {command_on(sweep, 'runs', 'best')}"))
