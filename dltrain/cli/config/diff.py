"""Show what differs from the defaults, or between two runs.

Overrides are compared with the defaults, a run with the defaults of its own choices (its values and
its experiment are what differs), and two runs with each other. A - stands where there is no such
key. RUN is an id, a unique prefix, a path, latest, or @1; a sweep's member is SWEEP/12.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dltrain.cli.arguments import Parser, UsageError, only_output_dir, refusing
from dltrain.cli.terminal.console import output, table
from dltrain.config.diff import defaults_of, differences, texts
from dltrain.config.load import load
from dltrain.config.plain import as_dict, flat
from dltrain.runs.find import find
from dltrain.runs.run import Run

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
        return _show(before, after, ("default", "value"), "the defaults")
    with refusing():
        output_dir = only_output_dir(overrides)
        runs = [find(name, output_dir) for name in names]
        configs = [_config_of(run) for run in runs]
    if len(runs) > 2:
        raise UsageError(["config diff: two runs at a time; dltrain runs compare takes several"])
    if len(runs) == 1:
        columns = ("default", runs[0].short)
        return _show(defaults_of(configs[0]), configs[0], columns, "the defaults of its choices")
    columns = (runs[0].short, runs[1].short)
    return _show(configs[0], configs[1], columns, "one run to the other")


def _config_of(run: Run) -> Mapping[str, Any]:
    """Return the recorded config of a run, whoever wrote it."""
    if run.is_sweep:
        raise ValueError(f"{run.short}: is a sweep; name a member of it, such as {run.short}/0")
    config = run.part("config")
    if not isinstance(config, dict):
        raise ValueError(f"{run.short}: its record holds no config")
    return config


def _show(
    before: Mapping[str, Any], after: Mapping[str, Any], columns: tuple[str, str], what: str
) -> None:
    changed = differences(flat(before), flat(after))
    if not changed:
        output().print(f"nothing differs from {what}")
        return
    rows = [[key, *texts(old, new)] for key, old, new in changed]
    output().print(table(["key", *columns], rows))
