"""Delete for good what is in the trash.

  dltrain runs purge                          says what would be deleted, and deletes nothing
  dltrain runs purge --yes                    empties the trash
  dltrain runs purge --older 30d --failed     single runs of the list that failed or crashed, too

A sweep with failed members is no failed run; dltrain resume trains them.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from dltrain.cli.arguments import Parser, UsageError, refusing
from dltrain.cli.tables.runs import columns_of, print_rows
from dltrain.cli.terminal.console import dim, output
from dltrain.runs.compare.filters import SECONDS, seconds
from dltrain.runs.compare.listing import Row, rows
from dltrain.runs.find import list_runs
from dltrain.runs.trash import delete, num_bytes, trash_of

USAGE = "dltrain runs purge [--older AGE] [--failed] [--yes] [output_dir=FOLDER]"
FAILED = ("failed", "crashed")


def main(words: Sequence[str]) -> None:
    """Delete, or say what would be deleted."""
    parser = Parser("runs purge", __doc__ or "", USAGE)
    parser.add_argument("--older", type=_age, metavar="AGE", help="begun before: 12h, 30d, 8w")
    parser.add_argument(
        "--failed", action="store_true", help="also runs of the list that failed or crashed"
    )
    parser.add_argument("--yes", action="store_true", help="do it; without, it is only said")
    arguments = parser.read_runs(words, metavar="output_dir=FOLDER")
    names, output_dir = arguments.names, arguments.output_dir
    if names:
        raise UsageError([f"runs purge: {names[0]}: names no run; runs rm {names[0]} comes first"])
    chosen = _chosen(output_dir, arguments.older, failed=arguments.failed)
    if not chosen:
        output().print(dim("nothing to delete"))
        return
    size = sum(num_bytes(row.run.folder) for row in chosen) / 2**20
    if not arguments.yes:
        print_rows(columns_of(chosen, chosen), chosen)
        summary = f"{len(chosen):,} would be deleted for good, {size:,.1f} MiB"
        output().print(f"{summary}; add --yes to do it")
        return
    for row in chosen:
        delete(row.run)
    output().print(f"{len(chosen):,} deleted, {size:,.1f} MiB")


def _age(text: str) -> float:
    age = seconds(text)
    if age is None:
        raise argparse.ArgumentTypeError(f"must be a number and one of {', '.join(SECONDS)}: 30d")
    return age


def _chosen(output_dir: Path, older: float | None, *, failed: bool) -> list[Row]:
    with refusing():
        chosen = rows(list_runs(trash_of(output_dir)), numbered=False)
    if failed:
        listed = rows(list_runs(output_dir), numbered=False)
        single = [row for row in listed if not row.run.is_sweep]
        chosen += [row for row in single if row.run.status in FAILED]
    return [row for row in chosen if older is None or row.fields.get("age", 0.0) > older]
