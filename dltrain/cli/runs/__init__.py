"""Look at what was trained, from plain files.

  dltrain runs                                a table of runs and sweeps, newest first
  dltrain runs ls SWEEP                       a sweep's members, best first
  dltrain runs --where 'lr < 0.1 and status == done' --sort val/accuracy --top 10
  dltrain runs show RUN                       everything about one run, with its curves
  dltrain runs best [SWEEP]                   the best, and what is within noise of it
  dltrain runs compare RUN RUN ...            curves over one another, and how they ended
  dltrain runs diff RUN RUN                   what was different, and what came of it
  dltrain runs plot RUN                       pictures (PNG, SVG, PDF)
  dltrain runs tail [RUN]                     follow a run that is being trained
  dltrain runs label RUN TEXT                 a word to remember it by
  dltrain runs export FILE                    all of it as one CSV or Parquet file
  dltrain runs rm RUN ...                     move to the trash; restore brings back
  dltrain runs purge                          empty the trash

RUN is an id, a unique prefix, its last four characters, a path, latest, or @1 (row of the list);
a sweep's member is SWEEP/12. dltrain runs ACTION --help tells more. Numbers say of which epoch
they are: val/accuracy and test/accuracy are of the epoch whose weights are kept (the last one, or
the best with trainer.keep=best); best/val/accuracy and last/val/loss are of others.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from dltrain.cli.arguments import Parser, UsageError
from dltrain.text import clipped, closest

USAGE = "dltrain runs [ACTION] [RUN ...] [output_dir=FOLDER]"
# Each is a module of this package, imported when it is called.
ACTIONS = (
    *("ls", "show", "best", "compare", "diff", "plot", "tail", "label", "export"),
    *("rm", "restore", "purge"),
)


def main(words: Sequence[str]) -> None:
    """Carry out an action; without one, list."""
    if words[:1] in (["--help"], ["-h"]):
        Parser("runs", __doc__ or "", USAGE).parse_args(["--help"])
    action, rest = "ls", list(words)
    if words and "=" not in words[0] and not words[0].startswith("-"):
        action, *rest = words
    if action not in ACTIONS:
        known = ", ".join(ACTIONS)
        raise UsageError(
            [f"runs {clipped(action)}: unknown{closest(action, ACTIONS)} (there are: {known})"]
        )
    importlib.import_module(f"dltrain.cli.runs.{action}").main(rest)
