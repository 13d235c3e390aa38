"""Show what was different between two runs, or between two sweeps, and what came of it.

Of sweeps these are their values or lists of values, their settings, and the best mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dltrain.cli.arguments import Parser, UsageError, refusing
from dltrain.cli.terminal.console import bold, dim, output, pairs, table
from dltrain.config.diff import differences, texts
from dltrain.config.plain import flat
from dltrain.runs.compare.field_names import is_metric
from dltrain.runs.compare.fields import fields
from dltrain.runs.compare.sweeps import results_beside
from dltrain.runs.find import find
from dltrain.runs.run import Run
from dltrain.sweep.definition import changes_between
from dltrain.text import clipped, figure

USAGE = "dltrain runs diff RUN RUN | SWEEP SWEEP [output_dir=FOLDER]"
# Parts of a record that say under what circumstances a run was made.
CIRCUMSTANCES = ("versions", "git", "data", "sha256", "model", "device", "threads", "cpu", "host")
MAX_TEXT = 60


def main(words: Sequence[str]) -> None:
    """Compare two."""
    parser = Parser("runs diff", __doc__ or "", USAGE)
    arguments = parser.read_runs(words)
    if len(arguments.names) != 2:
        raise UsageError(
            [f"runs diff: compares two runs, not {len(arguments.names):,}; runs compare more"]
        )
    with refusing():
        before, after = (find(name, arguments.output_dir) for name in arguments.names)
        show_differences(before, after)


def show_differences(before: Run, after: Run) -> None:
    """Print what two runs were told, how they were made and what they came to, where unlike.

    Raises:
        ValueError: If they cannot be compared.
    """
    console, config = output(), changes_between(before, after)
    console.print(pairs([("a", before.id), ("b", after.id)]))
    made = differences(_circumstances(before), _circumstances(after))
    for title, rows in (("config", config), ("circumstances", made)):
        console.print("")
        if rows:
            cells = [
                [key, *(clipped(text, most=MAX_TEXT) for text in texts(old, new))]
                for key, old, new in rows
            ]
            console.print(table([title, "a", "b"], cells))
        else:
            console.print(dim(f"{title}: no difference"))
    results = (results_beside if before.is_sweep else _results)(before, after)
    if results:
        console.print("")
        columns = ["result", "a", "b", "b - a"]
        console.print(table(columns, results, right=columns[1:]))
        if not before.is_sweep and all(row[3] == "0" for row in results):
            console.print(bold("the same numbers"))


def _circumstances(run: Run) -> Mapping[str, Any]:
    known = {name: run.info[name] for name in CIRCUMSTANCES if name in run.info}
    if run.is_sweep:  # it lists the data of each group, which may be the same
        known["sha256"] = ", ".join(dict.fromkeys(text[:12] for text in run.texts("sha256")))
    return flat(known)


def _results(before: Run, after: Run) -> list[list[str]]:
    """Lay out the metrics that any of the two has, and their distance."""
    pair = [{n: v for n, v in fields(run).items() if is_metric(n)} for run in (before, after)]
    rows = []
    for name in dict.fromkeys([*pair[0], *pair[1]]):
        values = [numbers.get(name) for numbers in pair]
        known = [value for value in values if value is not None]
        distance = figure(known[1] - known[0]) if len(known) == 2 else "-"
        rows.append([name, *("-" if v is None else figure(v) for v in values), distance])
    return rows
