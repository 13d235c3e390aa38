"""Which run a command line names; of a sweep given whole, the best member."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dltrain.cli.arguments import UsageError, output_dir_of, refusing
from dltrain.cli.terminal.console import dim, output
from dltrain.config.overrides import Overrides
from dltrain.config.resolve import read_value
from dltrain.runs.compare.comparison import of_sweep
from dltrain.runs.compare.repeats import is_split
from dltrain.runs.find import find
from dltrain.runs.run import Run
from dltrain.system.database_urls import FORMS, PASSWORD, is_url, url_problem, without_password
from dltrain.system.paths import problem_with
from dltrain.text import closest

if TYPE_CHECKING:
    from dltrain.data.table.formats import RowBlocks
    from dltrain.inference.saved_model import Trained


def chosen_run(words: Sequence[str], *, verb: str, settable: Sequence[str]) -> tuple[Run, Any]:
    """Read the words of a command line that are no flags: a run, and KEY=VALUE of some keys.

    Returns:
        The run, and what was set: key -> value.
    """
    names, overrides = Overrides.parse(words).split_names()
    if len(names) != 1:
        which = "which run? An id, latest, or @1" if not names else f"{names[1]}: one run at a time"
        raise UsageError([f"{verb}: {which}; dltrain runs lists them"])
    changes = {}
    for entry in overrides.without("output_dir").entries:
        if entry.key not in settable:
            known = ", ".join(["output_dir", *settable])
            hint = closest(entry.key, ["output_dir", *settable])
            raise UsageError([f"{entry}: cannot be set here{hint} (to be set: {known})"])
        changes[entry.key] = read_value(entry.text or "").read(raw=True)
    with refusing():
        return _member(find(names[0], output_dir_of(overrides))), changes


def _member(run: Run) -> Run:
    """Return a run itself; of a sweep its best member, and say which that is."""
    if not run.is_sweep:
        return run
    comparison = of_sweep(run)
    best, metric = comparison.best, comparison.metric
    if is_split(comparison.results):
        raise ValueError(
            f"{run.id}: its members learned from different splits of the rows, so none is the "
            f"best; name one, as in {run.short}/0"
        )
    if best is None:
        raise ValueError(f"{run.id}: none of its members is done and has a {metric}")
    member = comparison.runs[best.index]
    print_note(f"{metric} chose {member.short}, the sweep's {comparison.best_title}")
    return member


def check_readable(files: Sequence[str], *, query: str | None) -> None:
    """Refuse files that are not there before the time it takes to load a model; - is any stream.

    Raises:
        ValueError: If one of them does not exist, or must not be read; or if a query is not of one
            database.
    """
    databases = list(filter(is_url, files))
    if query is not None and (len(files), len(databases)) != (1, 1):
        raise ValueError(f"--query: is asked of one database; add --data, as in {FORMS}")
    if query is None and databases:
        raise ValueError(f"--data {databases[0]}: which rows? Add --query 'SELECT ...'")
    for file in files:
        if is_url(file):
            problem = PASSWORD if without_password(file) != file else url_problem(file)
            if problem is not None:
                raise ValueError(f"--data {file}: {problem}")
            continue
        problem = problem_with(Path(file)) if file else "must not be empty"
        if problem is None and file != "-" and not os.access(file, os.R_OK):
            problem = "may not be read" if os.path.exists(file) else "no such file"
        if problem is not None:
            raise ValueError(f"--data {file}: {problem}")


def query_blocks(url: str, query: str, trained: Trained) -> RowBlocks:
    """Ask a database for rows for a run that learned from a table.

    Raises:
        ValueError: If it refuses, or the run learned from images.
    """
    from dltrain.data.table.query import QueryBlocks

    if trained.data.image_shape is not None:
        raise ValueError("--query: the run learned from images, which are files")
    return QueryBlocks(url, query)


def print_note(note: str) -> None:
    """Print a note where it does not get among results."""
    output(sys.stderr).print(dim(f"note: {note}"))
