"""Show what differs from the defaults, or between two runs.

Overrides are compared with the defaults, a run with the defaults of its own choices (its values and
its experiment are what differs), and two runs, or two sweeps, with each other. A - stands where
there is no such key; of a sweep a key has the list of its members' values. RUN is an id, a unique
prefix, a path, latest, or @1; a sweep's member is SWEEP/12.
"""

from __future__ import annotations

from collections.abc import Sequence

from dltrain.cli.arguments import Parser, UsageError, only_output_dir, refusing
from dltrain.cli.terminal.console import output, table
from dltrain.config.diff import differences, texts
from dltrain.config.load import load
from dltrain.config.plain import as_dict, flat
from dltrain.runs.find import find
from dltrain.sweep.definition import Changes, changes_between, changes_from_defaults
from dltrain.text import clipped

USAGE = "dltrain config diff [OVERRIDE ...] | dltrain config diff RUN [RUN] [output_dir=FOLDER]"


def main(words: Sequence[str]) -> None:
    """Show the differences."""
    parser = Parser("config diff", __doc__ or "", USAGE).composing()
    arguments = parser.read(words)
    names, overrides = arguments.overrides.split_names()
    if not names:
        where = {"config_dir": arguments.config_dir, "config_name": arguments.config_name}
        with refusing():
            before, after = as_dict(load(**where)), as_dict(load(overrides, **where))
        changed = differences(flat(before), flat(after))
        return _show(changed, ("default", "value"), "the defaults")
    with refusing():
        output_dir = only_output_dir(overrides)
        runs = [find(name, output_dir) for name in names]
        if len(runs) > 2:
            many = "config diff: two runs at a time; dltrain runs compare takes several"
            raise UsageError([many])
        if len(runs) == 1:
            columns = ("default", runs[0].short)
            return _show(changes_from_defaults(runs[0]), columns, "the defaults of its choices")
        what = "one sweep to the other" if runs[0].is_sweep else "one run to the other"
        return _show(changes_between(*runs), (runs[0].short, runs[1].short), what)


def _show(changed: Changes, columns: tuple[str, str], what: str) -> None:
    if not changed:
        output().print(f"nothing differs from {what}")
        return
    rows = [[key, *(clipped(text) for text in texts(old, new))] for key, old, new in changed]
    output().print(table(["key", *columns], rows))
