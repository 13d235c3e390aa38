"""Write all runs, members of sweeps among them, into one table for pandas.

  dltrain runs export runs.csv                    a row per run: keys, results
  dltrain runs export epochs.parquet --epochs     a row per epoch of each run
  dltrain runs export - --where 'data == fashion_mnist'

FILE ends in .csv or .parquet; - is CSV on standard output.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dltrain.cli.arguments import Parser, UsageError, names_and_folder, refusing
from dltrain.cli.terminal.console import output, safe
from dltrain.config.plain import shown
from dltrain.runs.compare.listing import Row, rows, selected, varying
from dltrain.runs.find import OTHER_FORMAT, list_all
from dltrain.runs.layout import METRICS
from dltrain.runs.metrics_file import table as table_of
from dltrain.runs.run import Run, read
from dltrain.system import disk
from dltrain.system.paths import expanded, problem_with
from dltrain.text import escaped, harmless

if TYPE_CHECKING:
    import pyarrow as pa

USAGE = "dltrain runs export FILE [--epochs] [--where TEXT] [output_dir=FOLDER]"
MAX_EPOCHS = 1_000_000  # of one run: more of them would be all of the memory
Records = list[dict[str, Any]]


def main(words: Sequence[str]) -> None:
    """Export."""
    parser = Parser("runs export", __doc__ or "", USAGE)
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("words", nargs="*", metavar="output_dir=FOLDER")
    parser.add_argument("--epochs", action="store_true", help="a row per epoch, not per run")
    parser.add_argument("--where", metavar="TEXT", help="a filter, as runs ls --help explains")
    arguments = parser.read(words)
    path = expanded(arguments.file)
    problem = None if arguments.file == "-" else problem_with(path)
    if problem is None and arguments.file != "-" and path.suffix not in (".csv", ".parquet"):
        problem = "must end in .csv or .parquet"
    if problem is None and arguments.file != "-" and not path.parent.is_dir():
        problem = f"there is no folder {path.parent}"
    if problem:
        raise UsageError([f"{safe(arguments.file)}: {problem}"])
    _, folder = names_and_folder(arguments.words)
    with refusing():
        listed = rows(list_all(folder), numbered=False)
        chosen = selected(listed, where=arguments.where)
        if not chosen:
            raise ValueError(f"none of {len(listed):,} runs fits; there is nothing to export")
        table = _epochs(chosen) if arguments.epochs else _table(_runs(chosen))
    content = _encoded(table, parquet=path.suffix == ".parquet")
    if arguments.file == "-":
        sys.stdout.buffer.write(content)
        return
    disk.replace(path, content)
    what = "epochs" if arguments.epochs else "runs"
    output().print(f"{safe(path)}: {len(table):,} {what} of {len(chosen):,} runs")


def _runs(chosen: Sequence[Row]) -> Records:
    """Return everything that is known of each run; when it was asked is not."""
    return [
        {
            **{name: _plain(value) for name, value in row.fields.items() if name != "age"},
            "folder": escaped(str(row.run.folder)),
        }
        for row in chosen
    ]


def _epochs(chosen: Sequence[Row]) -> pa.Table:
    """Return the metrics of each epoch, beside what tells the runs apart."""
    import pyarrow as pa

    keys = varying(chosen)
    heads = _table(
        [
            {"id": row.fields["id"], **{key: _plain(row.fields.get(key)) for key in keys}}
            for row in chosen
        ]
    )
    tables = []
    for index, row in enumerate(chosen):
        numbers = _numbers(row.run)
        epochs = heads.take(pa.array([index] * len(numbers), pa.int64()))
        for name in numbers.column_names:
            epochs = epochs.append_column(name, numbers[name])
        tables.append(epochs)
    return pa.concat_tables(tables, promote_options="default")


def _numbers(run: Run) -> pa.Table:
    """Read a run's ``metrics.csv``."""
    import pyarrow as pa
    import pyarrow.csv

    if run.status == OTHER_FORMAT:
        read(run.folder)  # which says what is wrong with it
    if run.num_epochs() > MAX_EPOCHS:
        what = f"more than {MAX_EPOCHS:,} epochs cannot be exported"
        raise ValueError(f"{run.folder / METRICS}: {what}")
    head, body = table_of(run.folder / METRICS)
    names = head.decode(errors="replace").split(",") if body else []
    options = pa.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.float64()))
    try:
        content = io.BytesIO(head + b"\n" + body)
        numbers = pa.csv.read_csv(content, convert_options=options) if names else pa.table({})
    except pa.ArrowException as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(f"{run.folder / METRICS}: cannot be read ({reason})") from None
    if len(set(numbers.column_names)) < numbers.num_columns:
        raise ValueError(f"{run.folder / METRICS}: has two columns of one name")
    return numbers


def _plain(value: Any) -> Any:
    if isinstance(value, bool | int | float) or value is None:
        return value
    return harmless(escaped(value if isinstance(value, str) else shown(value)))


def _table(records: Records) -> pa.Table:
    """Lay out records; a column of unlike values is one of texts."""
    import pyarrow as pa

    names = dict.fromkeys(name for record in records for name in record)
    columns = {name: _column([record.get(name) for record in records]) for name in names}
    return pa.table({name: pa.array(values) for name, values in columns.items()})


def _encoded(table: pa.Table, *, parquet: bool) -> bytes:
    """Write a table as CSV or Parquet."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    sink = pa.BufferOutputStream()
    if parquet:
        pa.parquet.write_table(table, sink)
    else:
        pa.csv.write_csv(table, sink)
    return bytes(sink.getvalue().to_pybytes())


def _column(values: Sequence[Any]) -> list[Any]:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int, float}:
        return [None if value is None else float(value) for value in values]
    if len(kinds) > 1 or any(isinstance(v, int) and abs(v) >= 2**63 for v in values):
        return [None if value is None else shown(value) for value in values]
    return list(values)
